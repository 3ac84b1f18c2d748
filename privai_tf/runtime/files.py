"""Files that are whole or absent, and folders that only their owner can read.

Every output goes through `atomic_file`: it is written beside its place and renamed into it, so that
a full disk, a crash or Ctrl-C never leaves half a file, and an older version stays until then.
"""

import contextlib
import errno
import json
import os
import re
import secrets
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from privai_tf.errors import OutputError
from privai_tf.runtime import stores
from privai_tf.runtime.stores import StorePath

try:
  import fcntl
except ImportError:  # Windows: leftovers of killed writers stay.
  fcntl = None

TEMPORARY = ".tmp-"
PRIVATE_README = "README.txt"
_PRIVATE_TEXT = """\
PRIVATE: do not publish anything in this folder.

It was computed from the original photos (comparisons, quality figures, timings, latent codes) and
is not covered by any privacy guarantee. Only the files of the output folder may be published.
"""
_REMEDIES = {
  errno.ENOSPC: "the disk is full; free some space and run again",
  errno.EDQUOT: "the disk quota is used up; free some space and run again",
  errno.EACCES: "permission denied; choose a place you may write to",
  errno.EPERM: "permission denied; choose a place you may write to",
  errno.EROFS: "the file system is read-only; choose another place",
  errno.ENOENT: "its folder does not exist; create it first",
  errno.ENOTDIR: "a part of the path is a file, not a folder; choose another place",
  errno.EISDIR: "a folder of that name exists; remove it or choose another name",
  errno.EEXIST: "a file of that name exists; remove it or choose another name",
  errno.ENAMETOOLONG: "the name is too long; shorten it",
  errno.ELOOP: "the path runs through a loop of symbolic links; mend the links",
}


def shown(path: str | os.PathLike | StorePath) -> str:
  """A path as one printable line: control characters and undecodable bytes are escaped."""
  text = os.fsencode(str(path) if isinstance(path, StorePath) else path).decode(
    "utf-8", "backslashreplace"
  )
  return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def output_error(path: str | os.PathLike | StorePath, error: OSError) -> OutputError:
  """The one-line error for a place that could not be written."""
  reason = _REMEDIES.get(error.errno, str(error.strerror or error))
  return OutputError(f"Cannot write {shown(path)}: {reason}.")


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike | StorePath, *, private: bool = False) -> Iterator[Path]:
  """A temporary path beside a file's place, which moves there when the block ends well.

  An object of a store is put in place whole likewise; who may read it, its store decides.

  Args:
    path: the final place; an existing file is replaced, a symbolic link too (not its target).
    private: readable by the owner only (0600), from the first byte on.

  Yields:
    The path of an empty file to write to. If the block raises, nothing changes on the disk.

  Raises:
    OutputError: if the file cannot be written: the path, what is wrong, what to do.
  """
  if isinstance(path, StorePath):
    with stores.uploaded(path) as temporary:
      yield temporary
    return
  path = Path(path)
  # A short name of its own: NAME plus a suffix could exceed the file system's limit.
  temporary = path.parent / f"{TEMPORARY}{secrets.token_hex(8)}"
  flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
  try:
    descriptor = os.open(temporary, flags, 0o600 if private else 0o666)
    try:
      lock(descriptor)
      yield temporary
      os.fsync(descriptor)
      os.replace(temporary, path)
    except BaseException:
      with contextlib.suppress(OSError):
        os.unlink(temporary)
      raise
    finally:
      os.close(descriptor)
    _sync_folder(path.parent)
  except OutputError:
    raise
  except OSError as error:
    raise output_error(path, error) from error


@contextlib.contextmanager
def atomic_file(
  path: str | os.PathLike, mode: str = "wb", *, private: bool = False
) -> Iterator[IO]:
  """Opens a file for writing that appears under its name only when it is complete and on the disk.

  Args:
    path: see `atomic_path`.
    mode: "wb" or "w" (UTF-8, Unix line ends).
    private: see `atomic_path`.

  Yields:
    The open file. If the block raises, nothing changes on the disk.

  Raises:
    OutputError: if the file cannot be written: the path, what is wrong, what to do.
  """
  if mode not in ("wb", "w"):
    raise ValueError(f"mode is {mode!r}; atomic_file writes whole files, 'wb' or 'w'.")
  text = {} if mode == "wb" else {"encoding": "utf-8", "newline": "\n"}
  with atomic_path(path, private=private) as temporary, open(temporary, mode, **text) as file:
    yield file


def remove_leftovers(folder: str | os.PathLike) -> int:
  """Removes the hidden temporary files of writers that were killed, and no living writer's.

  Args:
    folder: where atomic files were written.

  Returns:
    How many were removed.
  """
  removed = 0
  if fcntl is None:
    return removed
  with contextlib.suppress(OSError), os.scandir(folder) as entries:
    for entry in entries:
      if entry.name.startswith(TEMPORARY) and is_abandoned(entry.path):
        with contextlib.suppress(OSError):
          os.unlink(entry.path)
          removed += 1
  return removed


