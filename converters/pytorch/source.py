"""An open file of which parts are read when they are needed, and which is never mapped.

A mapped file that somebody shortens ends the process; here that is an error with a message.
"""

import contextlib
import hashlib
import io
import os
import stat
import threading
import weakref
from collections.abc import Iterator
from typing import Any

from privai_tf.converters.errors import DamagedFileError, NetworkFileError
from privai_tf.errors import InputError
from privai_tf.runtime.files import shown
from privai_tf.runtime.outside import open_at_once

_HASH_BYTES = 1 << 20


class Source:
  """A regular file, open as long as somebody refers to this."""

  def __init__(self, path: str | os.PathLike):
    """Args: `path` of the file.

    Raises:
      InputError: it cannot be opened, or is no regular file.
    """
    self.path = path
    try:
      file = open(path, "rb", buffering=0, opener=open_at_once)  # noqa: SIM115
      status = os.fstat(file.fileno())
    except OSError as error:
      raise InputError(
        f"Cannot read {shown(path)}: {error.strerror or error}; check the path."
      ) from None
    weakref.finalize(self, file.close)
    if not stat.S_ISREG(status.st_mode):
      raise InputError(f"{shown(path)} is not a regular file; give the path of a network file.")
    self._file, self._lock = file, threading.Lock()
    self.size = status.st_size

  @contextlib.contextmanager
  def naming(self) -> Iterator[None]:
    """Refusals raised meanwhile begin with the file's name; failures to read become errors."""
    try:
      yield
    except OSError as error:
      raise InputError(
        f"Cannot read {shown(self.path)}: {error.strerror or error}; check the path."
      ) from None
    except NetworkFileError as error:
      start = f"{shown(self.path)}: "
      if not str(error).startswith(start):
        error.args = (f"{start}{error}",)
      raise

  def read(self, start: int, count: int) -> bytearray:
    """Exactly `count` bytes from position `start` on.

    Raises:
      DamagedFileError: the file ends before.
    """
    if start < 0 or count < 0 or start + count > self.size:
      raise DamagedFileError("it breaks off (truncated)")
    data = bytearray(count)
    view, done = memoryview(data), 0
    with self._lock:
      self._file.seek(start)
      while done < count:
        read = self._file.readinto(view[done:])
        if not read:
          raise DamagedFileError("it became shorter while it was read")
        done += read
    return data

  def window(self, start: int = 0, stop: int | None = None) -> io.BufferedReader:
    """A part of the file as a file of its own, with its own position."""
    return io.BufferedReader(_Window(self, start, self.size if stop is None else stop))

  def sha256(self) -> str:
    """SHA-256 (hex) of the whole file."""
    digest = hashlib.sha256()
    for start in range(0, self.size, _HASH_BYTES):
      digest.update(self.read(start, min(_HASH_BYTES, self.size - start)))
    return digest.hexdigest()


class OfSource:
  """What was read from a source and still reads from it."""

  source: Source

  @property
  def size(self) -> int:
    """Of the file, in bytes."""
    return self.source.size

  @property
  def sha256(self) -> str:
    """SHA-256 (hex) of the whole file, which is read for it."""
    with self.source.naming():
      return self.source.sha256()


class _Window(io.RawIOBase):
  """See `Source.window`."""

  def __init__(self, source: Source, start: int, stop: int):
    super().__init__()
    self._source, self._start, self._stop, self._position = source, start, stop, start

  def readable(self) -> bool:
    return True

  def seekable(self) -> bool:
    return True

  def readinto(self, buffer: Any) -> int:
    count = max(0, min(len(buffer), self._stop - self._position))
    buffer[:count] = self._source.read(self._position, count)
    self._position += count
    return count

  def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
    origin = {
      os.SEEK_SET: self._start,
      os.SEEK_CUR: self._position,
      os.SEEK_END: self._stop,
    }[whence]
    if origin + offset < self._start:
      raise ValueError("a position before the file's beginning")
    self._position = origin + offset
    return self._position - self._start
