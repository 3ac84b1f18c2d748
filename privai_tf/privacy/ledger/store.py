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

from privai_tf.privacy.ledger import chain, place, schema
from privai_tf.privacy.ledger.chain import Head
from privai_tf.privacy.ledger.errors import (
  LedgerClockError,
  LedgerReadOnlyError,
  LedgerReplacedError,
  LedgerRestoredError,
  LedgerUnknownError,
  translated,
)
from privai_tf.privacy.ledger.mirror import Mirror

# How far the clock may step back (corrections by a time server) before the ledger refuses.
_CLOCK_TOLERANCE_SECONDS = 1.0
# Uneven, so that waiting processes do not keep in step.
_POLL_SECONDS = 0.0005, 0.003


class Store:
  """One connection; threads take turns, and a forked child opens its own.

  Args:
    path: the file.
    timeout: seconds to wait for other processes.
    clock: seconds since 1970.
    state: the folder of the kept head, see `mirror`.
    recognize: whether a file that is not known as the current one is refused.

  Attributes:
    path: the file.
    reached: the last head that this process knows to be on the disk; None before its first writing.
  """

  def __init__(
    self,
    path: pathlib.Path,
    timeout: float,
    clock: Callable[[], float],
    state: str | os.PathLike | None = None,
    recognize: bool = True,
  ):
    self.path = place.resolved(path)
    self.reached: Head | None = None
    self._timeout = timeout
    self._clock = clock
    self._state = state
    self._recognize = recognize
    self._lock = threading.RLock()
    self._joined = False
    self._connect()

  def _connect(self) -> None:
    self._identity = place.check_file(self.path)
    place.refuse_mounted(self.path)
    self._connection = schema.connect(self.path, self._timeout)
    self._process = os.getpid()
    self._log: int | None = None
    try:
      query = "SELECT value FROM meta WHERE name='subject_key'"
      self.ledger = chain.ledger_id(self._connection.execute(query).fetchone()[0])
      self.mirror = Mirror(self._state, self.ledger)
      # Read before the file, which may go ahead meanwhile.
      known = self.kept()
      with self.transaction(write=False) as connection:
        if known is not None and self._recognize:
          self.require(connection, known)
    except BaseException:
      self._connection.close()
      raise

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
      if place.check_file(self.path) != self._identity:
        raise LedgerReplacedError(
          f"{self.path}: was replaced while in use, and charges would go to the old file; "
          "nothing was charged. Run again"
        )
      connection = self._connection
      self._begin(connection, write)
      try:
        known = self.kept() if write else None
        if known is not None and self._recognize:
          self.require(connection, known)
        yield connection
        head = chain.head(connection, self.ledger) if write else None
        connection.execute("COMMIT")
      except BaseException:
        if connection.in_transaction:
          connection.execute("ROLLBACK")
        raise
      if write:
        self._flush()
        # After the flush: a crash must not leave a kept head that the file does not have.
        self.reached = head
        if known is not None and known.sequence < head.sequence:
          self.mirror.advance(head)

  def kept(self) -> Head | None:
    """The kept head of a ledger that is to be recognized by it.

    Raises:
      LedgerUnknownError: if there is none.
    """
    known = self.mirror.read()
    if known is None and self._recognize:
      raise LedgerUnknownError(
        f"{self.path}: was never used here (or before restored copies were recognized), so that "
        "nobody can tell whether it is the current one; nothing was charged. If it is: python -m "
        f"privai_tf.ledger adopt --ledger={self.path}"
      )
    return known

  def require(self, connection: sqlite3.Connection, known: Head) -> None:
    """Refuses a file that does not know a head of it that was seen before.

    Raises:
      LedgerRestoredError: then.
    """
    if chain.includes(connection, known):
      return
    head = chain.head(connection, self.ledger)
    raise LedgerRestoredError(
      f"{self.path}: is an older copy, or one that went another way (it is at entry {head.sequence}, "
      f"entry {known.sequence} was seen); nothing was charged. Put the current file back, or charge "
      f"what is missing: python -m privai_tf.ledger reconcile --ledger={self.path}"
    )

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
    now = float(self._clock())
    with self.transaction() as connection:
      connection.execute("UPDATE meta SET value=? WHERE name='last_time'", (now,))
      chain.link(connection, "clock", [now])
