"""Reads PyTorch's files of weights (`.pth`) without PyTorch and without executing anything in them.

Both forms that `torch.save` has had: a zip archive with one pickle and a file for each storage, and
before version 1.6 a sequence of five pickles followed by the storages. The pickles go through the
interpreter of `converters.opcodes`, which may here call nothing but "a tensor is this part of that
storage" and "an ordered dictionary".
"""

import dataclasses
import io
import math
import os
import zipfile
from collections.abc import Callable
from typing import IO, Any

import numpy as np

from converters.calls import Calls
from converters.errors import DamagedFileError, NetworkFileError, UnsafePickleError, quoted
from converters.inert import Global, Mapping
from converters.opcodes import Machine
from privai_tf.errors import InputError
from privai_tf.runtime.files import shown

MAX_FILE_BYTES = 1 << 30  # VGG16 of torchvision: 553 MB
_MAX_PICKLE_BYTES = 1 << 22
_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001
_FLOATS = ("torch", "FloatStorage")
_REBUILD = ("torch._utils", "_rebuild_tensor_v2")
_ORDERED = ("collections", "OrderedDict")
_KNOWN = frozenset({_FLOATS, _REBUILD, _ORDERED})


@dataclasses.dataclass(frozen=True, eq=False)
class _Storage:
  """A run of float32 numbers somewhere in the file."""

  key: str
  count: int


@dataclasses.dataclass(frozen=True, eq=False)
class _Tensor:
  """A contiguous part of a storage."""

  storage: _Storage
  offset: int
  shape: tuple[int, ...]


def read_state_dict(path: str | os.PathLike, prefix: str = "") -> dict[str, np.ndarray]:
  """Reads the float32 tensors of a PyTorch file that holds one dictionary of them.

  Args:
    path: the file.
    prefix: only tensors whose names start so are read; the others cost nothing.

  Returns:
    float32 arrays by name, in the file's order.

  Raises:
    UnsafePickleError: the file asks for more than tensors in a dictionary.
    DamagedFileError: it is truncated or contradicts itself.
    InputError: it cannot be opened.
  """
  try:
    with open(path, "rb") as file:
      size = os.fstat(file.fileno()).st_size
      if size > MAX_FILE_BYTES:
        raise DamagedFileError(f"it has {size} bytes, more than any file of VGG16's weights")
      read = _read_archive if file.read(2) == b"PK" else _read_legacy
      file.seek(0)
      return read(file, size, prefix)
  except OSError as error:
    raise InputError(
      f"Cannot read {shown(path)}: {error.strerror or error}; check the path."
    ) from None
  except NetworkFileError as error:
    error.args = (f"{shown(path)}: {error}",)
    raise


class _TorchCalls(Calls):
  """What files of tensors may call."""

  def find(self, module: str, name: str) -> Global:
    if (module, name) not in _KNOWN:
      raise UnsafePickleError(
        f"it asks for {quoted(f'{module}.{name}')}, which files of plain float32 weights never do"
      )
    return Global(module, name)

  def call(self, function: Any, arguments: Any) -> Any:
    if isinstance(function, Global) and type(arguments) is tuple:
      if function.key == _ORDERED and len(arguments) <= 1:
        return _ordered(*arguments)
      if function.key == _REBUILD and len(arguments) >= 6:
        return _tensor(*arguments[:4])
    raise UnsafePickleError("it calls (REDUCE) something else than a tensor or a dictionary")

  def instance(self, cls: Any, arguments: Any) -> Any:
    raise UnsafePickleError("it makes an instance (NEWOBJ)")

  def build(self, target: Any, state: Any) -> None:
    # The versions of the modules that the weights belong to: of no use here.
    if not isinstance(target, Mapping) or type(state) is not dict or set(state) - {"_metadata"}:
      raise UnsafePickleError("it sets the state (BUILD) of something else than a dictionary")


class _TorchMachine(Machine):
  """The interpreter, with the operation by which PyTorch names storages."""

  def operation(self, code: bytes) -> Callable[[Machine], None] | None:
    return _TorchMachine._storage if code == b"Q" else super().operation(code)

  def _storage(self) -> None:
    identity = self._pop()
    plain = type(identity) is tuple and len(identity) in (5, 6) and identity[0] == "storage"
    if not plain or not isinstance(identity[1], Global) or identity[1].key != _FLOATS:
      raise UnsafePickleError("it names a storage of something else than float32 numbers")
    key, count = identity[2], identity[4]
    if (
      type(key) is not str
      or type(count) is not int
      or count < 1
      or identity[5:] not in ((), (None,))
    ):
      raise DamagedFileError("it describes a storage in an unknown way")
    self._stack.append(_Storage(key, count))


