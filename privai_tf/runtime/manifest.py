"""What a job has drawn and what it has published, so that a killed one goes on where it was.

A release is *staged* here, whole, before it is paid for and published, and *done* afterwards:

    drawn in memory -> staged -> charged -> published -> done

A process killed before the first arrow's end loses a draw that nobody has seen. One killed later
finds it staged: it is charged again under the same id, which the ledger takes for the same charge,
and published again, which writes the same bytes. Nothing is drawn twice after it could be seen, and
nothing is paid twice.

One SQLite file for one process; private, since it holds releases that nobody has paid for.
"""

import contextlib
import dataclasses
import errno
import json
import os
import pathlib
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence

from privai_tf.errors import ConfigurationError, OutputError, PrivaiError
from privai_tf.runtime.files import make_private_folder, output_error, shown
from privai_tf.runtime.manifest_files import HELD, NOTE, WAIT_SECONDS, WAITING, damage

_TABLES = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS items (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outputs (
  name TEXT PRIMARY KEY, done INTEGER NOT NULL, file INTEGER,
  png BLOB, content TEXT, charge TEXT, stand_in TEXT
);
CREATE INDEX IF NOT EXISTS waiting ON outputs (done) WHERE done = 0;
"""
_VERSION = 2  # 1 had no stand-ins.


@dataclasses.dataclass(frozen=True)
class Staged:
  """A release that is drawn.

  Attributes:
    name: of its files.
    png: the picture.
    content: what its JSON file will say.
    charge: the arguments of `Ledger.charge` as JSON values; None where nobody pays.
    stand_in: why this is a stand-in, JSON values for the owner alone; None for what is none.
  """

  name: str
  png: bytes
  content: dict
  charge: dict | None
  stand_in: dict | None = None


class Manifest:
  """The manifest of one process, whose threads take turns. Open it with a folder; close it.

  Args:
    folder: the private folder; made if need be.
    suffix: tells apart the processes that share the folder.
    configuration: what decides the releases, JSON values.
    overwrite: forget what is recorded; but go on where an earlier run with `overwrite` was stopped.
    fresh: whether the output folder knows nothing of an earlier run: what is recorded as done is
      forgotten then.

  Attributes:
    path: the file.
    anew: whether `overwrite` made it forget everything.

  Raises:
    ConfigurationError: if releases of another configuration wait here.
    OutputError: if the folder cannot be written, or another process uses the manifest.
  """

  def __init__(
    self,
    folder: pathlib.Path,
    suffix: str,
    configuration: dict,
    *,
    overwrite: bool = False,
    fresh: bool = False,
  ):
    self.path = make_private_folder(folder) / f"manifest{suffix}.db"
    self._finished: list[str] = []
    self._finished_items: list[str] = []
    self._notes: dict[str, str] = {}
    self._lock = threading.RLock()
    with self._told():
      os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
      self._connection = sqlite3.connect(
        self.path, timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False
      )
      try:
        self._prepare(json.dumps(configuration, sort_keys=True), overwrite, fresh)
      except BaseException:
        self._connection.close()
        raise

  def _prepare(self, configuration: str, overwrite: bool, fresh: bool) -> None:
    # One process holds the file from here on, without a file of shared memory, which network file
    # systems lack. Commits are on the disk when they return.
    for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL"):
      self._connection.execute(f"PRAGMA {pragma}")
    # Draws that were refused must not survive in unused pages.
    self._connection.execute("PRAGMA secure_delete=ON")
    with self._transaction():
      for statement in filter(str.strip, _TABLES.split(";")):
        self._connection.execute(statement)
      if "stand_in" not in {row[1] for row in self._ask("PRAGMA table_info(outputs)")}:
        self._connection.execute("ALTER TABLE outputs ADD COLUMN stand_in TEXT")
      self._connection.execute(f"PRAGMA user_version={_VERSION}")
      going_on = overwrite and self._meta("overwriting") == configuration
      self.anew = overwrite and not going_on
      if self.anew:
        self._forget("")
      elif fresh and not going_on:
        self._forget("WHERE done = 1")
      self._check(configuration)
      self._set("configuration", configuration)
      self._set("overwriting", configuration if overwrite else "")

  def _check(self, configuration: str) -> None:
    ((waiting,),) = self._ask(WAITING)
    if waiting and self._meta("configuration") != configuration:
      raise ConfigurationError(
        f"{shown(self.path)}: {waiting} releases of other settings are drawn, and perhaps paid for, "
        "but not published; run once more with those settings, or drop them with --overwrite"
      )

  def _forget(self, condition: str) -> None:
    self._connection.execute(f"DELETE FROM outputs {condition}")
    self._connection.execute("DELETE FROM items")

  def _meta(self, name: str) -> str | None:
    rows = self._ask("SELECT value FROM meta WHERE name = ?", name)
    return rows[0][0] if rows else None

  def _set(self, name: str, value: str) -> None:
    self._connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

  def close(self, complete: bool = False) -> None:
    """Closes the file.

    Args:
      complete: whether the run came to its end; an overwriting one begins anew next time.
    """
    with self._told():
      with self._transaction():
        self._write_finished()
        if complete:
          self._set("overwriting", "")
      self._connection.close()

  def is_item_done(self, name: str) -> bool:
    """Whether everything of an item is published that has several outputs, or might have."""
    return bool(self._ask("SELECT 1 FROM items WHERE name = ?", name))

  def is_known(self, name: str) -> bool:
    """Whether an output was staged or published."""
    return bool(self._ask("SELECT 1 FROM outputs WHERE name = ?", name))

  def stand_in(self, name: str) -> dict | None:
    """Why an output that was staged or published is a stand-in; None for what is none."""
    rows = self._ask("SELECT stand_in FROM outputs WHERE name = ?", name)
    return json.loads(rows[0][0]) if rows and rows[0][0] else None

  def stage(self, releases: Iterable[Staged]) -> None:
    """Records releases, all or none; on the disk when this returns."""
    rows = [
      (
        release.name,
        release.png,
        json.dumps(release.content, ensure_ascii=False),
        json.dumps(release.charge) if release.charge else None,
        json.dumps(release.stand_in) if release.stand_in else None,
      )
      for release in releases
    ]
    with self._told(), self._transaction():
      self._write_finished()
      self._connection.executemany(
        "INSERT OR REPLACE INTO outputs (name, done, png, content, charge, stand_in) "
        "VALUES (?, 0, ?, ?, ?, ?)",
        rows,
      )

  def file_count(self) -> int:
    """How many files releases were assigned to."""
    return self._ask("SELECT count(DISTINCT file) FROM outputs")[0][0]

  def waiting(self) -> list[tuple[str, int | None]]:
    """Names of what is staged and not done, oldest first, and the file each was assigned to."""
    return self._ask("SELECT name, file FROM outputs WHERE done = 0 ORDER BY rowid")

  def staged(self, name: str) -> Staged:
    """A release that is staged and not done."""
    query = "SELECT png, content, charge FROM outputs WHERE name = ?"
    ((png, content, charge),) = self._ask(query, name)
    return Staged(name, png, json.loads(content), json.loads(charge) if charge else None)

  def assign(self, names: Sequence[str]) -> int:
    """Assigns staged releases to the next file of many; on the disk when this returns.

    Returns:
      The file's number, from 0.
    """
    with self._told(), self._transaction():
      self._write_finished()
      ((last,),) = self._ask("SELECT max(file) FROM outputs")
      number = 0 if last is None else last + 1
      rows = [(number, name) for name in names]
      self._connection.executemany("UPDATE outputs SET file = ? WHERE name = ?", rows)
    return number

  def drop(self, name: str) -> None:
    """Forgets a staged release that was refused; nobody has seen it."""
    with self._told(), self._transaction():
      self._connection.execute("DELETE FROM outputs WHERE name = ? AND done = 0", (name,))

  def finish(self, name: str) -> None:
    """Notes that a release is published. Written with the next commit: repeating it is harmless."""
    self._finished.append(name)

  def finish_item(self, name: str) -> None:
    """Notes that everything of an item is published; written with the next commit."""
    self._finished_items.append(name)

  def note(self, name: str, value: str) -> None:
    """Remembers something beside the releases; written with the next commit."""
    self._notes[name] = value

  def noted(self, name: str) -> str | None:
    """What was last noted under a name; None if nothing was."""
    return self._notes.get(name) or self._meta(NOTE + name)

  def _write_finished(self) -> None:
    for name, value in self._notes.items():
      self._set(NOTE + name, value)
    self._notes.clear()
    self._connection.executemany(
      "UPDATE outputs SET done = 1, png = NULL, content = NULL, charge = NULL WHERE name = ?",
      [(name,) for name in self._finished],
    )
    items = [(name,) for name in self._finished_items]
    self._connection.executemany("INSERT OR REPLACE INTO items VALUES (?)", items)
    self._finished.clear()
    self._finished_items.clear()

  def _ask(self, query: str, *values: str) -> list[tuple]:
    with self._lock:
      return self._connection.execute(query, values).fetchall()

  @contextlib.contextmanager
  def _told(self) -> Iterator[None]:
    """The disk's and SQLite's errors in one line each."""
    try:
      with self._lock:
        yield
    except sqlite3.OperationalError as error:
      code = getattr(error, "sqlite_errorcode", 0) & 0xFF
      if code in HELD:
        raise OutputError(
          f"{shown(self.path)}: another process works on this job; wait for it, or give each its "
          "own --shard_index (or --state_dir)."
        ) from error
      if code == sqlite3.SQLITE_FULL:
        raise output_error(self.path, OSError(errno.ENOSPC, "full")) from error
      raise OutputError(f"Cannot write {shown(self.path)}: {error}.") from error
    except sqlite3.DatabaseError as error:
      raise OutputError(f"{damage(self.path, error)}.") from error
    except OSError as error:
      if isinstance(error, PrivaiError):
        raise
      raise output_error(self.path, error) from error

  @contextlib.contextmanager
  def _transaction(self) -> Iterator[None]:
    self._connection.execute("BEGIN IMMEDIATE")
    try:
      yield
      self._connection.execute("COMMIT")
    except BaseException:
      if self._connection.in_transaction:
        self._connection.execute("ROLLBACK")
      raise
