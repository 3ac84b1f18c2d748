"""NumPy arrays <-> TensorFlow's tensor messages, without TensorFlow."""

import math
from typing import Any

import numpy as np

# TensorFlow's number of a type, NumPy's type, and the field that lists the values.
_TYPES = (
  (1, np.dtype(np.float32), "float_val"),
  (2, np.dtype(np.float64), "double_val"),
  (3, np.dtype(np.int32), "int_val"),
  (4, np.dtype(np.uint8), "int_val"),
  (9, np.dtype(np.int64), "int64_val"),
  (10, np.dtype(np.bool_), "bool_val"),
)
_STRING = 7


def fill_tensor(tensor: Any, values: np.ndarray) -> None:
  """Writes an array into an empty `TensorProto`.

  Args:
    tensor: ours or TensorFlow's.
    values: numbers, or an object array of bytes.

  Raises:
    TypeError: for a type that no signature of ours has.
  """
  for size in values.shape:
    tensor.tensor_shape.dim.add(size=size)
  if values.dtype == object:
    tensor.dtype = _STRING
    tensor.string_val.extend(values.ravel().tolist())
    return
  for number, dtype, _ in _TYPES:
    if values.dtype == dtype:
      tensor.dtype = number
      tensor.tensor_content = np.ascontiguousarray(values, dtype.newbyteorder("<")).tobytes()
      return
  raise TypeError(f"arrays of {values.dtype} are not sent to model servers")


def read_tensor(tensor: Any) -> np.ndarray:
  """The array in a `TensorProto`; an object array of bytes for strings.

  Raises:
    ValueError: if the message is not whole, or of a type that no signature of ours has.
  """
  shape = tuple(dim.size for dim in tensor.tensor_shape.dim)
  if tensor.dtype == _STRING:
    values = np.empty(len(tensor.string_val), object)
    values[:] = list(tensor.string_val)
    return values.reshape(shape)
  for number, dtype, field in _TYPES:
    if tensor.dtype != number:
      continue
    if tensor.tensor_content:
      return np.frombuffer(tensor.tensor_content, dtype.newbyteorder("<")).reshape(shape)
    values = np.array(getattr(tensor, field), dtype)
    missing = math.prod(shape) - len(values)
    if missing > 0 and len(values):
      # Senders may leave out repetitions of the last value.
      values = np.concatenate([values, np.repeat(values[-1:], missing)])
    return values.reshape(shape)
  raise ValueError(f"type {tensor.dtype} is not one of those that model servers answer with")
