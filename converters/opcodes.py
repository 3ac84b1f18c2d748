"""A small interpreter of pickle opcodes: an allow-list, no recursion, bounded in time and memory.

Python's own unpickler cannot be made safe for untrusted files: its opcodes call, set attributes and
build containers without limits. Network files need forty harmless opcodes and a few thousand steps;
the arrays are read straight from the file, so that a slow interpreter costs nothing.

Bounds: every step reads at least one byte; a length is compared with what is left of the file before
anything is allocated; dictionary keys are short texts (hashing a nest of shared tuples would take
exponential time); nothing here compares, prints, copies or walks containers.
"""

import struct
from collections.abc import Callable
from typing import IO, Any

from privai_tf.converters.calls import Calls
from privai_tf.converters.errors import DamagedFileError, UnsafePickleError
from privai_tf.converters.inert import Text
from privai_tf.converters.text import decode

MAX_STEPS = 250_000  # official files: about 10,000
MAX_NAME_BYTES = 1 << 16  # longer texts stay undecoded
MAX_TEXT_BYTES = 1 << 24  # of all decoded texts together
MAX_INTEGER_BYTES = 16
MAX_GLOBAL_BYTES = 256
PROTOCOLS = (2, 3, 4, 5)


class Machine:
  """Reads one pickle from a file positioned at its start."""

  key_types: tuple[type, ...] = (str,)  # of dictionaries; cheap to hash whatever the file says

  def __init__(
    self, file: IO[bytes], size: int, calls: Calls | None = None, more_follows: bool = False
  ):
    """Args:
    file: of `size` bytes from its position on, opened for buffered binary reading.
    size: see there.
    calls: what the file may call; network files' by default.
    more_follows: whether the file goes on after the pickle.
    """
    self._file = file
    self._left = size
    self._calls = calls or Calls(size)
    self._more_follows = more_follows
    self._text_left = MAX_TEXT_BYTES
    self._stack: list[Any] = []
    self._marks: list[int] = []
    self._memo: dict[int, Any] = {}

  def run(self) -> Any:
    """Interprets the pickle.

    Returns:
      The value at STOP: plain Python values and the inert objects of `converters.inert`, not yet
      checked; it may be cyclic or a nest of shared containers.

    Raises:
      UnsafePickleError: an opcode or a name outside the allow-list.
      DamagedFileError: the file breaks off or contradicts itself.
    """
    if self._read(1) != b"\x80" or self._read(1)[0] not in PROTOCOLS:
      raise UnsafePickleError("it is not a pickle of protocol 2, 3, 4 or 5")
    for _ in range(MAX_STEPS):
      code = self._read(1)
      if code == b".":
        return self._finish()
      operation = self.operation(code)
      if operation is None:
        raise UnsafePickleError(f"it uses the pickle operation {_operation_name(code)}")
      operation(self)
    raise DamagedFileError(f"it takes more than {MAX_STEPS} steps to read")

  def operation(self, code: bytes) -> "Callable[[Machine], None] | None":
    """What a pickle operation does; None: it is not allowed."""
    return _OPERATIONS.get(code)

  def _finish(self) -> Any:
    if self._marks or len(self._stack) != 1:
      raise DamagedFileError("it ends with unfinished parts")
    if self._left and not self._more_follows:
      raise DamagedFileError(f"{self._left} bytes follow its end")
    return self._stack.pop()

  # Reading.

  def _read(self, count: int) -> bytes:
    if count > self._left:
      raise DamagedFileError("it breaks off (truncated)")
    data = self._file.read(count)
    if len(data) != count:
      raise DamagedFileError("it became shorter while it was read")
    self._left -= count
    return data

  def _number(self, form: str) -> Any:
    return struct.unpack(form, self._read(struct.calcsize(form)))[0]

  def _line(self) -> str:
    data = self._file.readline(MAX_GLOBAL_BYTES)
    self._left -= len(data)
    if not data.endswith(b"\n"):
      raise DamagedFileError("it breaks off within a name, or has a name that is too long")
    return decode(data[:-1], "utf-8")

  # The stack.

  def _pop(self) -> Any:
    if len(self._stack) <= (self._marks[-1] if self._marks else 0):
      raise DamagedFileError("it takes a value that was never given")
    return self._stack.pop()

  def _top(self) -> Any:
    value = self._pop()
    self._stack.append(value)
    return value

  def _pop_many(self, count: int) -> list[Any]:
    return [self._pop() for _ in range(count)][::-1]

  def _pop_mark(self) -> list[Any]:
    if not self._marks:
      raise DamagedFileError("it closes a group that was never opened")
    start = self._marks.pop()
    values = self._stack[start:]
    del self._stack[start:]
    return values

  # Operations.

  def mark(self) -> None:
    self._marks.append(len(self._stack))

  def frame(self) -> None:
    if self._number("<Q") > self._left:
      raise DamagedFileError("it breaks off (truncated)")

  def integer(self, form: str) -> None:
    self._stack.append(self._number(form))

  def long_integer(self) -> None:
    size = self._number("<B")
    if size > MAX_INTEGER_BYTES:
      raise DamagedFileError(f"it holds a whole number of {size} bytes")
    self._stack.append(int.from_bytes(self._read(size), "little", signed=True))

  def text(self, form: str, encoding: str) -> None:
    size = self._length(form)
    data = self._read(size)
    if size > MAX_NAME_BYTES:
      self._stack.append(Text(data, encoding))
      return
    self._text_left -= size
    if self._text_left < 0:
      raise DamagedFileError("it holds more text than any network needs")
    self._stack.append(decode(data, encoding))

  def data(self, form: str) -> None:
    self._stack.append(self._read(self._length(form)))

  def _length(self, form: str) -> int:
    size = self._number(form)
    if size < 0:
      raise DamagedFileError(f"it states the length {size}")
    return size

  def tuple_of(self, count: int | None) -> None:
    values = self._pop_mark() if count is None else self._pop_many(count)
    self._stack.append(tuple(values))

  def append(self, many: bool) -> None:
    values = self._pop_mark() if many else [self._pop()]
    target = self._top()
    if type(target) is not list:
      raise UnsafePickleError(f"it appends to a '{type(target).__name__}'")
    target.extend(values)

  def set_items(self, many: bool) -> None:
    values = self._pop_mark() if many else self._pop_many(2)
    target = self._top()
    if not isinstance(target, dict):
      raise UnsafePickleError(f"it sets items of a '{type(target).__name__}'")
    if len(values) % 2:
      raise DamagedFileError("it has a key without a value")
    for key, value in zip(values[::2], values[1::2], strict=True):
      if type(key) not in self.key_types or key in target:
        raise DamagedFileError("a dictionary in it has a key that is no text or comes twice")
      target[key] = value

  def put(self, form: str | None) -> None:
    key = len(self._memo) if form is None else self._number(form)
    if key in self._memo:
      raise DamagedFileError("it numbers two values alike")
    self._memo[key] = self._top()

  def get(self, form: str) -> None:
    key = self._number(form)
    if key not in self._memo:
      raise DamagedFileError("it refers to a value that was never given")
    self._stack.append(self._memo[key])

  def name(self) -> None:
    self._stack.append(self._calls.find(self._line(), self._line()))

  def name_from_stack(self) -> None:
    module, name = self._pop_many(2)
    if type(module) is not str or type(name) is not str:
      raise UnsafePickleError("it asks for a name (STACK_GLOBAL) that is not text")
    self._stack.append(self._calls.find(module, name))

  def call(self) -> None:
    function, arguments = self._pop_many(2)
    self._stack.append(self._calls.call(function, arguments))

  def instance(self) -> None:
    cls, arguments = self._pop_many(2)
    self._stack.append(self._calls.instance(cls, arguments))

  def build(self) -> None:
    state = self._pop()
    self._calls.build(self._top(), state)

  def push(self, make: Callable[[], Any]) -> None:
    self._stack.append(make())