def _ordered(pairs: Any = ()) -> Mapping:
  result = Mapping()
  if type(pairs) not in (list, tuple):
    raise UnsafePickleError("it fills a dictionary from something else than a list")
  for pair in pairs:
    if type(pair) not in (list, tuple) or len(pair) != 2 or type(pair[0]) is not str:
      raise DamagedFileError("an entry of its dictionary is not a name with a value")
    if pair[0] in result:
      raise DamagedFileError(f"the tensor {quoted(pair[0])} comes twice")
    result[pair[0]] = pair[1]
  return result


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any) -> _Tensor:
  numbers = (offset, *shape, *strides) if type(shape) is type(strides) is tuple else (None,)
  if not isinstance(storage, _Storage) or any(type(n) is not int or n < 0 for n in numbers):
    raise DamagedFileError("it describes a tensor in an unknown way")
  expected = [math.prod(shape[i + 1 :]) for i in range(len(shape))]
  # The stride of a dimension of length 1 means nothing.
  plain = all(s == e or n == 1 for n, s, e in zip(shape, strides, expected, strict=False))
  if not plain or len(strides) != len(shape) or offset + math.prod(shape) > storage.count:
    raise DamagedFileError("a tensor in it is not a contiguous part of its storage")
  return _Tensor(storage, offset, shape)


def _tensors(value: Any, prefix: str) -> dict[str, _Tensor]:
  if not isinstance(value, dict) or not all(isinstance(v, _Tensor) for v in value.values()):
    raise DamagedFileError("it does not hold one dictionary of tensors")
  return {name: tensor for name, tensor in value.items() if name.startswith(prefix)}


def _cut(tensor: _Tensor, numbers: np.ndarray) -> np.ndarray:
  part = numbers[tensor.offset : tensor.offset + math.prod(tensor.shape)]
  return np.array(part, np.float32).reshape(tensor.shape)


def _read_archive(file: IO[bytes], size: int, prefix: str) -> dict[str, np.ndarray]:
  try:
    with zipfile.ZipFile(file) as archive:
      names = archive.namelist()
      pickles = [name for name in names if name.count("/") <= 1 and name.endswith("data.pkl")]
      if len(pickles) != 1 or archive.getinfo(pickles[0]).file_size > _MAX_PICKLE_BYTES:
        raise DamagedFileError("it has no pickle of tensors (data.pkl), or one that is too large")
      folder = pickles[0].removesuffix("data.pkl")
      pickle = archive.read(pickles[0])
      machine = _TorchMachine(io.BytesIO(pickle), len(pickle), _TorchCalls(len(pickle)))
      result = {}
      for name, tensor in _tensors(machine.run(), prefix).items():
        entry = f"{folder}data/{tensor.storage.key}"
        if entry not in names or archive.getinfo(entry).file_size != 4 * tensor.storage.count:
          raise DamagedFileError(f"the numbers of {quoted(name)} are missing or too few")
        if archive.getinfo(entry).file_size > size:
          raise DamagedFileError("its numbers add up to more than the file")
        result[name] = _cut(tensor, np.frombuffer(archive.read(entry), "<f4"))
      return result
  except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
    raise DamagedFileError("its zip archive is broken") from error


def _read_legacy(file: IO[bytes], size: int, prefix: str) -> dict[str, np.ndarray]:
  def next_pickle() -> Any:
    left = min(size - file.tell(), _MAX_PICKLE_BYTES)
    return _TorchMachine(file, left, _TorchCalls(left), more_follows=True).run()

  if next_pickle() != _LEGACY_MAGIC or next_pickle() != _LEGACY_PROTOCOL:
    raise DamagedFileError("it is not a file that torch.save wrote")
  system = next_pickle()
  if not isinstance(system, dict) or system.get("little_endian") is not True:
    raise DamagedFileError("its numbers are not little-endian")
  tensors = _tensors(next_pickle(), prefix)
  keys = next_pickle()
  if type(keys) is not list or any(type(key) is not str for key in keys):
    raise DamagedFileError("it does not list its storages")
  wanted = {tensor.storage.key for tensor in tensors.values()}
  numbers = {}
  for key in keys:
    head = file.read(8)
    count = int.from_bytes(head, "little")
    if len(head) < 8 or 4 * count > size - file.tell():
      raise DamagedFileError("it breaks off (truncated)")
    if key in wanted:
      numbers[key] = np.frombuffer(file.read(4 * count), "<f4")
    else:
      file.seek(4 * count, os.SEEK_CUR)
  for name, tensor in tensors.items():
    if len(numbers.get(tensor.storage.key, ())) != tensor.storage.count:
      raise DamagedFileError(f"the numbers of {quoted(name)} are missing or too few")
  return {name: _cut(tensor, numbers[tensor.storage.key]) for name, tensor in tensors.items()}
