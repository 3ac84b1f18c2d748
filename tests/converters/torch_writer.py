"""Writes files as `torch.save` and StyleGAN2-ADA's training write them, operation by operation."""

import io
import struct
import zipfile

import numpy as np

from tests.converters.conftest import Assembler

MAGIC = 0x1950A86A20F9469CFC6C
SYSTEM = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"int": 4}}
_KINDS = {
  "f4": "FloatStorage",
  "f8": "DoubleStorage",
  "f2": "HalfStorage",
  "i8": "LongStorage",
  "i4": "IntStorage",
  "i2": "ShortStorage",
  "i1": "CharStorage",
  "u1": "ByteStorage",
  "b1": "BoolStorage",
}


def memory(value):
  """The numbers of an array as they lie in memory: a permuted view keeps the order of its base."""
  order = sorted(range(value.ndim), key=lambda axis: (-value.strides[axis], axis))
  return np.ascontiguousarray(value.transpose(order)).reshape(-1)


class TorchWriter(Assembler):
  """Puts PyTorch's files together; `stored` collects the numbers of the storages.

  Args:
    container: "stream" or "zip".
    protocol: of the pickles.
  """

  def __init__(self, container="stream", protocol=2, **options):
    super().__init__(protocol=protocol, **options)
    self.container, self.stored = container, {}

  # Tensors.

  def storage(self, key, count, kind="FloatStorage", place="cpu", view=b"N"):
    parts = [self.text("storage"), self.name("torch", kind), self.text(key), self.text(place)]
    parts += [self.number(count)] + [view] * (self.container == "stream")
    return self.tuple(*parts) + b"Q"

  def raw_tensor(self, storage, offset=0, shape=(), strides=()):
    arguments = [storage, self.plain(offset), self.plain(shape), self.plain(strides), b"\x89"]
    ordered = self.name("collections", "OrderedDict") + b")R"
    return self.name("torch._utils", "_rebuild_tensor_v2") + self.tuple(*arguments, ordered) + b"R"

  def tensor(self, value, place="cpu"):
    """An array, with its strides, in a storage of its own."""
    value, key = np.asarray(value), str(len(self.stored))
    numbers = memory(value)
    self.stored[key] = (len(numbers), numbers.tobytes())
    kind = _KINDS[value.dtype.str[1:]]
    strides = tuple(stride // value.itemsize for stride in value.strides)
    return self.raw_tensor(self.storage(key, len(numbers), kind, place), 0, value.shape, strides)

  def view(self, offset=0, shape=(), strides=(), count=12, key="shared"):
    """A tensor in a storage of `count` zeros."""
    self.stored.setdefault(key, (count, bytes(4 * count)))
    return self.raw_tensor(self.storage(key, count), offset, shape, strides)

  def parameter(self, tensor):
    ordered = self.name("collections", "OrderedDict") + b")R"
    arguments = self.tuple(tensor, b"\x89", ordered)
    return self.name("torch._utils", "_rebuild_parameter") + arguments + b"R"

  def state_dict(self, tensors):
    """An ordered dictionary of arrays (or operations), with the versions of its modules."""
    entries = {k: v if isinstance(v, bytes) else self.tensor(v) for k, v in tensors.items()}
    ordered = self.dict(entries, self.name("collections", "OrderedDict") + b")R")
    return ordered + self.dict({"_metadata": self.dict({"": self.plain({"version": 1})})}) + b"b"

  # Containers.

  def save(self, body, **options):
    """The whole file of a body."""
    return (self.stream if self.container == "stream" else self.archive)(body, **options)

  def stream(
    self, body, magic=MAGIC, version=1001, system=None, keys=None, storages=None, tail=b""
  ):
    stored = sorted(self.stored.items()) if storages is None else storages
    keys = [key for key, _ in stored] if keys is None else keys
    parts = [
      self.plain(magic),
      self.plain(version),
      self.plain(SYSTEM if system is None else system),
    ]
    parts += [body, self.list(*map(self.text, keys))]
    data = b"".join(map(self.file, parts))
    return data + b"".join(struct.pack("<q", count) + v for _, (count, v) in stored) + tail

  def archive(self, body, root="archive", storages=None, extra=(), compress=False):
    stored = self.stored.items() if storages is None else storages
    buffer, kind = io.BytesIO(), zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    with zipfile.ZipFile(buffer, "w") as file:
      if body is not None:
        file.writestr(f"{root}/data.pkl", self.file(body))
      for key, (_, values) in stored:
        file.writestr(f"{root}/data/{key}", values, kind)
      for name, values in (("version", b"3\n"), *extra):
        file.writestr(f"{root}/{name}", values)
    return buffer.getvalue()

  # Objects of torch_utils.persistence: tensors are inside the pickle.

  def nested(self, value, **options):
    """A tensor as such pickles hold it."""
    value = np.asarray(value)
    inner = TorchWriter()
    numbers = memory(value)
    inner.stored["7"] = (len(numbers), numbers.tobytes())
    data = inner.stream(inner.storage("7", len(numbers)), **options)
    strides = tuple(stride // value.itemsize for stride in value.strides)
    return self.raw_tensor(self.from_bytes(self.data(data)), 0, value.shape, strides)

  def from_bytes(self, data):
    return self.name("torch.storage", "_load_from_bytes") + self.tuple(data) + b"R"

  def persistent(self, name="Generator", entries=None, **state):
    """An object; `state` in operations, `entries` replaces or (None) drops entries around it."""
    values = {"training": b"\x89", "_parameters": b"}", "_buffers": b"}", "_modules": b"}"}
    meta = {
      "type": self.text("class"),
      "version": self.number(6),
      "module_src": self.text("raise RuntimeError('executed')\n"),
      "class_name": self.text(name),
      "state": self.dict(values | state),
    } | (entries or {})
    meta = self.dict({key: value for key, value in meta.items() if value is not None})
    return (
      self.name("torch_utils.persistence", "_reconstruct_persistent_obj") + self.tuple(meta) + b"R"
    )

  def snapshot(self, network=None, **more):
    """A file with G_ema."""
    network = self.persistent() if network is None else network
    return self.file(self.dict({"G_ema": network} | more))
