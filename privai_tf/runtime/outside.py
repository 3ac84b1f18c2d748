"""The door for files that others made: opened at once, regular, of bounded size; damage is one line.

Every reader of such files goes through `opened` or one of the functions built on it, and turns what
libraries raise at a damaged file into its own error by `damage_as`. Names in messages are escaped; the
file's own words are left out or shortened.
"""

import contextlib
import json
import lzma
import os
import stat
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as _load_tensors

from privai_tf.errors import InputError, PrivaiError
from privai_tf.runtime import stores
from privai_tf.runtime.files import shown
from privai_tf.runtime.stores import StorePath

# Whatever a library raises that was given a damaged file: a defect of ours in its place would be a
# traceback, and is one elsewhere.
DAMAGE: tuple[type[Exception], ...] = (
  ArithmeticError,
  AssertionError,
  AttributeError,
  EOFError,
  LookupError,
  MemoryError,
  NotImplementedError,
  OSError,
  RecursionError,
  RuntimeError,
  SafetensorError,
  SyntaxError,
  TypeError,
  ValueError,
  lzma.LZMAError,
  struct.error,
  tokenize.TokenError,
  zipfile.BadZipFile,
  zlib.error,
)
MOST_JSON = 64 << 20
MOST_BYTES = 16 << 30
MOST_UNPACKED = 1 << 30
_LONGEST_REASON = 160


@contextlib.contextmanager
def damage_as(error: PrivaiError) -> Iterator[None]:
  """What a library raises meanwhile at a damaged file becomes this error; ours pass."""
  try:
    yield
  except PrivaiError:
    raise
  except DAMAGE as reason:
    raise error from reason


def reason_of(error: BaseException | None) -> str:
  """A library's words for a message: one printable line, shortened."""
  text = " ".join(str(error).split())
  text = "".join(c if c.isprintable() else "?" for c in text)
  return text if len(text) <= _LONGEST_REASON else f"{text[: _LONGEST_REASON - 3]}..."


def open_at_once(path: str, flags: int) -> int:
  """An opener that does not wait for the other end of a pipe.

  Args:
    path, flags: as `open` hands them to its `opener`.

  Returns:
    A file descriptor.
  """
  return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


@contextlib.contextmanager
def opened(
  path: str | os.PathLike | StorePath,
  error: type[PrivaiError] = InputError,
  remedy: str = "check the path",
  most: int = MOST_BYTES,
) -> Iterator[IO[bytes]]:
  """A file to be read, once it is known what it is.

  Args:
    path: the file.
    error: what refusals are.
    remedy: what to do then; ends the message.
    most: bytes.

  Raises:
    PrivaiError: (an `error`) it cannot be opened, is no regular file (a pipe, a device: they would be
      waited for, or never end), or is too long.
  """
  if isinstance(path, StorePath):
    try:
      size = stores.facts_of(path).get("size") or 0
      if size <= most:
        with stores.downloaded(path) as file:
          yield file
        return
    except FileNotFoundError:
      raise error(f"{path} does not exist; {remedy}.") from None
    raise error(f"{path} has {size:,} bytes, more than any such file ({most:,}); {remedy}.")
  with _open(path, error, remedy) as file:
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode):
      raise error(f"{shown(path)} is not a file (but a folder, pipe or device); {remedy}.")
    if status.st_size > most:
      raise error(
        f"{shown(path)} has {status.st_size:,} bytes, more than any such file ({most:,}); {remedy}."
      )
    yield file


def _open(path: str | os.PathLike | StorePath, error: type[PrivaiError], remedy: str) -> IO[bytes]:
  try:
    return open(path, "rb", opener=open_at_once)
  except IsADirectoryError:
    raise error(f"{shown(path)} is not a file but a folder; {remedy}.") from None
  except OSError as reason:
    raise error(f"Cannot read {shown(path)}: {reason.strerror or reason}; {remedy}.") from reason
  except ValueError:  # A null character, or one that no file system has.
    raise error(f"Cannot read {shown(repr(path))}: no file has such a name; {remedy}.") from None


def read_bytes(
  path: str | os.PathLike | StorePath,
  error: type[PrivaiError] = InputError,
  remedy: str = "check the path",
  most: int = MOST_BYTES,
) -> bytes:
  """A whole file; see `opened`.

  Args:
    path, error, remedy, most: see `opened`.

  Raises:
    PrivaiError: (an `error`) see `opened`; or reading fails.
  """
  with opened(path, error, remedy, most) as file:
    try:
      # Not `read(most)`: as much memory would be asked for, however short the file is.
      return file.read(min(most, max(os.fstat(file.fileno()).st_size, 1 << 16)))
    except (OSError, MemoryError) as reason:
      raise error(f"Cannot read {shown(path)}: {reason_of(reason)}; {remedy}.") from reason


