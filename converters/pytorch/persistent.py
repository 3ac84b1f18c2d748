"""The pickles of StyleGAN2-ADA (PyTorch) and StyleGAN3: objects of `torch_utils.persistence`, inert.

Each object is a call with a dictionary: the source text of its class (never executed), the class's
name, and its attributes. Tensors are inside the pickle as byte strings, each a whole stream of
`converters.pytorch.stream`; they are skipped and remembered by their place in the file.
"""

import dataclasses
from typing import Any

from privai_tf.converters import inert
from privai_tf.converters.errors import SAFE_COPY, DamagedFileError, UnsafePickleError
from privai_tf.converters.pytorch.calls import TREES, TorchCalls, TorchMachine
from privai_tf.converters.pytorch.source import Source
from privai_tf.converters.pytorch.stream import read_nested
from privai_tf.converters.pytorch.tensors import Storage

_OBJECT = ("torch_utils.persistence", "_reconstruct_persistent_obj")
_BYTES = ("torch.storage", "_load_from_bytes")
# Storages are named in the streams inside only.
_GLOBALS = frozenset(name for name in TREES if name[0] != "torch") | {_OBJECT, _BYTES}
_ENTRIES = frozenset({"type", "version", "module_src", "class_name", "state"})
_VERSION = 6
_SKIPPED_BYTES = 64  # byte strings from here on stay in the file
_MAX_ARRAY_BYTES = 1 << 20
_MAX_VALUE_BYTES = 1 << 22  # the largest source text: 40,000
_MAX_READ_BYTES = 1 << 26  # of everything that is not skipped


@dataclasses.dataclass(slots=True, eq=False)
class Span:
  """A byte string that was not read; `storage` once somebody asked for the one in it."""

  start: int
  size: int
  storage: Storage | None = None


@dataclasses.dataclass(slots=True, eq=False)
class PersistentObject:
  """A network or layer before its state was checked."""

  class_name: str
  module_source: inert.Text | str
  state: dict


class _PersistentCalls(TorchCalls):
  """The calls of such files."""

  def __init__(self, source: Source):
    super().__init__(source.size, _GLOBALS, SAFE_COPY)
    self._source = source

  def call(self, function: Any, arguments: Any) -> Any:
    if isinstance(function, inert.Global) and type(arguments) is tuple and len(arguments) == 1:
      if function.key == _OBJECT:
        return _persistent_object(arguments[0])
      if function.key == _BYTES:
        return self._storage(arguments[0])
    return super().call(function, arguments)

  def build(self, target: Any, state: Any) -> None:
    if isinstance(target, inert.Array) and type(state) is tuple and state:
      data = state[-1]
      if isinstance(data, Span):
        if data.size > _MAX_ARRAY_BYTES:
          raise DamagedFileError(f"it holds an array of {data.size} bytes outside of its tensors")
        state = (*state[:-1], bytes(self._source.read(data.start, data.size)))
    super().build(target, state)

  def _storage(self, data: Any) -> Storage:
    if not isinstance(data, Span):
      raise UnsafePickleError(
        "it takes a tensor's numbers from something else than bytes of its own"
      )
    if data.storage is None:
      data.storage = read_nested(self._source, data.start, data.start + data.size)
    return data.storage


class _PersistentMachine(TorchMachine):
  """The interpreter, which skips long byte strings and bounds the rest."""

  key_types = (str,)

  def __init__(self, source: Source):
    super().__init__(source.window(), source.size, _PersistentCalls(source))
    self._unread = _MAX_READ_BYTES

  def data(self, form: str) -> None:
    size = self._length(form)
    if size < _SKIPPED_BYTES:
      self._stack.append(self._read(size))
      return
    if size > self._left:
      raise DamagedFileError("it breaks off (truncated)")
    self._stack.append(Span(self._file.tell(), size))
    self._file.seek(size, 1)
    self._left -= size

  def _read(self, count: int) -> bytes:
    self._unread -= count
    if count > _MAX_VALUE_BYTES or self._unread < 0:
      raise DamagedFileError("it holds more beside its tensors than any network file")
    return super()._read(count)


def read_persistent(source: Source) -> Any:
  """What such a pickle holds, unchecked: containers, plain values, lazy tensors, `PersistentObject`s.

  Raises:
    UnsafePickleError: it asks for something that such files never ask for.
    DamagedFileError: it breaks off or contradicts itself.
  """
  return _PersistentMachine(source).run()


def _persistent_object(meta: Any) -> PersistentObject:
  if type(meta) is not dict or set(meta) != _ENTRIES or meta["type"] != "class":
    raise UnsafePickleError("it describes a persistent object in an unknown way")
  version, name, source, state = (
    meta[key] for key in ("version", "class_name", "module_src", "state")
  )
  if type(version) is not int or version != _VERSION:
    raise UnsafePickleError(f"its persistent objects are not of version {_VERSION}")
  if type(name) is not str or not isinstance(source, str | inert.Text):
    raise DamagedFileError("a persistent object's class or source is not text")
  if not isinstance(state, dict):
    raise DamagedFileError("a persistent object's state is not a dictionary")
  return PersistentObject(name, source, state)
