"""What network files may call: a handful of known functions and classes, carried out by our own code.

A pickle names classes and functions and asks to call them. Here a name stays a name (`Global`), and
the only calls are the ones below: they build inert values and never reach into Python or NumPy with
arguments from the file that were not checked first.
"""

from typing import Any

import numpy as np

from privai_tf.converters import identify
from privai_tf.converters.arrays import (
  NDARRAY,
  byte_order,
  contents,
  empty_array,
  from_buffer,
  number_type,
  scalar,
)
from privai_tf.converters.errors import DamagedFileError, UnsafePickleError, quoted
from privai_tf.converters.inert import Array, Dtype, Global, Mapping, Network, Text
from privai_tf.converters.text import encode_latin1

NETWORK_CLASSES = frozenset({("dnnlib.tflib.network", "Network"), ("tfutil", "Network")})
_MAPPINGS = frozenset({("dnnlib.util", "EasyDict"), ("collections", "OrderedDict")})
_ARRAY_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")  # numpy 1 and 2
_RECONSTRUCT = frozenset((module, "_reconstruct") for module in _ARRAY_MODULES)
_SCALAR = frozenset((module, "scalar") for module in _ARRAY_MODULES)
# Protocol 5, which Python 3.8 and later may write.
_FROM_BUFFER = frozenset(
  (module, "_frombuffer") for module in ("numpy.core.numeric", "numpy._core.numeric")
)
_DTYPE = ("numpy", "dtype")
_ENCODE = ("_codecs", "encode")
ARRAY_GLOBALS = _RECONSTRUCT | _SCALAR | _FROM_BUFFER | {NDARRAY, _DTYPE, _ENCODE}
KNOWN_GLOBALS = NETWORK_CLASSES | _MAPPINGS | ARRAY_GLOBALS


class Calls:
  """Carries out the allowed "calls" of one file."""

  def __init__(self, file_size: int):
    """Args: `file_size` in bytes; the arrays, and the byte strings, may not add up to more."""
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
      UnsafePickleError: for anything but the six known calls with arguments of the known form.
    """
    if not isinstance(function, Global) or type(arguments) is not tuple:
      raise UnsafePickleError("it calls (REDUCE) something that is not a known function")
    key = function.key
    if key in _RECONSTRUCT and len(arguments) == 3:
      return empty_array(*arguments)
    if key in _SCALAR and len(arguments) == 2:
      return scalar(*arguments)
    if key in _FROM_BUFFER and len(arguments) == 4:
      array = from_buffer(*arguments)
      self._charged(array.value)
      return array
    if key == _DTYPE and len(arguments) == 3:
      return number_type(*arguments)
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
      target.value = self._charged(contents(state))
    elif isinstance(target, Dtype) and not target.built and type(state) is tuple:
      target.order, target.built = byte_order(target, state), True
    elif isinstance(target, Mapping) and type(state) is dict and not state:
      pass  # an empty instance dictionary
    else:
      raise UnsafePickleError(
        f"it sets the state (BUILD) of a '{type(target).__name__}' in a way official files never do"
      )

  def _encode(self, text: Any, encoding: Any) -> bytes:
    if type(encoding) is not str or encoding not in ("latin1", "latin-1"):
      raise UnsafePickleError("it encodes text otherwise than as latin1")
    if not isinstance(text, str | Text):
      raise UnsafePickleError("it encodes something that is not text")
    data = encode_latin1(text) if isinstance(text, str) else text.latin1()
    self._encoded_bytes_left -= len(data)
    if self._encoded_bytes_left < 0:
      raise DamagedFileError("its byte strings add up to more than the file")
    return data

  def _charged(self, values: np.ndarray) -> np.ndarray:
    self._array_bytes_left -= values.nbytes
    if self._array_bytes_left < 0:
      raise DamagedFileError("its arrays add up to more than the file")
    return values
