"""The open ledger file: SQLite, for the processes of one machine."""

import contextlib
import os
import pathlib
import random
import sqlite3
import time
from collections.abc import Callable, Sequence

from privai_tf.privacy.ledger import chain, place, schema
from privai_tf.privacy.ledger.chain import Head
from privai_tf.privacy.ledger.errors import LedgerReadOnlyError, translated
from privai_tf.privacy.ledger.reads import Read
from privai_tf.privacy.ledger.store import Store

# Uneven, so that waiting processes do not keep in step.
_POLL_SECONDS = 0.0005, 0.003


class FileStore(Store):
  """A ledger in a file; arguments as for `Store`."""

  def __init__(
    self,
    path: pathlib.Path,
    timeout: float,
    clock: Callable[[], float] | None = None,
    state: str | os.PathLike | None = None,
    recognize: bool = True,
  ):
    self._log: int | None = None
    super().__init__(place.resolved(path), timeout, clock, state, recognize)

  def _open(self) -> sqlite3.Connection:
    self._identity = place.check_file(self.path)
    place.refuse_mounted(self.path)
    connection = schema.connect(self.path, self._timeout)
    self._log = None  # A forked child opens its own.
    return connection

  def close(self) -> None:
    """Closes the connection."""
    super().close()
    if self._log is not None:
      os.close(self._log)
      self._log = None

  def _begin(
    self, connection: sqlite3.Connection, write: bool, reads: Sequence[Read]
  ) -> sqlite3.Connection:
    """Starts a transaction; waits for other writers, polling often.

    SQLite's own waiting backs off to 0.1 s, during which nobody holds the lock: with eight
    processes that alone costs more than half of the rate.
    """
    if place.check_file(self.path) != self._identity:
      raise self._replaced()
    if not write:
      connection.execute("BEGIN")
      return connection
    deadline = time.monotonic() + self._timeout
    connection.execute("PRAGMA busy_timeout=0")
    try:
      while True:
        try:
          connection.execute("BEGIN IMMEDIATE")
          return connection
        except sqlite3.OperationalError as error:
          if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
            raise
        time.sleep(random.uniform(*_POLL_SECONDS))
    finally:
      connection.execute(f"PRAGMA busy_timeout={int(1000 * self._timeout)}")

  def _read_ahead(self, reads: Sequence[Read]) -> None:
    """Nothing: a file is read as fast later."""

  def _commit(self, connection: sqlite3.Connection) -> Head:
    head = chain.head(connection, self.ledger)
    connection.execute("COMMIT")
    self._flush()
    return head

  def _flush(self) -> None:
    """Brings everything committed so far to the disk.

    Done after the lock is given back, so that processes flush side by side, and one flush serves
    all whose commits it finds: with the flush inside COMMIT a slow disk sets the rate for all of
    them together. Nobody returns before their own commit is on the disk.
    """
    try:
      if self._log is None:
        self._log = os.open(f"{self.path}-wal", os.O_RDONLY)
        # The log's own name must survive as well.
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
          os.fsync(folder)
        finally:
          os.close(folder)
      os.fsync(self._log)
    except OSError as error:
      raise LedgerReadOnlyError(
        f"{self.path}: could not be brought to the disk ({error.strerror}); the charge may be lost, "
        "so release nothing. Check the disk, then run again"
      ) from error

  def _translated(self) -> contextlib.AbstractContextManager[None]:
    return translated(self.path, self._timeout)

  def _now(self, connection: sqlite3.Connection) -> float:
    return float((self._clock or time.time)())
