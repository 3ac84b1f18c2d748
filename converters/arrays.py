"""Arrays, scalars and number types of network files, built from checked parts by our own code.

NumPy's unpickling functions are never called: they take types with Python objects inside, sizes that
do not fit the bytes, and subclasses.
"""

import math
from typing import Any

import numpy as np

from privai_tf.converters.errors import DamagedFileError, UnsafePickleError, quoted
from privai_tf.converters.inert import Array, Dtype, Global, Text
from privai_tf.converters.text import encode_latin1

NDARRAY = ("numpy", "ndarray")
_NUMBER_CODES = ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1")
_ITEM_SIZES = {code: int(code[1]) for code in _NUMBER_CODES}
_MAX_DIMENSIONS = 8


def empty_array(cls: Any, shape: Any, kind: Any) -> Array:
  """What `_reconstruct` gives: an array that waits for its contents.

  Raises:
    UnsafePickleError: the arguments are other than NumPy's own for an empty `numpy.ndarray`.
  """
  if not (isinstance(cls, Global) and cls.key == NDARRAY):
    raise UnsafePickleError("it rebuilds an array of a class other than numpy.ndarray")
  if type(shape) is not tuple or [type(n) for n in shape] != [int] or shape[0] != 0:
    raise UnsafePickleError("it rebuilds an array that is not empty at first")
  if type(kind) not in (bytes, str) or kind not in (b"b", "b"):
    raise UnsafePickleError("it rebuilds an array of an unknown placeholder type")
  return Array()


def number_type(code: Any, align: Any, copy: Any) -> Dtype:
  """What `numpy.dtype` gives, for plain numbers only.

  Raises:
    UnsafePickleError: the type is no plain number, or has options.
  """
  if type(code) is not str or code not in _ITEM_SIZES:
    kind = quoted(code if type(code) is str else type(code).__name__)
    raise UnsafePickleError(f"it uses the array type {kind}, not plain numbers")
  if type(align) not in (int, bool) or type(copy) not in (int, bool) or align or not copy:
    raise UnsafePickleError("it builds an array type with unknown options")
  return Dtype(code)


def scalar(dtype: Any, data: Any) -> np.generic:
  """What `numpy.core.multiarray.scalar` gives, for plain numbers only.

  Raises:
    UnsafePickleError: it is not made of a plain number type and bytes.
    DamagedFileError: the bytes are not as many as the type takes.
  """
  if not isinstance(dtype, Dtype):
    raise UnsafePickleError("it builds a NumPy scalar without a plain number type")
  data = _bytes_of(data, "a NumPy scalar")
  if len(data) != _ITEM_SIZES[dtype.code]:
    raise DamagedFileError(f"a NumPy scalar of type {dtype.code} has {len(data)} bytes")
  return np.frombuffer(data, dtype.numpy)[0]


def contents(state: tuple) -> np.ndarray:
  """The array that a pickled state (version, shape, type, order, bytes) describes, read-only.

  Raises:
    UnsafePickleError: the state has another form or version, or no plain number type or bytes.
    DamagedFileError: the shape is impossible, or the bytes are not as many as it takes.
  """
  if len(state) != 5:
    raise UnsafePickleError("it fills an array in an unknown way")
  version, shape, dtype, fortran, data = state
  if type(version) is not int or version != 1 or type(fortran) not in (bool, int):
    raise UnsafePickleError("it fills an array of an unknown format version")
  if not isinstance(dtype, Dtype):
    raise UnsafePickleError("it fills an array without a plain number type")
  if type(shape) is not tuple or any(type(n) is not int for n in shape):
    raise DamagedFileError("an array has a shape that is not a tuple of whole numbers")
  if len(shape) > _MAX_DIMENSIONS or any(n < 1 for n in shape):
    raise DamagedFileError(f"an array has the impossible shape {_shape_text(shape)}")
  data = _bytes_of(data, "an array")
  if math.prod(shape) * _ITEM_SIZES[dtype.code] != len(data):
    raise DamagedFileError(
      f"an array of shape {_shape_text(shape)} and type {dtype.code} comes with {len(data)} bytes"
    )
  values = np.frombuffer(data, dtype.numpy).reshape(shape, order="F" if fortran else "C")
  if dtype.order == ">":
    values = values.astype(np.dtype(dtype.code))
    values.flags.writeable = False
  return values


def from_buffer(data: Any, dtype: Any, shape: Any, order: Any) -> Array:
  """What `numpy.core.numeric._frombuffer` gives, as which protocol 5 writes an array at once.

  Raises:
    UnsafePickleError: the order is neither "C" nor "F"; see `contents`.
    DamagedFileError: see `contents`.
  """
  if type(order) is not str or order not in ("C", "F"):
    raise UnsafePickleError("it fills an array in an unknown order")
  return Array(contents((1, shape, dtype, order == "F", data)))


def _bytes_of(data: Any, what: str) -> bytes:
  """Array bytes: bytes, or the texts that Python 2 wrote in their place."""
  if type(data) is bytes:
    return data
  if isinstance(data, Text) and data.encoding == "latin-1":
    return data.data
  if type(data) is str:
    return encode_latin1(data)
  raise UnsafePickleError(f"it fills {what} with something other than bytes")


def byte_order(dtype: Dtype, state: tuple) -> str:
  """The byte order ("<" or ">") in the pickled state of a number type, which must hold no more.

  Raises:
    UnsafePickleError: the state is not that of a plain number type, version 3.
    DamagedFileError: a type of several bytes is without byte order.
  """
  # numpy.dtype.__reduce__: version, order, sub-array, names, fields, size, alignment, flags.
  rest = (None, None, None, -1, -1, 0)
  plain = len(state) == 8 and all(
    type(value) is type(wanted) and value == wanted
    for value, wanted in zip(state[2:], rest, strict=True)
  )
  if not plain or type(state[0]) is not int or state[0] != 3:
    raise UnsafePickleError("it describes an array type with fields, sub-arrays or metadata")
  order = state[1]
  if type(order) is not str or order not in ("<", ">", "|"):
    raise UnsafePickleError("it describes an array type of unknown byte order")
  if order == "|" and _ITEM_SIZES[dtype.code] > 1:
    raise DamagedFileError(f"the array type {dtype.code} lacks a byte order")
  return "<" if order == "|" else order


def _shape_text(shape: tuple[int, ...]) -> str:
  text = "(" + ", ".join(str(n) for n in shape[:_MAX_DIMENSIONS]) + ")"
  return text if len(shape) <= _MAX_DIMENSIONS else text[:-1] + ", ...)"
