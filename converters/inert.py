"""The few objects that official network files name, built by our own code.

A pickle names classes and functions and asks to call them. Here a name stays a name (`Global`), and
the only "calls" are the ones below: they build inert values and never reach into Python or NumPy
with arguments from the file that were not checked first.
"""

import dataclasses
import math
from typing import Any

import numpy as np

from converters import identify
from converters.errors import DamagedFileError, UnsafePickleError, quoted

NETWORK_CLASSES = frozenset({("dnnlib.tflib.network", "Network"), ("tfutil", "Network")})
_ARRAY_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")  # numpy 1 and 2
_MAPPINGS = frozenset({("dnnlib.util", "EasyDict"), ("collections", "OrderedDict")})
_NDARRAY = ("numpy", "ndarray")
_DTYPE = ("numpy", "dtype")
_ENCODE = ("_codecs", "encode")
_RECONSTRUCT = frozenset((module, "_reconstruct") for module in _ARRAY_MODULES)
_SCALAR = frozenset((module, "scalar") for module in _ARRAY_MODULES)
KNOWN_GLOBALS = NETWORK_CLASSES | _MAPPINGS | _RECONSTRUCT | _SCALAR | {_NDARRAY, _DTYPE, _ENCODE}
_NUMBER_CODES = ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1")
_ITEM_SIZES = {code: int(code[1]) for code in _NUMBER_CODES}
_MAX_DIMENSIONS = 8


@dataclasses.dataclass(frozen=True, slots=True)
class Global:
  """A name that the file mentions; nothing is imported."""

  module: str
  name: str

  @property
  def key(self) -> tuple[str, str]:
    return (self.module, self.name)

  def __str__(self) -> str:
    return f"{self.module}.{self.name}"


class Mapping(dict):
  """Stands for `EasyDict` and `OrderedDict`."""


@dataclasses.dataclass(slots=True, eq=False)
class Text:
  """A text too long to be a name, not decoded (array bytes in old protocols, source text)."""

  data: bytes
  encoding: str


@dataclasses.dataclass(slots=True, eq=False)
class Network:
  """A network before its state was checked."""

  class_name: str
  state: dict | None = None


@dataclasses.dataclass(slots=True, eq=False)
class Dtype:
  """A numeric type; `order` is "<" or ">"."""

  code: str
  order: str = "<"
  built: bool = False

  @property
  def numpy(self) -> np.dtype:
    return np.dtype(self.order + self.code)


@dataclasses.dataclass(slots=True, eq=False)
class Array:
  """An array before and after its contents came."""

  value: np.ndarray | None = None