_OPERATIONS: dict[bytes, Callable[[Machine], None]] = {
  b"\x95": Machine.frame,
  b"(": Machine.mark,
  b"N": lambda machine: machine.push(lambda: None),
  b"\x88": lambda machine: machine.push(lambda: True),
  b"\x89": lambda machine: machine.push(lambda: False),
  b"J": lambda machine: machine.integer("<i"),
  b"K": lambda machine: machine.integer("<B"),
  b"M": lambda machine: machine.integer("<H"),
  b"G": lambda machine: machine.integer(">d"),
  b"\x8a": Machine.long_integer,
  b"\x8c": lambda machine: machine.text("<B", "utf-8"),
  b"X": lambda machine: machine.text("<I", "utf-8"),
  b"\x8d": lambda machine: machine.text("<Q", "utf-8"),
  b"U": lambda machine: machine.text("<B", "latin-1"),  # Python 2
  b"T": lambda machine: machine.text("<i", "latin-1"),  # Python 2
  b"C": lambda machine: machine.data("<B"),
  b"B": lambda machine: machine.data("<I"),
  b"\x8e": lambda machine: machine.data("<Q"),
  b"\x96": lambda machine: machine.data(
    "<Q"
  ),  # protocol 5: a bytearray, here as unchangeable bytes
  b")": lambda machine: machine.push(tuple),
  b"t": lambda machine: machine.tuple_of(None),
  b"\x85": lambda machine: machine.tuple_of(1),
  b"\x86": lambda machine: machine.tuple_of(2),
  b"\x87": lambda machine: machine.tuple_of(3),
  b"]": lambda machine: machine.push(list),
  b"a": lambda machine: machine.append(many=False),
  b"e": lambda machine: machine.append(many=True),
  b"}": lambda machine: machine.push(dict),
  b"s": lambda machine: machine.set_items(many=False),
  b"u": lambda machine: machine.set_items(many=True),
  b"\x94": lambda machine: machine.put(None),
  b"q": lambda machine: machine.put("<B"),
  b"r": lambda machine: machine.put("<I"),
  b"h": lambda machine: machine.get("<B"),
  b"j": lambda machine: machine.get("<I"),
  b"c": Machine.name,
  b"\x93": Machine.name_from_stack,
  b"R": Machine.call,
  b"\x81": Machine.instance,
  b"b": Machine.build,
}


def _operation_name(code: bytes) -> str:
  import pickletools  # only for the message

  known = pickletools.code2op.get(code.decode("latin-1"))
  return known.name if known else f"0x{code.hex()}"