def lock(descriptor: int) -> None:
  """Marks a file or folder as being written, and waits for others' marks; it goes with its process, however that ends.

  Args:
    descriptor: of the open file or folder.
  """
  if fcntl is not None:
    with contextlib.suppress(OSError):  # Some network file systems have no locks.
      fcntl.flock(descriptor, fcntl.LOCK_EX)


def is_abandoned(path: str) -> bool:
  """Whether nobody is writing a temporary file or folder."""
  try:
    # The moment between its creation and its lock is far shorter.
    if time.time() - os.stat(path).st_mtime < 1:
      return False
    descriptor = os.open(path, os.O_RDONLY)
  except OSError:
    return False
  try:
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
  except OSError:
    return False
  finally:
    os.close(descriptor)
  return True


def _sync_folder(folder: Path) -> None:
  """Makes a rename durable; some file systems cannot sync folders, and then it is not an error."""
  with contextlib.suppress(OSError):
    descriptor = os.open(folder, os.O_RDONLY)
    try:
      os.fsync(descriptor)
    finally:
      os.close(descriptor)


def write_bytes(path: str | os.PathLike, data: bytes, *, private: bool = False) -> None:
  """Writes a file atomically; see `atomic_file`."""
  with atomic_file(path, "wb", private=private) as file:
    file.write(data)


def write_text(path: str | os.PathLike, text: str, *, private: bool = False) -> None:
  """Writes a UTF-8 text file atomically; see `atomic_file`."""
  with atomic_file(path, "w", private=private) as file:
    file.write(text)


def write_json(path: str | os.PathLike, value: Any, *, private: bool = False) -> None:
  """Writes JSON atomically, keys in the given order; NaN and infinity are refused (not JSON)."""
  text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
  write_text(path, text + "\n", private=private)


def write_once(path: Path | StorePath, data: bytes) -> None:
  """Like `write_bytes`; an object of a store is created, and never exchanged for other bytes.

  Raises:
    OutputError: if it cannot be written, or the object is there and holds other bytes.
  """
  if not isinstance(path, StorePath):
    write_bytes(path, data)
  elif not stores.create(path, data):
    raise OutputError(f"{path}: holds something else; move it away, or choose another place.")


def remove(path: str | os.PathLike | StorePath) -> None:
  """Removes a file if there is one.

  Raises:
    OutputError: if it cannot be removed.
  """
  if isinstance(path, StorePath):
    path.unlink()
    return
  try:
    os.unlink(path)
  except FileNotFoundError:
    pass
  except OSError as error:
    raise output_error(path, error) from error


def make_folder(path: str | os.PathLike | StorePath) -> Path | StorePath:
  """Creates a folder and its parents; an existing writable one is fine.

  Raises:
    OutputError: if it cannot be created or not be written to.
  """
  if isinstance(path, StorePath):
    stores.require_writable(path)  # Stores have no folders, and begin with what is put there.
    return path
  path = _no_url(path)
  try:
    path.mkdir(parents=True, exist_ok=True)
  except OSError as error:
    raise output_error(path, error) from error
  if not os.access(path, os.W_OK | os.X_OK):
    raise output_error(path, PermissionError(errno.EACCES, "permission denied"))
  return path


def _no_url(path: str | os.PathLike) -> Path:
  """A path; refuses a URL, of which a path would make a local folder called "s3:"."""
  if re.match(r"[a-z][a-z0-9+.-]+:/", os.fspath(path)):
    raise OutputError(f"Cannot write {shown(path)}: no URL is taken here; name a local place.")
  return Path(path)


def make_private_folder(path: str | os.PathLike | StorePath) -> Path | StorePath:
  """Creates a folder that only its owner can enter (0700), with a README that says what it is.

  An existing folder open to others is closed if it is empty or was made by us; otherwise it is
  refused, since closing somebody's shared folder (or writing private files into it) would harm.

  Args:
    path: the folder.

  Returns:
    The folder.

  Raises:
    OutputError: if it cannot be made private.
  """
  if isinstance(path, StorePath):
    stores.require_writable(path)
    return path
  path = _no_url(path)
  try:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
      path.mkdir(mode=0o700)
    except FileExistsError:
      _close_existing(path)
  except OutputError:
    raise
  except OSError as error:
    raise output_error(path, error) from error
  make_folder(path)
  remove_leftovers(path)
  write_text(path / PRIVATE_README, _PRIVATE_TEXT, private=True)
  return path


def _close_existing(path: Path) -> None:
  if not path.is_dir():
    raise output_error(path, FileExistsError(errno.EEXIST, "file exists"))
  if not stat.S_IMODE(path.stat().st_mode) & 0o077:
    return
  readme = path / PRIVATE_README
  ours = readme.is_file() and readme.read_bytes() == _PRIVATE_TEXT.encode()
  if not ours and any(path.iterdir()):
    raise OutputError(
      f"Cannot use {shown(path)} as private folder: others can read it and it holds other files; "
      "name a new folder, or close it with chmod 700."
    )
  path.chmod(0o700)
