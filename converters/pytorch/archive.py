"""PyTorch's zip form (1.6 and later): `NAME/data.pkl`, and an entry for each storage.

`torch.save` never compresses: a compressed entry is refused, so that no entry can be larger than
the file. Each entry's checksum is checked when it is read.
"""

import contextlib
import io
import zipfile
from collections.abc import Iterator
from typing import Any

from privai_tf.converters.errors import DamagedFileError, UnsupportedFileError, quoted
from privai_tf.converters.pytorch.calls import Storages, TorchCalls, TorchMachine
from privai_tf.converters.pytorch.source import Source
from privai_tf.converters.pytorch.stream import MAX_PICKLE_BYTES
from privai_tf.converters.pytorch.tensors import Storage
from privai_tf.errors import PrivaiError
from privai_tf.runtime.outside import DAMAGE

START = b"PK\x03\x04"
_MAX_DIRECTORY_BYTES = 1 << 22  # 500 storages: 50,000
_PICKLE = "data.pkl"


def read_archive(source: Source) -> Any:
  """What a file in the zip form holds, unchecked, its tensors lazy.

  Raises:
    UnsafePickleError: it asks for more than tensors and plain values.
    DamagedFileError: it breaks off or contradicts itself.
    UnsupportedFileError: it is another kind of archive.
  """
  with _checked():
    return _Archive(source).content


@contextlib.contextmanager
def _checked() -> Iterator[None]:
  """Whatever the zip module raises means damage."""
  try:
    yield
  except PrivaiError:
    raise
  except DAMAGE as error:
    raise DamagedFileError("its zip archive is broken") from error


class _Directory(io.BufferedReader):
  """Refuses the one long read that the zip module makes while it opens an archive."""

  opened = False

  def read(self, size: int | None = -1) -> bytes:
    if not self.opened and size is not None and size > _MAX_DIRECTORY_BYTES:
      raise DamagedFileError("its directory has more entries than any network file")
    return super().read(size)


class _Archive:
  """The archive, and where its storages are."""

  def __init__(self, source: Source):
    self._source = source
    directory = _Directory(source.window().detach())
    self._zip = zipfile.ZipFile(directory, metadata_encoding="utf-8")
    directory.opened = True
    entries = {info.filename: info for info in self._zip.infolist()}
    if len(entries) != len(self._zip.infolist()):
      raise DamagedFileError("two entries of its archive have the same name")
    pickles = [name for name in entries if name.count("/") == 1 and name.endswith(f"/{_PICKLE}")]
    if len(pickles) != 1:
      raise UnsupportedFileError(
        "it is a zip archive without a pickle of tensors (data.pkl)",
        "give a file that torch.save wrote, or unpack it and give the file inside",
      )
    self._entries, self._folder = entries, pickles[0].removesuffix(_PICKLE)
    order = entries.get(f"{self._folder}byteorder")
    if order is not None and (order.file_size > 16 or self._bytes(order) != b"little"):
      raise DamagedFileError("its numbers are not little-endian")
    if entries[pickles[0]].file_size > MAX_PICKLE_BYTES:
      raise DamagedFileError("its pickle of tensors (data.pkl) is larger than any network's")
    pickle = self._bytes(entries[pickles[0]])
    storages = Storages(self._read)
    calls = TorchCalls(len(pickle))
    self.content = TorchMachine(io.BytesIO(pickle), len(pickle), calls, storages=storages).run()
    # Entries that lie over each other would let a small file fill all memory.
    if sum(self._entry(storage).file_size for storage in storages.known.values()) > source.size:
      raise DamagedFileError("its storages are larger than the file")

  def _entry(self, storage: Storage) -> zipfile.ZipInfo:
    name = f"{self._folder}data/{storage.key}"
    if name not in self._entries:
      raise DamagedFileError(f"the numbers of its storage {quoted(storage.key)} are missing")
    entry = self._entries[name]
    if entry.file_size != storage.itemsize * storage.count:
      raise DamagedFileError(
        f"its storage {quoted(storage.key)} of {storage.count} numbers comes with "
        f"{entry.file_size} bytes"
      )
    self._check(entry)
    return entry

  def _check(self, entry: zipfile.ZipInfo) -> None:
    if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1:
      raise DamagedFileError(
        f"the entry {quoted(entry.filename)} is compressed or encrypted, which torch.save never does",
        "save it anew with torch.save",
      )
    if entry.file_size != entry.compress_size or entry.file_size > self._source.size:
      raise DamagedFileError(f"the entry {quoted(entry.filename)} states a wrong size")

  def _bytes(self, entry: zipfile.ZipInfo) -> bytes:
    self._check(entry)
    with self._zip.open(entry) as file:
      data = file.read()  # compares the checksum
    if len(data) != entry.file_size:
      raise DamagedFileError("it breaks off (truncated)")
    return data

  def _read(self, storage: Storage) -> bytes:
    with self._source.naming(), _checked():
      return self._bytes(self._entry(storage))
