"""An open ledger: transactions that either happen wholly or raise, and the time of the entry.

What every kind of store has in common: `file_store` is the one of a SQLite file, `postgres` of a
database that several machines share.
"""

import abc
import contextlib
import math
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from privai_tf.privacy.ledger import chain, meta
from privai_tf.privacy.ledger.chain import Head
from privai_tf.privacy.ledger.database_url import Location
from privai_tf.privacy.ledger.errors import (
  LedgerClockError,
  LedgerReplacedError,
  LedgerRestoredError,
  LedgerUnknownError,
)
from privai_tf.privacy.ledger.mirror import Mirror
from privai_tf.privacy.ledger.reads import Read

# How far the clock may step back (corrections by a time server) before the ledger refuses.
_CLOCK_TOLERANCE_SECONDS = 1.0


class Store(abc.ABC):
  """One connection; threads take turns, and a forked child opens its own.

  Args:
    path: where the ledger is.
    timeout: seconds to wait for other processes.
    clock: seconds since 1970; None: the store's own.
    state: the folder of the kept head, see `mirror`.
    recognize: whether a ledger that is not known as the current one is refused.

  Attributes:
    path: where the ledger is.
    ledger: its id.
    reached: the last head that this process knows to be on the disk; None before its first writing.
  """

  def __init__(
    self,
    path: Location,
    timeout: float,
    clock: Callable[[], float] | None = None,
    state: str | os.PathLike | None = None,
    recognize: bool = True,
  ):
    self.path = path
    self.ledger: str | None = None
    self.reached: Head | None = None
    self._timeout = timeout
    self._clock = clock
    self._state = state
    self._recognize = recognize
    self._lock = threading.RLock()
    self._joined = False
    self._connect()

  @abc.abstractmethod
  def _open(self) -> Any:
    """A new connection to a ledger that is fit to be used."""

  @abc.abstractmethod
  def _begin(self, connection: Any, write: bool, reads: Sequence[Read]) -> Any:
    """Starts a transaction, after all others' writing; returns the connection that it is on."""

  @abc.abstractmethod
  def _read_ahead(self, reads: Sequence[Read]) -> None:
    """Reads at once what a part of a transaction is going to read, where that is worth while."""

  @abc.abstractmethod
  def _commit(self, connection: Any) -> Head:
    """Ends a transaction that wrote; returns a head that is on the disk, with all that it wrote."""

  @abc.abstractmethod
  def _translated(self) -> contextlib.AbstractContextManager[None]:
    """Turns the database's errors into ours."""

  @abc.abstractmethod
  def _now(self, connection: Any) -> float:
    """Seconds since 1970, by the clock that all users of this store share."""

  def _connect(self) -> None:
    self._connection = self._open()
    self._process = os.getpid()
    try:
      with self._translated():
        ledger = chain.ledger_id(meta.subject_key(self._connection))
      if self.ledger not in (None, ledger):
        raise self._replaced()
      self.ledger = ledger
      self.mirror = Mirror(self._state, self.ledger)
      # Read before the ledger, which may go ahead meanwhile.
      known = self.kept()
      with self.transaction(write=False) as connection:
        if known is not None and self._recognize:
          self.require(connection, known)
    except BaseException:
      self._connection.close()
      raise

  def _replaced(self) -> LedgerReplacedError:
    return LedgerReplacedError(
      f"{self.path}: was replaced while in use, and charges would go to another ledger; nothing was "
      "charged. Run again"
    )

  def close(self) -> None:
    """Closes the connection."""
    self._connection.close()

  @contextlib.contextmanager
  def transaction(self, write: bool = True, reads: Sequence[Read] = ()) -> Iterator[Any]:
    """Runs the block in one transaction: committed at its end, rolled back on any error.

    Args:
      write: whether it writes.
      reads: what it is going to read, as far as that is known.
    """
    with self._lock, self._translated():
      if self._joined:
        with self._part(reads) as connection:
          yield connection
        return
      if os.getpid() != self._process:
        # Connections must not cross a fork; the parent's is left alone, unclosed.
        self._inherited = self._connection
        self._connect()
      connection = self._begin(self._connection, write, reads)
      try:
        known = self.kept() if write else None
        if known is not None and self._recognize:
          self.require(connection, known)
        yield connection
        if not write:
          connection.commit()
          return
        # On the disk by then: a crash must not leave a kept head that the ledger does not have.
        self.reached = head = self._commit(connection)
      except BaseException:
        if connection.in_transaction:
          connection.rollback()
        raise
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

  def require(self, connection: Any, known: Head) -> None:
    """Refuses a ledger that does not know a head of it that was seen before.

    Raises:
      LedgerRestoredError: then.
    """
    if chain.includes(connection, known):
      return
    head = chain.head(connection, self.ledger)
    raise LedgerRestoredError(
      f"{self.path}: is an older copy, or one that went another way (it is at entry {head.sequence}, "
      f"entry {known.sequence} was seen); nothing was charged. Put the current one back, or charge "
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

  @property
  def is_joined(self) -> bool:
    """Whether a transaction now would be a part of another one."""
    return self._joined

  @contextlib.contextmanager
  def _part(self, reads: Sequence[Read]) -> Iterator[Any]:
    self._connection.execute("SAVEPOINT part")
    self._read_ahead(reads)
    try:
      yield self._connection
    except BaseException:
      if self._connection.in_transaction:  # A full disk has ended all of it already.
        self._connection.execute("ROLLBACK TO part")
        self._connection.execute("RELEASE part")
      raise
    self._connection.execute("RELEASE part")

  def tick(self, connection: Any) -> float:
    """The time of an entry; refuses a clock that runs backwards.

    Entries are ordered by time for whoever audits the ledger, and a wrong clock means that the
    machine's state cannot be trusted (restored snapshots run backwards, too).

    Args:
      connection: in a transaction that writes.

    Returns:
      Seconds since 1970, not before the last entry's.

    Raises:
      LedgerClockError: if the clock shows a time over a second before the last entry's.
    """
    now = self._now(connection)
    last = meta.number(connection, meta.LAST_TIME)
    if not math.isfinite(now) or now < last - _CLOCK_TOLERANCE_SECONDS:
      raise LedgerClockError(
        f"{self.path}: the clock runs backwards ({last - now:.0f} s before the last entry); nothing "
        "was charged. Set the clock right, or if the last entry's time was the wrong one: "
        "python -m privai_tf.ledger accept_clock"
      )
    meta.write(connection, meta.LAST_TIME, max(now, last))
    return max(now, last)

  def accept_clock(self) -> None:
    """Makes the present time the last entry's, after a time that lay wrongly in the future."""
    with self.transaction() as connection:
      now = self._now(connection)
      meta.write(connection, meta.LAST_TIME, now)
      chain.link(connection, "clock", [now])