class Builder:
  """Carries out the allowed "calls" of one file.

  Attributes:
    file_size: bytes of the file: no arrays or decoded texts may add up to more.
  """

  def __init__(self, file_size: int):
    self._array_bytes_left = file_size
    self._encoded_bytes_left = file_size

  def find(self, module: str, name: str) -> Global:
    """The inert stand-in of a known name; every other name is refused."""
    if (module, name) not in KNOWN_GLOBALS:
      identify.refuse_foreign_name(module, name)
      raise UnsafePickleError(
        f"it asks for {quoted(f'{module}.{name}')}, which is not on the allow-list"
      )
    return Global(module, name)

  def call(self, function: Any, arguments: Any) -> Any:
    """What REDUCE gives.

    Raises:
      UnsafePickleError: for anything but the five known calls with arguments of the known form.
    """
    if not isinstance(function, Global) or type(arguments) is not tuple:
      raise UnsafePickleError("it calls (REDUCE) something that is not a known function")
    key = function.key
    if key in _RECONSTRUCT and len(arguments) == 3:
      return self._empty_array(*arguments)
    if key in _SCALAR and len(arguments) == 2:
      return self._scalar(*arguments)
    if key == _DTYPE and len(arguments) == 3:
      return self._dtype(*arguments)
    if key == _ENCODE and len(arguments) == 2:
      return self._encode(*arguments)
    if key == ("collections", "OrderedDict") and not arguments:
      return Mapping()
    raise UnsafePickleError(f"it calls '{function}' with arguments that official files never use")

  def instance(self, cls: Any, arguments: Any) -> Any:
    """What NEWOBJ gives: a network or a dictionary, always without arguments."""
    if isinstance(cls, Global) and type(arguments) is tuple and not arguments:
      if cls.key in NETWORK_CLASSES:
        return Network(str(cls))
      if cls.key in _MAPPINGS:
        return Mapping()
    name = str(cls) if isinstance(cls, Global) else type(cls).__name__
    raise UnsafePickleError(f"it makes an instance (NEWOBJ) of '{name}'")

  def build(self, target: Any, state: Any) -> None:
    """What BUILD does, on our own inert objects only and once each."""
    if isinstance(target, Network) and target.state is None and isinstance(state, dict):
      target.state = state
    elif isinstance(target, Array) and target.value is None and type(state) is tuple:
      target.value = self._contents(state)
    elif isinstance(target, Dtype) and not target.built and type(state) is tuple:
      target.order, target.built = _byte_order(target, state), True
    elif isinstance(target, Mapping) and type(state) is dict and not state:
      pass  # an empty instance dictionary
    else:
      raise UnsafePickleError(
        f"it sets the state (BUILD) of a '{type(target).__name__}' in a way official files never do"
      )

  def _empty_array(self, cls: Any, shape: Any, kind: Any) -> Array:
    if not (isinstance(cls, Global) and cls.key == _NDARRAY):
      raise UnsafePickleError("it rebuilds an array of a class other than numpy.ndarray")
    if type(shape) is not tuple or [type(n) for n in shape] != [int] or shape[0] != 0:
      raise UnsafePickleError("it rebuilds an array that is not empty at first")
    if type(kind) not in (bytes, str) or kind not in (b"b", "b"):
      raise UnsafePickleError("it rebuilds an array of an unknown placeholder type")
    return Array()

  def _dtype(self, code: Any, align: Any, copy: Any) -> Dtype:
    if type(code) is not str or code not in _ITEM_SIZES:
      kind = quoted(code if type(code) is str else type(code).__name__)
      raise UnsafePickleError(f"it uses the array type {kind}, not plain numbers")
    if type(align) not in (int, bool) or type(copy) not in (int, bool) or align or not copy:
      raise UnsafePickleError("it builds an array type with unknown options")
    return Dtype(code)

  def _scalar(self, dtype: Any, data: Any) -> np.generic:
    if not isinstance(dtype, Dtype):
      raise UnsafePickleError("it builds a NumPy scalar without a plain number type")
    data = _bytes_of(data, "a NumPy scalar")
    if len(data) != _ITEM_SIZES[dtype.code]:
      raise DamagedFileError(f"a NumPy scalar of type {dtype.code} has {len(data)} bytes")
    return np.frombuffer(data, dtype.numpy)[0]

  def _encode(self, text: Any, encoding: Any) -> bytes:
    if type(encoding) is not str or encoding not in ("latin1", "latin-1"):
      raise UnsafePickleError("it encodes text otherwise than as latin1")
    if isinstance(text, Text):
      text = decode(text.data, text.encoding)
    if type(text) is not str:
      raise UnsafePickleError("it encodes something that is not text")
    self._encoded_bytes_left -= len(text)
    if self._encoded_bytes_left < 0:
      raise DamagedFileError("its byte strings add up to more than the file")
    return _latin1(text)

  def _contents(self, state: tuple) -> np.ndarray:
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
    self._array_bytes_left -= len(data)
    if self._array_bytes_left < 0:
      raise DamagedFileError("its arrays add up to more than the file")
    values = np.frombuffer(data, dtype.numpy).reshape(shape, order="F" if fortran else "C")
    if dtype.order == ">":
      values = values.astype(np.dtype(dtype.code))
      values.flags.writeable = False
    return values


def decode(data: bytes, encoding: str) -> str:
  """Decodes text of the file; bytes that are no such text mean damage."""
  try:
    return data.decode(encoding, "strict")
  except UnicodeDecodeError:
    raise DamagedFileError(f"a text in it is not valid {encoding}") from None


def _latin1(text: str) -> bytes:
  try:
    return text.encode("latin-1", "strict")
  except UnicodeEncodeError:
    raise DamagedFileError("a byte string in it holds characters that are not bytes") from None


def _bytes_of(data: Any, what: str) -> bytes:
  """Array bytes: bytes, or the texts that Python 2 wrote in their place."""
  if type(data) is bytes:
    return data
  if isinstance(data, Text) and data.encoding == "latin-1":
    return data.data
  if type(data) is str:
    return _latin1(data)
  raise UnsafePickleError(f"it fills {what} with something other than bytes")


def _byte_order(dtype: Dtype, state: tuple) -> str:
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
