"""A connection to the server of a shared ledger, which takes the statements that SQLite takes.

A charge reads a few rows and writes a few, one after another, while all others wait. So that it does
not take a way to the server and back for each, it reads ahead what is named beforehand, and writes
behind: what is to be written goes along with the next reading, or with the commit. What fails of it
fails there, in the same transaction.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.ledger.database_url import DatabaseUrl
from privai_tf.privacy.ledger.errors import LedgerUnreachableError
from privai_tf.privacy.ledger.postgres.errors import one_line
from privai_tf.privacy.ledger.reads import Read

SCHEMA = "privai_ledger"
# A client that stopped in the midst of a charge, or whose machine is gone, holds up all others: the
# server ends its transaction after this long without a statement.
_IDLE_SECONDS = 60
# A server may be told not to wait for the disk; stricter settings than "on" stay.
_DURABLE = (
  "SELECT set_config('synchronous_commit', 'on', false)"
  " WHERE current_setting('synchronous_commit') = 'off'"
)
_READS = re.compile(r"\s*(?:SELECT|WITH)\b")
_WRITTEN = re.compile(r"\s*(?:INSERT INTO|UPDATE) (\w+)")
_ALSO_WRITTEN = {"releases": "tallies"}  # By a trigger.


class Rows:
  """What was read, as a cursor gives it."""

  def __init__(self, rows: Iterable[tuple] = ()):
    self._rows = iter(rows)

  def __iter__(self) -> "Rows":
    return self

  def __next__(self) -> tuple:
    return next(self._rows)

  def fetchone(self) -> tuple | None:
    """The next row; None after the last one."""
    return next(self._rows, None)

  def fetchall(self) -> list[tuple]:
    """All further rows."""
    return list(self._rows)


class Connection:
  """A psycopg connection; transactions are begun and ended by statements only.

  Args:
    url: of the database.
    timeout: seconds to wait for the server, and for a lock.

  Raises:
    LedgerUnreachableError: if there is no connection.
  """

  def __init__(self, url: DatabaseUrl, timeout: float):
    self._ahead: dict[Read, list[tuple]] = {}
    self._behind: list[Read] = []
    self._prepared: dict[str, str] = {}
    self._to_prepare: set[str] = set()
    milliseconds = max(1, int(1000 * timeout))
    usual = {
      "application_name": "privai_tf.ledger",
      "connect_timeout": max(2, round(timeout)),
      # A server whose machine is gone answers nothing at all, not even "no".
      "keepalives_idle": 10,
      "keepalives_interval": 5,
      "keepalives_count": 3,
      "tcp_user_timeout": max(milliseconds, 10_000),
    }
    settings = {**usual, **_settings(url)}
    try:
      self._inner = psycopg.connect(
        **settings, autocommit=True, cursor_factory=psycopg.ClientCursor
      )
    except psycopg.Error as error:
      raise LedgerUnreachableError(
        f"{url}: cannot be reached ({one_line(error)}); nothing was charged. Start the server, or mend "
        "the URL or the password file"
      ) from error
    try:
      self._inner.execute(
        # Nobody's tables but the ledger's own, whatever the user's search path.
        f"SET search_path TO {SCHEMA}, pg_temp; SET lock_timeout TO {milliseconds};"
        f" SET idle_in_transaction_session_timeout TO '{_IDLE_SECONDS}s'; {_DURABLE}"
      )
    except BaseException:
      self._inner.close()
      raise

  def execute(self, statement: str, values: Sequence[Any] = ()) -> Rows:
    """Runs a statement whose values are marked by `?`: a reading now, a writing by the next one."""
    one = statement, tuple(values)
    if not _READS.match(statement):
      self._behind.append(one)
      self._forget(statement)
      return Rows()
    if one not in self._ahead:
      (rows,) = self.send([one])
      return Rows(rows)
    return Rows(self._ahead[one])

  def begin(self, statements: Sequence[str], reads: Sequence[Read]) -> tuple:
    """Starts a transaction, and reads ahead.

    Args:
      statements: the last one reads a row.
      reads: what is going to be read.

    Returns:
      The row.
    """
    self._drop()
    self._prepare()
    results = self.send([*((statement, ()) for statement in statements), *reads])
    first, *ahead = results[len(statements) - 1 :]
    self._ahead.update(zip(reads, ahead, strict=True))
    return first[0]

  def read_ahead(self, reads: Sequence[Read]) -> None:
    """Reads what is going to be read, all at once, after what was written."""
    if reads:
      self._ahead.update(zip(reads, self.send(reads), strict=True))

  def commit(self) -> str:
    """Writes what is left, and ends the transaction; returns what the server calls it."""
    self._behind.append(("COMMIT", ()))
    self.send([])
    self._ahead.clear()
    return self._status

  def rollback(self) -> None:
    """Undoes the transaction, if there is one."""
    self._drop()
    if self.in_transaction:
      self._inner.execute("ROLLBACK")

  @property
  def in_transaction(self) -> bool:
    """Whether there is something to roll back."""
    status = self._inner.info.transaction_status
    return status in (TransactionStatus.INTRANS, TransactionStatus.INERROR)

  def close(self) -> None:
    """Closes it."""
    self._inner.close()

  def send(self, reads: Sequence[Read]) -> list[list[tuple]]:
    """Sends what is to be written and read, as one message; returns the rows of each reading."""
    batch, self._behind = [*self._behind, *reads], []
    text = "; ".join(self._text(statement) for statement, _ in batch)
    values = [value for _, some in batch for value in some]
    cursor = self._inner.execute(text, values or None)
    results = []
    while True:
      results.append(cursor.fetchall() if cursor.description else [])
      if not cursor.nextset():
        break
    self._status = cursor.statusmessage
    return results[len(results) - len(reads) :]

  def _text(self, statement: str) -> str:
    """How a statement is sent: by its name once the server has planned it."""
    name = self._prepared.get(statement)
    if name is None:
      if _READS.match(statement) or _WRITTEN.match(statement):
        self._to_prepare.add(statement)
      return statement.replace("?", "%s")
    values = ", ".join(["%s"] * statement.count("?"))
    return f"EXECUTE {name}({values})" if values else f"EXECUTE {name}"

  def _prepare(self) -> None:
    """Lets the server plan what was asked for lately; outside of transactions, which may fail."""
    for statement in sorted(self._to_prepare):
      name = f"ledger_{len(self._prepared)}"
      first, *rest = statement.split("?")
      numbered = first + "".join(f"${place}{part}" for place, part in enumerate(rest, 1))
      self._inner.execute(f"PREPARE {name} AS {numbered}")
      self._prepared[statement] = name
    self._to_prepare.clear()

  def _forget(self, statement: str) -> None:
    """Drops what was read ahead of a table that is written to; all of it where none is named."""
    written = _WRITTEN.match(statement)
    if written is None:
      self._ahead.clear()
      return
    table = written[1]
    names = re.compile(rf"\b(?:{table}|{_ALSO_WRITTEN.get(table, table)})\b")
    self._ahead = {one: rows for one, rows in self._ahead.items() if not names.search(one[0])}

  def _drop(self) -> None:
    self._ahead.clear()
    self._behind.clear()


def _settings(url: DatabaseUrl) -> dict[str, Any]:
  try:
    return conninfo_to_dict(url.whole)
  except psycopg.ProgrammingError:
    # Without libpq's words, which quote what they stumble over.
    raise ConfigurationError(
      f"--ledger={url}: libpq does not understand it; write postgresql://USER@HOST:5432/DATABASE"
    ) from None
