"""What can go wrong with a ledger; after each of these nothing was charged or released."""

import contextlib
import pathlib
import sqlite3
from collections.abc import Iterator

from privai_tf.errors import PrivaiError


class LedgerError(PrivaiError):
  """Base: the ledger could not be used, so nothing may be released."""


class BudgetExceededError(LedgerError):
  """The release would cost more than the subject has left."""


class LedgerReadOnlyError(LedgerError):
  """The file or its folder cannot be written, or cannot be opened."""


class LedgerPermissionError(LedgerError):
  """Others than the owner may read or write the file."""


class LedgerLockedError(LedgerError):
  """Another process held the ledger for longer than the timeout."""


class LedgerOvertakenError(LedgerLockedError):
  """Another client of a shared ledger was faster, again and again."""


class LedgerUnreachableError(LedgerError):
  """The server of a shared ledger cannot be reached, or went away."""


class LedgerCorruptError(LedgerError):
  """Not a ledger, or a damaged one."""


class LedgerVersionError(LedgerError):
  """Written by a newer version of this program."""


class LedgerClockError(LedgerError):
  """The clock shows an earlier time than the ledger's last entry."""


class LedgerConflictError(LedgerError):
  """The request contradicts what is recorded already."""


class LedgerFullError(LedgerError):
  """No space left on the device."""


class LedgerReplacedError(LedgerError):
  """The file was moved, deleted or replaced while in use."""


class LedgerMissingError(LedgerError):
  """There is no such file."""


class LedgerExistsError(LedgerError):
  """There is such a file already, or what is left of one."""


class LedgerPlaceError(LedgerError):
  """The file has a second place, whose users would keep another log."""


class LedgerStateError(LedgerError):
  """The state folder, where the ledger's head is kept a second time, cannot be used."""


class LedgerUnknownError(LedgerError):
  """A ledger that was never used here, so that nobody can tell whether it is the current one."""


class LedgerRestoredError(LedgerError):
  """An older copy of the ledger, or one that went another way."""


class RelationError(LedgerError):
  """The release would publish what an earlier one of the same subject hid."""


_LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_CORRUPT = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_FULL = (sqlite3.SQLITE_FULL,)


@contextlib.contextmanager
def translated(path: pathlib.Path, timeout: float) -> Iterator[None]:
  """Turns SQLite's errors inside the block into ours, with the remedy.

  Args:
    path: of the ledger, for the messages.
    timeout: seconds that a lock was waited for, likewise.

  Raises:
    LedgerLockedError: if others held the file for that long.
    LedgerCorruptError: if it is no database, or damaged.
    LedgerFullError: if the disk is full.
    LedgerReadOnlyError: if the file cannot be opened or written.
  """
  try:
    yield
  except sqlite3.DatabaseError as error:
    # Extended codes keep the primary one in the low byte.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _LOCKED:
      raise LedgerLockedError(
        f"{path}: another process held the ledger for over {timeout:g} s; nothing was charged. "
        "Wait for it or end it, then run again"
      ) from error
    if code in _CORRUPT or not isinstance(error, sqlite3.OperationalError):
      raise LedgerCorruptError(
        f"{path}: not a ledger or damaged ({error}); nothing was charged. "
        "Restore the last backup, or name another file"
      ) from error
    if code in _FULL:
      raise LedgerFullError(
        f"{path}: no space left on the device; nothing was charged. Free some space, then run again"
      ) from error
    raise LedgerReadOnlyError(
      f"{path}: cannot be opened or written ({error}); nothing was charged. "
      "Make the file and its folder writable for you (chmod u+rw), or name another file"
    ) from error
