"""The open ledger of a fleet: transactions on a PostgreSQL server."""

import contextlib
import time
from collections.abc import Sequence

from privai_tf.privacy.ledger import chain, meta
from privai_tf.privacy.ledger.chain import Head
from privai_tf.privacy.ledger.errors import LedgerUnreachableError
from privai_tf.privacy.ledger.postgres import schema
from privai_tf.privacy.ledger.postgres.connection import Connection
from privai_tf.privacy.ledger.postgres.errors import translated
from privai_tf.privacy.ledger.reads import Read
from privai_tf.privacy.ledger.store import Store

# The key tells whether this is still the ledger that was opened; its reading is also what takes the
# transaction's snapshot, behind the lock. The time is the server's, so that the machines' own clocks
# need not agree.
_FIRST = (
  "SELECT value, extract(epoch FROM clock_timestamp())::double precision FROM meta"
  " WHERE name='subject_key'"
)
_READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", _FIRST
_WRITING = (
  "BEGIN ISOLATION LEVEL SERIALIZABLE",
  "SET LOCAL synchronous_commit TO off",  # See `_flush`.
  "LOCK TABLE turn IN EXCLUSIVE MODE",
  _FIRST,
)
# A commit of nothing but a remark, which waits for the disk (and for standbys, if they are told to
# be waited for) and for everything that was committed before it.
_FLUSH = "SELECT pg_logical_emit_message(true, 'privai_ledger', '')"


class PostgresStore(Store):
  """A ledger in a database; arguments as for `Store`.

  A connection that was lost between two transactions is made anew; one that is lost inside refuses.
  """

  def _open(self) -> Connection:
    with self._translated():
      connection = Connection(self.path, self._timeout)
      try:
        schema.check(connection, self.path)
      except BaseException:
        connection.close()
        raise
    return connection

  def _begin(self, connection: Connection, write: bool, reads: Sequence[Read]) -> Connection:
    """Starts a transaction; the server lets the writers in one after another, as they came."""
    if write and (known := self.mirror.read()) is not None:
      reads = (*reads, (chain.LINK, (known.sequence,)))
    try:
      with self._translated():
        key, now = self._first(connection, write, reads)
    except LedgerUnreachableError:
      # The server was started anew since the last transaction, or ended an idle connection: nothing
      # of this one has happened yet.
      connection.close()
      self._connect()
      connection = self._connection
      key, now = self._first(connection, write, reads)
    if chain.ledger_id(meta.key_bytes(key)) != self.ledger:
      connection.rollback()
      raise self._replaced()
    self._clock_ahead = now - time.monotonic()
    return connection

  @staticmethod
  def _first(connection: Connection, write: bool, reads: Sequence[Read]) -> tuple[str, float]:
    try:
      return connection.begin(_WRITING if write else _READING, reads)
    except BaseException:
      connection.rollback()
      raise

  def _read_ahead(self, reads: Sequence[Read]) -> None:
    self._connection.read_ahead(reads)

  def _commit(self, connection: Connection) -> Head:
    with self._uncertain():
      status = connection.commit()
    if status != "COMMIT":  # PostgreSQL undoes what had failed, and calls that a success.
      raise LedgerUnreachableError(
        f"{self.path}: the transaction was undone ({status}); nothing was charged. Run again"
      )
    return self._flush()

  def _flush(self) -> Head:
    """Brings everything committed so far to the disk; returns the last of it.

    Done after the lock is given back, as for a file: clients wait for the disk side by side, and one
    flush serves all whose commits it finds. Nobody returns before their own commit is on the disk.
    """
    with self._uncertain():
      (last, _) = self._connection.send([(chain.LAST, ()), (_FLUSH, ())])
    return Head(self.ledger, *(last[0] if last else (0, "")))

  def _translated(self) -> contextlib.AbstractContextManager[None]:
    return translated(self.path, self._timeout)

  def _uncertain(self) -> contextlib.AbstractContextManager[None]:
    outcome = "the charge may have been made or not, so release nothing"
    return translated(self.path, self._timeout, outcome)

  def _now(self, connection: Connection) -> float:
    return time.monotonic() + self._clock_ahead if self._clock is None else float(self._clock())