def read_text(
  path: str | os.PathLike | StorePath,
  error: type[PrivaiError] = InputError,
  remedy: str = "save it as UTF-8 text",
  most: int = MOST_JSON,
) -> str:
  """A whole UTF-8 text without a byte order mark; see `opened`.

  Args:
    path, error, remedy, most: see `opened`.

  Raises:
    PrivaiError: (an `error`) see `read_bytes`; or it is not UTF-8.
  """
  data = read_bytes(path, error, remedy, most)
  try:
    return data.decode("utf-8-sig")
  except UnicodeDecodeError:
    raise error(f"Cannot read {shown(path)}: it is not UTF-8 text; {remedy}.") from None


def read_json(
  path: str | os.PathLike | StorePath,
  error: type[PrivaiError] = InputError,
  remedy: str = "restore it",
  most: int = MOST_JSON,
) -> Any:
  """The value of a JSON file; see `opened`.

  Args:
    path, error, remedy, most: see `opened`.

  Raises:
    PrivaiError: (an `error`) see `read_bytes`; or it is not JSON, or nested too deeply.
  """
  data = read_bytes(path, error, remedy, most)
  try:
    return json.loads(data)
  except (ValueError, RecursionError, MemoryError) as reason:
    raise error(f"{shown(path)} is not JSON ({reason_of(reason)}); {remedy}.") from reason


def read_array(
  path: str | os.PathLike | StorePath,
  error: type[PrivaiError] = InputError,
  remedy: str = "save it anew with numpy.save",
) -> np.ndarray:
  """The array of an `.npy` file of plain numbers, mapped: nothing is allocated for what it promises.

  Raises:
    PrivaiError: see `opened`; it is an `.npz` archive, is damaged, or holds Python objects.
  """
  damaged = error(
    f"{shown(path)} is damaged, holds Python objects, or is not an .npy file of plain numbers; {remedy}."
  )
  with opened(path, error, remedy) as file, damage_as(damaged):
    if file.read(2) == b"PK":
      raise error(f"{shown(path)} is an .npz archive, not an .npy file; give one array.")
    values = np.load(path, mmap_mode="r", allow_pickle=False)
    if values.dtype.kind not in "fiub":
      raise error(f"{shown(path)} holds {values.dtype}, not real numbers; {remedy}.")
    return values


def read_arrays(
  path: str | os.PathLike | StorePath,
  names: Iterable[str] | None = None,
  error: type[PrivaiError] = InputError,
  remedy: str = "make it anew",
  most: int = MOST_UNPACKED,
) -> dict[str, np.ndarray]:
  """Arrays of an `.npz` file, by name.

  Args:
    path: the file.
    names: which are needed; None: all.
    error: what refusals are.
    remedy: what to do then.
    most: bytes, of all of them unpacked: a small archive may hold gigabytes of zeros.

  Raises:
    PrivaiError: see `opened`; it is damaged, lacks one, holds Python objects or unpacks to more.
  """
  damaged = error(f"{shown(path)} is damaged, or is not the .npz file that is needed; {remedy}.")
  with opened(path, error, remedy, most) as file, damage_as(damaged):
    with zipfile.ZipFile(file) as archive:
      unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > most:
      raise error(
        f"{shown(path)} unpacks to {unpacked:,} bytes, more than any such file ({most:,}); {remedy}."
      )
    file.seek(0)
    with np.load(file, allow_pickle=False) as arrays:
      return {name: np.asarray(arrays[name]) for name in (arrays if names is None else names)}


def read_tensors(
  path: str | os.PathLike | StorePath,
  error: type[PrivaiError] = InputError,
  remedy: str = "get it anew",
) -> dict[str, np.ndarray]:
  """The arrays of a safetensors file; see `opened` and `tensors_of`."""
  return tensors_of(read_bytes(path, error, remedy), path, error, remedy)


def tensors_of(
  data: bytes, path: str | os.PathLike | StorePath, error: type[PrivaiError], remedy: str
) -> dict[str, np.ndarray]:
  """The arrays of a safetensors file's content.

  Raises:
    PrivaiError: (an `error`) it is damaged, or holds numbers of a type that NumPy lacks.
  """
  try:
    return _load_tensors(data)
  except DAMAGE as reason:
    raise error(f"{shown(path)} is damaged ({reason_of(reason)}); {remedy}.") from reason


def is_file(path: str | os.PathLike) -> bool:
  """Whether there is a regular file; False, unlike pathlib's, where one may not look."""
  return os.path.isfile(path)


def exists(path: str | os.PathLike) -> bool:
  """Whether there is anything; False, unlike pathlib's, where one may not look."""
  return os.path.lexists(Path(path))
