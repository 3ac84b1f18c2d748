"""Writes network pickles operation by operation, well-formed ones and hostile ones."""

import contextlib
import pickletools  # noqa: F401  (imported before the audit: messages need it)
import struct
import sys

import numpy as np
import pytest

from tests.converters import download_server


class Assembler:
  """Puts pickles together from single operations, for one protocol and one dialect.

  Args:
    protocol: 2, 3, 4 or 5 (arrays at once, from a buffer).
    dialect: "python3", or "python2" (byte strings for text and array contents; protocol 2).
    array_module: "numpy.core.multiarray" (numpy 1) or "numpy._core.multiarray" (numpy 2).
    mapping: "dict" or "EasyDict", for keyword arguments and components.
  """

  def __init__(
    self,
    protocol=4,
    dialect="python3",
    array_module="numpy.core.multiarray",
    mapping="dict",
    network=("dnnlib.tflib.network", "Network"),
    version=3,
  ):
    self.protocol, self.dialect, self.mapping_kind = protocol, dialect, mapping
    self.array_module, self.network_class, self.version = array_module, network, version

  # Operations.

  def text(self, value):
    if self.dialect == "python2":
      data = value.encode("latin-1")
      return b"U" + bytes([len(data)]) + data if len(data) < 256 else self.long_string(data)
    data = value.encode("utf-8", "surrogatepass")
    if self.protocol >= 4 and len(data) < 256:
      return b"\x8c" + bytes([len(data)]) + data
    return b"X" + struct.pack("<I", len(data)) + data

  def long_string(self, data):
    return b"T" + struct.pack("<i", len(data)) + data

  def data(self, value):
    if self.dialect == "python2":
      return b"U" + bytes([len(value)]) + value if len(value) < 256 else self.long_string(value)
    if self.protocol == 2:
      arguments = self.tuple(self.text(value.decode("latin-1")), self.text("latin1"))
      return self.name("_codecs", "encode") + arguments + b"R"
    if len(value) < 256:
      return b"C" + bytes([len(value)]) + value
    return b"B" + struct.pack("<I", len(value)) + value

  def number(self, value):
    if isinstance(value, bool):
      return b"\x88" if value else b"\x89"
    if isinstance(value, float):
      return b"G" + struct.pack(">d", value)
    if 0 <= value < 256:
      return b"K" + bytes([value])
    if -(1 << 31) <= value < 1 << 31:
      return b"J" + struct.pack("<i", value)
    size = value.bit_length() // 8 + 1
    return b"\x8a" + bytes([size]) + value.to_bytes(size, "little", signed=True)

  def plain(self, value):
    if value is None:
      return b"N"
    if isinstance(value, str):
      return self.text(value)
    if isinstance(value, np.generic):
      return self.scalar(value)
    if isinstance(value, tuple):
      return self.tuple(*(self.plain(v) for v in value))
    if isinstance(value, list):
      return self.list(*(self.plain(v) for v in value))
    if isinstance(value, dict):
      return self.dict({k: self.plain(v) for k, v in value.items()})
    return self.number(value)

  def name(self, module, name):
    if self.protocol >= 4:
      return self.text(module) + self.text(name) + b"\x93"
    return f"c{module}\n{name}\n".encode()

  def tuple(self, *parts):
    return b"(" + b"".join(parts) + b"t" if parts else b")"

  def list(self, *parts):
    return b"](" + b"".join(parts) + b"e"

  def dict(self, items, start=b"}"):
    return start + b"(" + b"".join(self.text(k) + v for k, v in items.items()) + b"u"

  def mapping(self, items):
    if self.mapping_kind == "dict":
      return self.dict(items)
    return self.dict(items, self.name("dnnlib.util", "EasyDict") + b")\x81")

  def file(self, body):
    return b"\x80" + bytes([self.protocol]) + body + b"."

  # NumPy.

  def dtype(self, code="f4", order="<"):
    start = self.name("numpy", "dtype") + self.plain((code, 0, 1)) + b"R"
    return start + self.plain((3, order, None, None, None, -1, -1, 0)) + b"b"

  def raw_array(self, shape, data, dtype=None, fortran=False):
    start = self.name(self.array_module, "_reconstruct")
    start += self.tuple(self.name("numpy", "ndarray"), self.tuple(b"K\x00"), self.data(b"b")) + b"R"
    state = (b"K\x01", shape, dtype or self.dtype(), self.number(fortran), self.data(data))
    return start + self.tuple(*state) + b"b"

  def buffered_array(self, shape, data, dtype=None, order="C"):
    parts = b"\x96" + struct.pack("<Q", len(data)) + data, dtype or self.dtype(), shape
    start = self.name(self.array_module.replace("multiarray", "numeric"), "_frombuffer")
    return start + self.tuple(*parts, self.text(order)) + b"R"

  def array(self, value):
    dtype = self.dtype(value.dtype.str[1:], value.dtype.str[0])
    fortran = value.flags.f_contiguous and not value.flags.c_contiguous
    data = value.tobytes("F" if fortran else "C")
    if self.protocol == 5:
      return self.buffered_array(self.plain(value.shape), data, dtype, "F" if fortran else "C")
    return self.raw_array(self.plain(value.shape), data, dtype, fortran)

  def scalar(self, value):
    arguments = self.tuple(
      self.dtype(value.dtype.str[1:], value.dtype.str[0]), self.data(value.tobytes())
    )
    return self.name(self.array_module, "scalar") + arguments + b"R"

  # Networks.

  def state(self, name, function, variables, arguments=None, components=None, entries=None):
    """The entries of a network's state as operations; `entries` replaces or (None) drops some."""
    values = [
      self.tuple(self.text(key), self.array(v) if isinstance(v, np.ndarray) else self.scalar(v))
      for key, v in variables.items()
    ]
    state = {
      "version": self.number(self.version),
      "name": self.text(name),
      "static_kwargs": self.mapping({k: self.plain(v) for k, v in (arguments or {}).items()}),
      "components": self.mapping(components or {}),
      "build_module_src": self.text("raise RuntimeError('executed')\n"),
      "build_func_name": self.text(function),
      "variables": self.list(*values),
    } | (entries or {})
    if self.network_class[0] == "tfutil":
      del state["components"]
    return {key: value for key, value in state.items() if value is not None}

  def instance(self, state):
    return self.name(*self.network_class) + b")\x81" + state + b"b"

  def network(self, name, function, variables, **more):
    return self.instance(self.dict(self.state(name, function, variables, **more)))

  def small(self, name="Gs", **more):
    """A network of two variables: enough for the reader, which knows no architectures."""
    variables = {"lod": np.float32(0), "weight": np.arange(6, dtype=np.float32).reshape(2, 3)}
    return self.network(name, "G_style", variables, **more)

  def official(self, **more):
    """The file of a tuple (G, D, Gs)."""
    return self.file(self.tuple(*(self.small(name, **more) for name in ("G", "D", "Gs"))))


