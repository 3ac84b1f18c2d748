"""The open ledger file: transactions that either happen wholly or raise, and the time of the entry."""

import contextlib
import math
import os
import pathlib
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator

from privai_tf.privacy.ledger import schema
from privai_tf.privacy.ledger.errors import (
  LedgerClockError,
  LedgerReadOnlyError,
  LedgerReplacedError,
  translated,
)

# How far the clock may step back (corrections by a time server) before the ledger refuses.
_CLOCK_TOLERANCE_SECONDS = 1.0
# Uneven, so that waiting processes do not keep in step.
_POLL_SECONDS = 0.0005, 0.003


class Store:
  """One connection; threads take turns, and a forked child opens its own."""

  def __init__(self, path: pathlib.Path, timeout: float, clock: Callable[[], float]):
    self.path = path
    self._timeout = timeout
    self._clock = clock
    self._lock = threading.RLock()
    self._joined = False
    self._connect()

  def _connect(self) -> None:
    self._identity = schema.check_file(self.path)
    self._connection = schema.connect(self.path, self._timeout)
    self._process = os.getpid()
    self._log: int | None = None

  def close(self) -> None:
    """Closes the connection."""
    self._connection.close()
    if self._log is not None:
      os.close(self._log)
      self._log = None

  @contextlib.contextmanager
  def transaction(self, write: bool = True) -> Iterator[sqlite3.Connection]:
    """Runs the block in one transaction: committed at its end, rolled back on any error."""
    with self._lock, translated(self.path, self._timeout):
      if self._joined:
        with self._part() as connection:
          yield connection
        return
      if os.getpid() != self._process:
        # SQLite connections must not cross a fork; the parent's is left alone, unclosed.
        self._inherited = self._connection
        self._connect()
      if schema.check_file(self.path) != self._identity:
        raise LedgerReplacedError(
          f"{self.path}: was replaced while in use, and charges would go to the old file; "
          "nothing was charged. Run again"
        )
      connection = self._connection
      self._begin(connection, write)
      try:
        yield connection
        connection.execute("COMMIT")
      except BaseException:
        if connection.in_transaction:
          connection.execute("ROLLBACK")
        raise
      if write:
        self._flush()

  @contextlib.contextmanager
  def joined(self) -> Iterator[None]:
    """Makes this thread's transactions in the block parts of one: all reach the disk at its end.

    A part that fails takes nothing else with it, if whoever asked for it goes on; an error that
    leaves the block takes all of them.
    """
    with self.transaction():
      before, self._joined = self._joined, True
      try:
        yield
      finally:
        self._joined = before

  @contextlib.contextmanager
  def _part(self) -> Iterator[sqlite3.Connection]:
    self._connection.execute("SAVEPOINT part")
    try:
      yield self._connection
    except BaseException:
      if self._connection.in_transaction:  # A full disk has ended all of it already.
        self._connection.execute("ROLLBACK TO part")
        self._connection.execute("RELEASE part")
      raise
    self._connection.execute("RELEASE part")

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

  def _begin(self, connection: sqlite3.Connection, write: bool) -> None:
    """Starts a transaction; waits for other writers, polling often.

    SQLite's own waiting backs off to 0.1 s, during which nobody holds the lock: with eight
    processes that alone costs more than half of the rate.
    """
    if not write:
      connection.execute("BEGIN")
      return
    deadline = time.monotonic() + self._timeout
    connection.execute("PRAGMA busy_timeout=0")
    try:
      while True:
        try:
          connection.execute("BEGIN IMMEDIATE")
          return
        except sqlite3.OperationalError as error:
          if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
            raise
        time.sleep(random.uniform(*_POLL_SECONDS))
    finally:
      connection.execute(f"PRAGMA busy_timeout={int(1000 * self._timeout)}")

  def tick(self, connection: sqlite3.Connection) -> float:
    """The time of an entry; refuses a clock that runs backwards.

    Entries are ordered by time for whoever audits the ledger, and a wrong clock means that the
    machine's state cannot be trusted (restored snapshots run backwards, too).
    """
    now = float(self._clock())
    (last,) = connection.execute("SELECT value FROM meta WHERE name='last_time'").fetchone()
    if not math.isfinite(now) or now < last - _CLOCK_TOLERANCE_SECONDS:
      raise LedgerClockError(
        f"{self.path}: the clock runs backwards ({last - now:.0f} s before the last entry); nothing "
        "was charged. Set the clock right, or if the last entry's time was the wrong one: "
        "python -m privai_tf.ledger accept_clock"
      )
    connection.execute("UPDATE meta SET value=? WHERE name='last_time'", (max(now, last),))
    return max(now, last)

  def accept_clock(self) -> None:
    """Makes the present time the last entry's, after a time that lay wrongly in the future."""
    with self.transaction() as connection:
      connection.execute("UPDATE meta SET value=? WHERE name='last_time'", (float(self._clock()),))
