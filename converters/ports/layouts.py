"""From a port's layout of a tensor to NVIDIA's, without reading it before it is needed."""

import dataclasses
import math
from typing import Any

import numpy as np

from privai_tf.converters.pytorch import LazyTensor
from privai_tf.errors import CheckpointError


@dataclasses.dataclass(frozen=True)
class Layout:
  """What makes NVIDIA's array of a port's.

  Attributes:
    axes: the transposition, None for none.
    reverse: the last two axes are turned around before it.
    merge: all axes but the first become one after it.
  """

  axes: tuple[int, ...] | None = None
  reverse: bool = False
  merge: bool = False

  def shape(self, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """NVIDIA's shape; None if the port's has another number of dimensions than it should."""
    if self.axes is not None:
      if len(self.axes) != len(shape):
        return None
      shape = tuple(shape[axis] for axis in self.axes)
    return (shape[0], math.prod(shape[1:])) if self.merge else shape

  def arrange(self, values: np.ndarray) -> np.ndarray:
    """NVIDIA's array."""
    if self.reverse:
      values = values[..., ::-1, ::-1]
    if self.axes is not None:
      values = np.transpose(values, self.axes)
    return values.reshape(len(values), -1) if self.merge else values


SAME = Layout()
CONVOLUTION = Layout((2, 3, 1, 0))  # [outputs, inputs, k, k] -> [k, k, inputs, outputs]
SWAPPED = Layout((0, 1, 3, 2))  # [k, k, inputs, outputs] -> [k, k, outputs, inputs]
DENSE = Layout((1, 0))
# A convolution of a 1 x 1 map padded by 3: [C, z, 4, 4] -> [z, C * 4 * 4].
FIRST_DENSE = Layout((1, 0, 2, 3), reverse=True, merge=True)


@dataclasses.dataclass(frozen=True, eq=False)
class Arranged:
  """A tensor of a file in NVIDIA's layout; `np.asarray` of it reads its numbers."""

  tensor: LazyTensor
  layout: Layout
  shape: tuple[int, ...]

  @property
  def dtype(self) -> np.dtype:
    return self.tensor.dtype

  def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
    return np.asarray(self.layout.arrange(self.tensor.array()), dtype)


@dataclasses.dataclass(frozen=True)
class Entry:
  """One line of a key table.

  Attributes:
    key: name of the tensor in the file.
    official: NVIDIA's name of the variable.
    layout: how the former becomes the latter.
    part: "", "mapping" or "synthesis": which of NVIDIA's networks has it.
  """

  key: str
  official: str
  layout: Layout = SAME
  part: str = ""


def arranged(
  tensors: dict[str, LazyTensor], entries: list[Entry], ignored: list[str], name: str
) -> dict[str, dict[str, Arranged]]:
  """The tensors of a network under NVIDIA's names, by part.

  Args:
    tensors: by their names in the file.
    entries: the key table.
    ignored: further names that may be there.
    name: of the network, for messages.

  Raises:
    CheckpointError: naming each tensor that is missing, surplus or has a wrong number of dimensions.
  """
  expected = {entry.key for entry in entries}
  problems = [f"missing {key}" for key in expected if key not in tensors]
  problems += [f"surplus {key}" for key in tensors if key not in expected and key not in ignored]
  parts: dict[str, dict[str, Arranged]] = {"": {}, "mapping": {}, "synthesis": {}}
  for entry in entries:
    tensor = tensors.get(entry.key)
    shape = None if tensor is None else entry.layout.shape(tensor.shape)
    if shape is not None:
      parts[entry.part][entry.official] = Arranged(tensor, entry.layout, shape)
    elif tensor is not None:
      problems.append(f"misshapen {entry.key}: {tensor.shape}")
  if problems:
    problems.sort()
    more = f"; and {len(problems) - 8} more" if problems[8:] else ""
    raise CheckpointError(
      f"The tensors of {name} are not those of a network of its kind: {'; '.join(problems[:8])}{more}. "
      "The file is damaged or was changed; download it again."
    )
  return parts


def size_of(tensors: dict[str, LazyTensor], key: str, axis: int, name: str) -> int:
  """The length of one axis of a tensor, from which a configuration is told.

  Args:
    tensors: by their names in the file.
    key: of the tensor.
    axis: from 0.
    name: of the network, for messages.

  Raises:
    CheckpointError: the tensor is missing, or has too few axes.
  """
  tensor = tensors.get(key)
  if tensor is None or axis >= tensor.ndim or tensor.shape[axis] < 1:
    problem = "is missing" if tensor is None else f"has the shape {tensor.shape}"
    raise CheckpointError(
      f"The tensor {key} of {name} {problem}; the file is damaged or was changed; download it again."
    )
  return tensor.shape[axis]
