"""PyTorch's stream form: five pickles, then the storages one after another.

The default of `torch.save` before version 1.6, and the form of each storage inside the pickles of
StyleGAN2-ADA and StyleGAN3.
"""

from typing import IO, Any

from privai_tf.converters.errors import DamagedFileError, UnsafePickleError
from privai_tf.converters.pytorch.calls import STORAGES, TREES, Storages, TorchCalls, TorchMachine
from privai_tf.converters.pytorch.source import Source
from privai_tf.converters.pytorch.tensors import Storage

MAX_PICKLE_BYTES = 1 << 24  # a state dict of 500 tensors: 60,000
_MAX_NESTED_PICKLE_BYTES = 1 << 12
_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
START = b"\x80\x02\x8a\n" + _MAGIC.to_bytes(10, "little")  # the magic number's pickle


def read_stream(source: Source) -> Any:
  """What a file in the stream form holds, unchecked, its tensors lazy.

  Raises:
    UnsafePickleError: it asks for more than tensors and plain values.
    DamagedFileError: it breaks off or contradicts itself.
  """
  return _Stream(source, 0, source.size, MAX_PICKLE_BYTES, TREES).content


def read_nested(source: Source, start: int, stop: int) -> Storage:
  """The one storage of a stream inside a file; see `read_stream`.

  Args:
    source: the file.
    start, stop: where in it the stream lies, in bytes.

  Raises:
    UnsafePickleError: it holds something else than a storage; see `read_stream`.
    DamagedFileError: see `read_stream`.
  """
  stream = _Stream(source, start, stop, _MAX_NESTED_PICKLE_BYTES, STORAGES)
  if not isinstance(stream.content, Storage):
    raise UnsafePickleError("the numbers of a tensor in it are something else than a storage")
  return stream.content


class _Stream:
  """The walk through the parts; afterwards it knows where each storage's numbers are."""

  def __init__(
    self,
    source: Source,
    start: int,
    stop: int,
    limit: int,
    allowed: frozenset[tuple[str, str]],
  ):
    self._source, self._limit, self._allowed = source, limit, allowed
    self._file, self._size = source.window(start, stop), stop - start
    self._start = start
    self._places: dict[str, int] = {}
    self._storages = Storages(self._read)
    if self._pickle() != _MAGIC or self._pickle() != _PROTOCOL:
      raise DamagedFileError("it is not in the form that torch.save wrote")
    system = self._pickle()
    if not isinstance(system, dict) or system.get("little_endian") is not True:
      raise DamagedFileError("its numbers are not little-endian")
    self.content = self._pickle()
    self._find_storages(self._file)
    del self._file  # the storages that outlive this need no buffer

  def _pickle(self) -> Any:
    left = min(self._size - self._file.tell(), self._limit)
    calls = TorchCalls(left, self._allowed)
    return TorchMachine(self._file, left, calls, more_follows=True, storages=self._storages).run()

  def _find_storages(self, file: IO[bytes]) -> None:
    keys = self._pickle()
    if type(keys) is not list or any(type(key) is not str for key in keys):
      raise DamagedFileError("it does not list its storages")
    if len(set(keys)) != len(keys) or set(keys) != set(self._storages.known):
      raise DamagedFileError("the storages that it lists are not those of its tensors")
    position = file.tell()
    for key in keys:
      storage = self._storages.known[key]
      file.seek(position)
      head = file.read(8)
      count = int.from_bytes(head, "little")
      if len(head) < 8 or storage.itemsize * storage.count > self._size - position - 8:
        raise DamagedFileError("it breaks off (truncated)")
      if count != storage.count:
        raise DamagedFileError(f"a storage of {storage.count} numbers comes with {count}")
      self._places[key] = self._start + position + 8
      position += 8 + storage.itemsize * count
    if position != self._size:
      raise DamagedFileError(f"{self._size - position} bytes follow its end")

  def _read(self, storage: Storage) -> bytearray:
    with self._source.naming():
      return self._source.read(self._places[storage.key], storage.itemsize * storage.count)
