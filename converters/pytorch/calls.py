"""What PyTorch's pickles may call, and the operations they use beyond those of NVIDIA's files."""

from collections.abc import Callable
from typing import Any

from privai_tf.converters.calls import ARRAY_GLOBALS, Calls
from privai_tf.converters.errors import DamagedFileError, UnsafePickleError, quoted
from privai_tf.converters.inert import Global, Mapping
from privai_tf.converters.opcodes import Machine
from privai_tf.converters.pytorch.tensors import NUMBERS, LazyTensor, Storage, tensor

STORAGES = frozenset(("torch", name) for name in NUMBERS)
_REBUILD = ("torch._utils", "_rebuild_tensor_v2")
_REBUILD_OLD = ("torch._utils", "_rebuild_tensor")  # before PyTorch 0.4
_PARAMETER = ("torch._utils", "_rebuild_parameter")
_ORDERED = ("collections", "OrderedDict")
_EASY = ("dnnlib.util", "EasyDict")
_NAMESPACE = ("argparse", "Namespace")
_SETS = frozenset({("builtins", "set"), ("__builtin__", "set")})
_SAVE_TENSORS = "nothing was executed; get the file from a source you trust, one with state dicts instead of objects"
TREES = (
  STORAGES
  | ARRAY_GLOBALS
  | _SETS
  | {_REBUILD, _REBUILD_OLD, _PARAMETER, _ORDERED, _EASY, _NAMESPACE}
)
_MAX_STORAGES = 50_000
_MAX_KEY = 64
_MOST_USES = 4  # Of a number by tensors; more than one is rare.
_SHARED_BYTES = 1 << 26


class Collection(list):
  """Stands for a set; its items are not hashed."""


class Namespace(Mapping):
  """Stands for `argparse.Namespace`."""


class Storages:
  """The storages that a file names; `read` gives their bytes."""

  def __init__(self, read: Callable[[Storage], bytes | bytearray]):
    self._read = read
    self.known: dict[str, Storage] = {}

  def storage(self, identity: Any) -> Storage:
    """What a persistent id stands for.

    Raises:
      UnsafePickleError: it names something else than a storage of numbers.
      DamagedFileError: it contradicts itself.
    """
    named = type(identity) is tuple and len(identity) in (5, 6) and identity[0] == "storage"
    if not named or not isinstance(identity[1], Global) or identity[1].key not in STORAGES:
      raise UnsafePickleError("it refers to something else than a storage of numbers")
    key, count = identity[2], identity[4]
    if type(key) is not str or not 0 < len(key) <= _MAX_KEY or "/" in key:
      raise DamagedFileError("it names a storage in an unknown way")
    # The place (cpu, cuda:0) does not matter here; a sixth entry would be a view.
    if type(count) is not int or count < 0 or identity[5:] not in ((), (None,)):
      raise DamagedFileError("it describes a storage in an unknown way")
    kind = identity[1].name
    known = self.known.setdefault(key, Storage(kind, key, count, self._read))
    if (known.kind, known.count) != (kind, count):
      raise DamagedFileError(f"it describes the storage {quoted(key)} in two ways")
    if len(self.known) > _MAX_STORAGES:
      raise DamagedFileError(f"it has more than {_MAX_STORAGES} storages")
    return known


class TorchCalls(Calls):
  """Carries out the calls of a tree of tensors and plain values."""

  def __init__(
    self,
    file_size: int,
    allowed: frozenset[tuple[str, str]] = TREES,
    remedy: str = _SAVE_TENSORS,
  ):
    """Args:
    file_size: see `Calls`.
    allowed: the names that the file may mention.
    remedy: what to do about a file that mentions others.
    """
    super().__init__(file_size)
    self._allowed, self._remedy = allowed, remedy
    self._met: set[str] = set()
    self._held = self._used = 0

  def find(self, module: str, name: str) -> Global:
    if (module, name) not in self._allowed:
      raise UnsafePickleError(
        f"it asks for {quoted(f'{module}.{name}')}, which files of tensors and plain values never do",
        self._remedy,
      )
    return Global(module, name)

  def call(self, function: Any, arguments: Any) -> Any:
    if isinstance(function, Global) and type(arguments) is tuple:
      if function.key == _REBUILD and len(arguments) >= 6:
        return self._counted(tensor(*arguments[:4]))
      if function.key == _REBUILD_OLD and len(arguments) == 4:
        return self._counted(tensor(*arguments))
      if function.key == _PARAMETER and arguments and isinstance(arguments[0], LazyTensor):
        return arguments[0]
      if function.key == _ORDERED and len(arguments) == 1:
        return _ordered(arguments[0])
      if function.key == _NAMESPACE and not arguments:
        return Namespace()
      if function.key in _SETS and len(arguments) == 1 and type(arguments[0]) is list:
        return Collection(arguments[0])
    return super().call(function, arguments)

  def _counted(self, new: LazyTensor) -> LazyTensor:
    """Refuses thousands of tensors over the same numbers: each would become an array of its own."""
    if new.storage.key not in self._met:
      self._met.add(new.storage.key)
      self._held += new.storage.count * new.storage.itemsize
    self._used += new.nbytes
    if self._used > _MOST_USES * self._held + _SHARED_BYTES:
      raise DamagedFileError("its tensors use the same numbers again and again")
    return new

  def instance(self, cls: Any, arguments: Any) -> Any:
    if isinstance(cls, Global) and cls.key == _NAMESPACE and arguments == ():
      return Namespace()
    return super().instance(cls, arguments)

  def build(self, target: Any, state: Any) -> None:
    if isinstance(target, Namespace) and type(state) is dict and not target:
      target.update(state)
    elif isinstance(target, Mapping) and type(state) is dict and set(state) == {"_metadata"}:
      pass  # the versions of the modules that the weights belong to: of no use here
    else:
      super().build(target, state)


class TorchMachine(Machine):
  """The interpreter, with storages by persistent id and with sets."""

  key_types = (str, int)  # optimizers number what they remember

  def __init__(self, *arguments: Any, storages: Storages | None = None, **options: Any):
    """Args: see `Machine`; `storages`: what persistent ids name, None: nothing."""
    super().__init__(*arguments, **options)
    self._storages = storages

  def operation(self, code: bytes) -> Callable[[Machine], None] | None:
    return _OPERATIONS.get(code) or super().operation(code)

  def persistent(self) -> None:
    if self._storages is None:
      raise UnsafePickleError("it refers to something outside of it (BINPERSID)")
    self._stack.append(self._storages.storage(self._pop()))

  def add_items(self) -> None:
    items = self._pop_mark()
    target = self._top()
    if not isinstance(target, Collection):
      raise UnsafePickleError(f"it adds items to a '{type(target).__name__}'")
    target.extend(items)


_OPERATIONS: dict[bytes, Callable[[TorchMachine], None]] = {
  b"Q": TorchMachine.persistent,
  b"\x8f": lambda machine: machine.push(Collection),
  b"\x90": TorchMachine.add_items,
}


def _ordered(pairs: Any) -> Mapping:
  result = Mapping()
  if type(pairs) not in (list, tuple):
    raise UnsafePickleError("it fills a dictionary from something else than a list")
  for pair in pairs:
    if type(pair) not in (list, tuple) or len(pair) != 2 or type(pair[0]) not in (str, int):
      raise DamagedFileError("an entry of its dictionary is not a name with a value")
    if pair[0] in result:
      raise DamagedFileError(f"the entry {quoted(str(pair[0]))} comes twice")
    result[pair[0]] = pair[1]
  return result
