"""Tensors that stay in the file until somebody wants their numbers.

A tensor is a view of a storage: an offset, a size and a stride for each dimension. All three come
from the file and are checked against the storage's length before anything is allocated. A tensor
with more numbers than its storage (an expansion, by strides of 0) is refused: no network file needs
one, and a few bytes could ask for all memory.
"""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from privai_tf.converters.errors import DamagedFileError

# What PyTorch calls its types of storages, and how their numbers lie in the file.
NUMBERS = {
  "FloatStorage": "<f4",
  "DoubleStorage": "<f8",
  "HalfStorage": "<f2",
  "BFloat16Storage": "<u2",  # the upper half of a float32
  "LongStorage": "<i8",
  "IntStorage": "<i4",
  "ShortStorage": "<i2",
  "CharStorage": "<i1",
  "ByteStorage": "<u1",
  "BoolStorage": "<u1",
}
_MAX_DIMENSIONS = 8
_MAX_EMPTY = 1 << 31  # product of the other sizes of a tensor without numbers
_MAX_STRIDE = 1 << 48  # of a dimension of length 1, which means nothing


@dataclasses.dataclass(frozen=True, eq=False, slots=True)
class Storage:
  """A run of numbers somewhere in the file.

  Attributes:
    kind: PyTorch's name of its type, a key of `NUMBERS`.
    key: its name in the file.
    count: how many numbers.
    read: gives their bytes, checked to be as many as `count` says.
  """

  kind: str
  key: str
  count: int
  read: Callable[["Storage"], bytes | bytearray]

  @property
  def itemsize(self) -> int:
    """Bytes a number."""
    return int(NUMBERS[self.kind][2])

  def numbers(self) -> np.ndarray:
    """All of them."""
    raw = np.frombuffer(self.read(self), NUMBERS[self.kind])
    if self.kind == "BoolStorage":
      return raw != 0
    if self.kind == "BFloat16Storage":
      return (raw.astype(np.uint32) << np.uint32(16)).view(np.float32)
    return raw


@dataclasses.dataclass(frozen=True, eq=False, slots=True)
class LazyTensor:
  """A tensor of a file; `np.asarray` of it reads its numbers, from the file, each time anew.

  Attributes:
    storage: where its numbers are.
    offset: number of the first one.
    shape: its size.
    strides: how many numbers further the next one of each dimension is.
  """

  storage: Storage
  offset: int
  shape: tuple[int, ...]
  strides: tuple[int, ...]

  @property
  def dtype(self) -> np.dtype:
    """The type of the array that it becomes."""
    special = {"BoolStorage": np.dtype(bool), "BFloat16Storage": np.dtype(np.float32)}
    return special.get(self.storage.kind, np.dtype(NUMBERS[self.storage.kind]))

  @property
  def ndim(self) -> int:
    return len(self.shape)

  @property
  def size(self) -> int:
    """How many numbers."""
    return math.prod(self.shape)

  @property
  def nbytes(self) -> int:
    return self.size * self.storage.itemsize

  def array(self) -> np.ndarray:
    """The numbers, a contiguous array of its own with the shape and type of the tensor.

    Raises:
      DamagedFileError: the file breaks off there, or its checksum says that it was changed.
    """
    numbers = self.storage.numbers()
    steps = [stride * numbers.itemsize for stride in self.strides]
    view = np.lib.stride_tricks.as_strided(
      numbers[min(self.offset, len(numbers)) :], self.shape, steps, writeable=False
    )
    return np.array(view, order="C")

  def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
    return np.asarray(self.array(), dtype)


def tensor(storage: Any, offset: Any, shape: Any, strides: Any) -> LazyTensor:
  """The tensor that `_rebuild_tensor_v2` would make of these arguments.

  Raises:
    DamagedFileError: they do not describe a part of the storage.
  """
  if not isinstance(storage, Storage) or type(shape) is not tuple or type(strides) is not tuple:
    raise DamagedFileError("it describes a tensor in an unknown way")
  if any(type(n) is not int for n in (offset, *shape, *strides)):
    raise DamagedFileError("it describes a tensor by something else than whole numbers")
  if len(shape) != len(strides) or len(shape) > _MAX_DIMENSIONS:
    raise DamagedFileError(f"a tensor has {len(shape)} dimensions and {len(strides)} strides")
  if min((offset, *shape, *strides)) < 0 or max(strides, default=0) > _MAX_STRIDE:
    raise DamagedFileError("a tensor has a negative or impossible size, stride or offset")
  size = math.prod(shape)
  if not size and math.prod(n for n in shape if n) > _MAX_EMPTY:
    raise DamagedFileError("an empty tensor has an impossible size")
  # One more than the farthest number that the strides reach.
  used = 1 + sum((n - 1) * stride for n, stride in zip(shape, strides, strict=True)) if size else 0
  if offset + used > storage.count or size > storage.count:
    raise DamagedFileError(
      f"a tensor of {size} numbers from position {offset} on does not lie in its storage of "
      f"{storage.count}"
    )
  return LazyTensor(storage, offset, shape, strides)
