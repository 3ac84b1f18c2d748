"""Where a ledger lies. Its identity is the file *and the log beside it*: whoever reaches the file by
a second name keeps a second log, and neither sees the other's charges. So second names are refused.
"""

import os
import pathlib
import re
import stat

from privai_tf.privacy.ledger.errors import (
  LedgerCorruptError,
  LedgerMissingError,
  LedgerPermissionError,
  LedgerPlaceError,
  LedgerReadOnlyError,
)

_MOUNTS = pathlib.Path("/proc/self/mountinfo")


def resolved(path: pathlib.Path) -> pathlib.Path:
  """The file itself, through symbolic links: its log lies beside it and not beside the link.

  Raises:
    LedgerReadOnlyError: if its links lead in a circle, or the system cannot follow them.
  """
  try:
    return path.resolve()
  except (OSError, RuntimeError) as error:
    raise LedgerReadOnlyError(f"{path}: cannot be opened ({error}); mend the link") from error


def check_file(path: pathlib.Path) -> tuple[int, int]:
  """Refuses missing files, and those of others' reach, without write permission or with two names.

  Returns:
    The file's identity: device and inode.

  Raises:
    LedgerMissingError: if there is no such file.
    LedgerReadOnlyError: if it cannot be looked at, or its owner may not write it.
    LedgerCorruptError: if it is a folder or a device.
    LedgerPermissionError: if others than its owner may read or write it (POSIX).
    LedgerPlaceError: if it has a second name (hard link).
  """
  try:
    status = os.stat(path)
  except (FileNotFoundError, NotADirectoryError) as error:
    raise LedgerMissingError(
      f"{path}: there is no ledger (a mistyped path looks just so); nothing was charged. Mend the "
      f"path, or make one: python -m privai_tf.ledger create --ledger={path}"
    ) from error
  except OSError as error:
    raise LedgerReadOnlyError(f"{path}: cannot be opened ({error.strerror})") from error
  if not stat.S_ISREG(status.st_mode):
    raise LedgerCorruptError(f"{path}: not a file; name the ledger's file")
  if not status.st_mode & stat.S_IWUSR:
    raise LedgerReadOnlyError(
      f"{path}: is read-only, so no release can be charged; make it writable (chmod 600)"
    )
  if os.name == "posix" and status.st_mode & 0o077:
    raise LedgerPermissionError(
      f"{path}: others may read or write it, and it names subjects; restrict it (chmod 600)"
    )
  if status.st_nlink > 1:
    raise LedgerPlaceError(
      f"{path}: has {status.st_nlink} names (hard links), and whoever uses another one does not see "
      "these charges; nothing was charged. Remove the other names, or use symbolic links"
    )
  return status.st_dev, status.st_ino


def refuse_mounted(path: pathlib.Path) -> None:
  """Refuses a file that is mounted alone (as `docker run -v ledger.db:...` does), without its log.

  Raises:
    LedgerPlaceError: if it is a mount point, or on another device than its folder.
  """
  mounted = os.fsencode(path) in _mount_points()
  if mounted or os.stat(path).st_dev != os.stat(path.parent).st_dev:
    raise LedgerPlaceError(
      f"{path}: is mounted without its folder, so that its log stays here and its charges are not "
      "seen elsewhere; nothing was charged. Mount the folder that holds it"
    )


def _mount_points() -> set[bytes]:
  """Where something is mounted; empty where the system does not say."""
  try:
    lines = _MOUNTS.read_bytes().splitlines()
  except OSError:
    return set()
  points = (line.split(b" ")[4] for line in lines)
  return {re.sub(rb"\\([0-7]{3})", lambda code: bytes([int(code[1], 8)]), at) for at in points}
