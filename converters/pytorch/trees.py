"""Unchecked values of a pickle -> plain Python values and tensors, with bounds.

What the interpreter gives may be cyclic or a nest of shared containers that would take exponential
time to walk: depth and number of values are bounded, and so are all tensors together.
"""

from typing import Any

import numpy as np

from privai_tf.converters import inert
from privai_tf.converters.errors import DamagedFileError, quoted
from privai_tf.converters.pytorch.calls import Collection
from privai_tf.converters.pytorch.tensors import LazyTensor
from privai_tf.converters.text import decode

_MAX_DEPTH = 40
_MAX_VALUES = 100_000  # of a training checkpoint with optimizers: 10,000
_MAX_SHARING = 4  # bytes of all tensors for a byte of the file: views of shared storages


class Trees:
  """Checks the values of one file."""

  def __init__(self, file_size: int):
    """Args: `file_size` in bytes."""
    self._values_left = _MAX_VALUES
    self._tensor_bytes_left = _MAX_SHARING * file_size

  def plain(self, value: Any, place: str = "", depth: int = 0) -> Any:
    """The checked copy of a value: None, bool, int, float, str, bytes, list, tuple, dict, LazyTensor.

    NumPy's scalars become Python's, its arrays read-only arrays, sets lists.

    Args:
      value: what the interpreter gave.
      place: where it stands, for messages.
      depth: how many containers it is in.

    Raises:
      DamagedFileError: it is too large, too deep, cyclic, or of a kind that no such file holds.
    """
    self.spend(place, depth)
    if value is None or type(value) in (bool, int, float, str, bytes):
      return value
    if isinstance(value, LazyTensor):
      return self.tensor(value)
    if isinstance(value, np.generic):
      return value.item()
    if isinstance(value, inert.Array) and value.value is not None:
      return value.value
    if isinstance(value, inert.Text):
      return decode(value.data, value.encoding)
    if type(value) in (list, tuple, Collection):
      kind = tuple if type(value) is tuple else list
      return kind(self.plain(v, f"{place}[]", depth + 1) for v in value)
    if isinstance(value, dict):
      return {k: self.plain(v, f"{place}/{k}", depth + 1) for k, v in value.items()}
    name = str(value) if isinstance(value, inert.Global) else type(value).__name__
    raise DamagedFileError(f"its entry {quoted(place)} is a {quoted(name)}")

  def tensor(self, value: LazyTensor) -> LazyTensor:
    """The tensor itself, counted."""
    self._tensor_bytes_left -= value.nbytes
    if self._tensor_bytes_left < 0:
      raise DamagedFileError(f"its tensors add up to more than {_MAX_SHARING} times the file")
    return value

  def spend(self, place: str, depth: int) -> None:
    """Counts one value."""
    self._values_left -= 1
    if depth > _MAX_DEPTH or self._values_left < 0:
      raise DamagedFileError(f"its entry {quoted(place)} is nested too deeply or too large")
