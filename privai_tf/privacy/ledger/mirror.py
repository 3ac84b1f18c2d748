"""A ledger's head, kept a second time in the user's state folder, where no backup of it is restored
along with the file.

It may lag behind the file (a crash between the two), never be ahead of it: it is written when the
links that it names are on the disk.
"""

import contextlib
import os
import pathlib
from collections.abc import Iterator

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.ledger.chain import Head
from privai_tf.privacy.ledger.errors import LedgerStateError

try:
  import fcntl
except ImportError:  # Windows: processes may overtake each other; the head then lags behind.
  fcntl = None

VARIABLE = "PRIVAI_STATE_DIR"
_LENGTH = 256  # Within a disk's sector, which is written whole.


class Mirror:
  """The kept head of one ledger; for many processes and threads.

  Args:
    folder: the state folder; None: see `state_folder`.
    ledger: the ledger's id.
  """

  def __init__(self, folder: str | os.PathLike | None, ledger: str):
    self.path = state_folder(folder) / "ledgers" / f"{ledger}.json"

  def read(self) -> Head | None:
    """The kept head; None if the ledger is unknown here.

    Raises:
      LedgerStateError: if it is damaged, or cannot be read.
    """
    try:
      with self._opened(os.O_RDONLY, exclusive=False) as descriptor:
        return self._head(descriptor)
    except FileNotFoundError:
      return None
    except OSError as error:
      raise self._unusable(error) from error

  def advance(self, head: Head) -> None:
    """Keeps a head, unless a later one is kept already.

    Args:
      head: whose link is on the disk.

    Raises:
      LedgerStateError: if the kept one is damaged, not there, or cannot be written.
    """
    try:
      with self._opened(os.O_RDWR) as descriptor:
        self._advance(descriptor, head)
    except OSError as error:
      raise self._unusable(error) from error

  def register(self, head: Head) -> None:
    """Makes a ledger known here, on the disk when this returns.

    Raises:
      LedgerStateError: if the state folder cannot be made or written, or a kept head is damaged.
    """
    try:
      self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
      with self._opened(os.O_RDWR | os.O_CREAT) as descriptor:
        self._advance(descriptor, head)
        os.fsync(descriptor)
    except OSError as error:
      raise self._unusable(error) from error

  @contextlib.contextmanager
  def _opened(self, flags: int, exclusive: bool = True) -> Iterator[int]:
    descriptor = os.open(self.path, flags | getattr(os, "O_BINARY", 0), 0o600)
    try:
      if fcntl is not None:
        fcntl.flock(descriptor, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
      yield descriptor
    finally:
      os.close(descriptor)

  def _head(self, descriptor: int) -> Head | None:
    text = os.read(descriptor, 2 * _LENGTH)
    if not text:
      return None
    try:
      return Head.from_json(text.decode("ascii"))
    except (ConfigurationError, UnicodeDecodeError) as error:
      raise LedgerStateError(
        f"{self.path}: damaged, so that a restored ledger would not be recognized; nothing was "
        "charged. If the ledger is the current one, remove this file, then: python -m "
        "privai_tf.ledger adopt"
      ) from error

  def _advance(self, descriptor: int, head: Head) -> None:
    known = self._head(descriptor)
    if known is not None and known.sequence >= head.sequence:
      return
    # In place, in one piece: a rename for each charge costs more, and orders nothing better.
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.write(descriptor, head.to_json().ljust(_LENGTH - 1).encode("ascii") + b"\n")

  def _unusable(self, error: OSError) -> LedgerStateError:
    return LedgerStateError(
      f"{self.path}: the ledger's head cannot be kept here ({error.strerror}); release nothing. "
      f"Make the folder writable, or name another one in {VARIABLE}"
    )


def state_folder(given: str | os.PathLike | None = None) -> pathlib.Path:
  """Where heads are kept: as given, `PRIVAI_STATE_DIR`, or the user's state folder.

  Raises:
    LedgerStateError: if neither is given and the user has no home folder.
  """
  own = given or os.environ.get(VARIABLE)
  if own:
    return pathlib.Path(own).absolute()
  base = os.environ.get("XDG_STATE_HOME", "")
  try:
    home = pathlib.Path(base) if os.path.isabs(base) else pathlib.Path.home() / ".local" / "state"
  except RuntimeError as error:
    raise LedgerStateError(
      f"the user has no home folder to keep ledgers' heads in; name a folder in {VARIABLE}"
    ) from error
  return home / "privai_tf"
