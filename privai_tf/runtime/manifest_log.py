"""A manifest in a store: a log of write-once objects, replayed into memory by whoever goes on with it.

`manifest.db/00000007` holds the statements of one transaction, or the whole database. A transaction is
committed by creating the next number, which one process alone can do: another that goes on with the
job takes a number at once, and the one before is told at its next commit. What that one had staged by
then is in the log, with its bytes and the id of its charge, so that it does no harm if both publish it.
"""

import base64
import json
import secrets
import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

from privai_tf.errors import OutputError
from privai_tf.runtime import stores
from privai_tf.runtime.stores import StorePath

_MOST_ENTRIES = 64  # Replayed by the next process; then they are put together.
_OF_FILES = ("PRAGMA LOCKING", "PRAGMA JOURNAL", "PRAGMA SYNC")
_FORGET = "PRAGMA WAL_CHECKPOINT"  # By which a manifest sees to it that what it dropped is nowhere.


class LoggedConnection:
  """What a manifest uses of an SQLite connection, over a log.

  Args:
    place: what the names of the log's objects begin with.

  Raises:
    OutputError: if the log cannot be read, or is damaged.
  """

  def __init__(self, place: StorePath):
    self._place = place
    self._recorded: list[list] = []
    self._memory, self._next, self._entries = replayed(place)

  @property
  def in_transaction(self) -> bool:
    """Whether a transaction is open."""
    return self._memory.in_transaction

  def execute(self, statement: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
    """See `sqlite3.Connection.execute`; a COMMIT returns when it is in the store."""
    begins = statement.lstrip().upper()
    if begins.startswith(_OF_FILES):
      return self._memory.execute("SELECT 1 WHERE 0")
    if begins.startswith("COMMIT"):
      self._commit()
    elif begins.startswith("BEGIN") or begins.startswith("ROLLBACK"):
      self._recorded = []
    elif begins.startswith(_FORGET):
      self._put_together()
      return self._memory.execute("SELECT 1 WHERE 0")
    elif not begins.startswith("SELECT"):
      self._recorded.append([statement, [_stored(value) for value in values]])
    return self._memory.execute(statement, values)

  def executemany(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
    """See `sqlite3.Connection.executemany`."""
    for row in rows:
      self.execute(statement, row)

  def close(self) -> None:
    """Puts the log together where it has become long."""
    if self._entries >= _MOST_ENTRIES:
      self._put_together()
    self._memory.close()

  def _commit(self) -> None:
    if self._recorded:
      self._append({"statements": self._recorded})
    self._recorded = []

  def _put_together(self) -> None:
    """The whole database as one object; those before it go, whose pictures are published or dropped."""
    # Written anew from its rows: no page that is handed out holds what was deleted.
    self._memory.execute("VACUUM")
    whole = base64.b64encode(self._memory.serialize()).decode()
    self._append({"database": whole})
    forget_before(self._place, self._next - 1)
    self._entries = 1

  def _append(self, entry: dict) -> None:
    # Its own token, so that a repeated request is told from another process's.
    data = zlib.compress(json.dumps({"token": secrets.token_hex(8), **entry}).encode(), 1)
    if not stores.create(self._place / f"{self._next:08d}", data):
      raise OutputError(
        f"{self._place}: another process has gone on with this job; let that one finish it, or give each "
        "its own --shard_index."
      )
    self._next += 1
    self._entries += 1


def replayed(place: StorePath) -> tuple[sqlite3.Connection, int, int]:
  """A log's database in memory, the number that comes next, and how many objects were read.

  Raises:
    OutputError: if an object is damaged or missing.
  """
  while True:
    try:
      entries, following = _read_back(place)
      break
    except FileNotFoundError:  # Its process has just put it together.
      continue
  memory = _database()
  for entry in entries:
    if "database" in entry:
      memory.close()
      memory = _database(base64.b64decode(entry["database"]))
      continue
    memory.execute("BEGIN")
    for statement, values in entry["statements"]:
      memory.execute(statement, [_value(value) for value in values])
    memory.execute("COMMIT")
  return memory, following, len(entries)


def _database(contents: bytes | None = None) -> sqlite3.Connection:
  memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
  if contents is not None:
    memory.deserialize(contents)
  # After it, since it opens the file anew: what is deleted must not be serialized with the pages it was on.
  memory.execute("PRAGMA secure_delete=ON")
  return memory


def _read_back(place: StorePath) -> tuple[list[dict], int]:
  """The entries from the last whole database on, and the number after the last."""
  numbers = [int(path.name) for path in place.iterdir() if path.name.isdigit()]
  entries: list[dict] = []
  last = max(numbers, default=-1)
  for number in range(last, -1, -1):
    data = stores.read(place / f"{number:08d}")
    try:
      entries.append(dict(json.loads(zlib.decompress(data))))
    except (ValueError, TypeError, zlib.error) as error:
      raise OutputError(
        f"{place / f'{number:08d}'}: no part of a manifest, or damaged ({error}); restore it, or choose another "
        "--output_dir: what was drawn and not published is lost then, paid for or not."
      ) from error
    if "database" in entries[-1]:
      break
  return entries[::-1], last + 1


def forget_before(place: StorePath, number: int) -> None:
  """Removes the objects below a number, the highest first: no reader takes an older one for the last.

  Args:
    place: of the log.
    number: of the first object that stays, >= 0.
  """
  for path in sorted(place.iterdir(), reverse=True):
    if path.name.isdigit() and int(path.name) < number:
      path.unlink()


def _stored(value: Any) -> Any:
  return {"bytes": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def _value(value: Any) -> Any:
  return base64.b64decode(value["bytes"]) if isinstance(value, dict) else value
