"""The frames of a TFRecord file, checked here before native code sees what is in them.

A frame is a length (8 bytes), its checksum (4), the record, and its checksum (4), little-endian. A
reader that believes a length can be made to ask for any amount of memory.
"""

import gzip
import os
import pathlib
import struct
from collections.abc import Iterator
from typing import IO

from privai_tf.errors import InputError
from privai_tf.jobs.crc32c import masked
from privai_tf.runtime import outside
from privai_tf.runtime.stores import StorePath

MOST_BYTES = 256 << 20
_HEAD = struct.Struct("<QI")
_CHECKSUM = struct.Struct("<I")


class DamagedFrames(Exception):
  """What is wrong with a file, in a few words."""


def read_frames(
  path: pathlib.Path | StorePath, compressed: bool, most: int = MOST_BYTES
) -> Iterator[bytes]:
  """The records of a file, one at a time in memory.

  Args:
    path: the file.
    compressed: by gzip, as a whole.
    most: bytes of a record, unpacked.

  Raises:
    DamagedFrames: at the first that is not whole or too long; those before are sound.
    InputError: the file cannot be opened.
  """
  with outside.opened(path, InputError, "name a TFRecord file") as file:
    left = None if compressed else os.fstat(file.fileno()).st_size
    try:
      with gzip.GzipFile(fileobj=file) if compressed else file as stream:
        yield from _frames(stream, left, most)
    except outside.DAMAGE as error:
      raise DamagedFrames(outside.reason_of(error) or type(error).__name__) from error


def _frames(stream: IO[bytes], left: int | None, most: int) -> Iterator[bytes]:
  while head := stream.read(_HEAD.size):
    if len(head) < _HEAD.size:
      raise DamagedFrames("it breaks off")
    length, checksum = _HEAD.unpack(head)
    if checksum != masked(head[:8]):
      raise DamagedFrames("a length has another checksum")
    if length > most:
      raise DamagedFrames(f"a record of {length:,} bytes, more than {most:,}")
    if left is not None:
      left -= _HEAD.size + length + _CHECKSUM.size
      if left < 0:  # Known before anything is allocated for it.
        raise DamagedFrames("it breaks off")
    data = stream.read(length)
    end = stream.read(_CHECKSUM.size)
    if len(data) < length or len(end) < _CHECKSUM.size:
      raise DamagedFrames("it breaks off")
    if _CHECKSUM.unpack(end)[0] != masked(data):
      raise DamagedFrames("a record has another checksum")
    yield data