@pytest.fixture(scope="session")
def assembler():
  """The class that puts pickles together."""
  return Assembler


@pytest.fixture
def write(tmp_path):
  """Writes bytes as a file and gives its path."""

  def write_file(data, name="network.pkl"):
    path = tmp_path / name
    path.write_bytes(data)
    return path

  return write_file


_FORBIDDEN_EVENTS = frozenset(
  [
    "exec",
    "compile",
    "import",
    "marshal.loads",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "subprocess.Popen",
    "pickle.find_class",
    "object.__setattr__",
    "code.__new__",
    "socket.connect",
    "ctypes.dlopen",
  ]
)
_events: list[str] | None = None


def _audit(event, arguments):
  if _events is not None and event in _FORBIDDEN_EVENTS:
    _events.append(event)


@pytest.fixture(scope="session")
def _hook():
  "\n".encode("unicode_escape")  # Python imports this codec, for messages, on first use
  sys.addaudithook(_audit)  # cannot be removed; idle while `_events` is None


@pytest.fixture
def canary(tmp_path):
  """A path that an attack would create."""
  return tmp_path / "executed"


@pytest.fixture
def nothing_executed(_hook, canary):
  """A context that fails if Python imported, compiled or ran anything, or the canary was touched."""

  @contextlib.contextmanager
  def context():
    global _events
    _events = []
    try:
      yield
    finally:
      events, _events = _events, None
    assert events == []
    assert not canary.exists()

  return context


@pytest.fixture
def site():
  """What a server of our own serves, and how it misbehaves."""
  with download_server.serving() as served:
    yield served
