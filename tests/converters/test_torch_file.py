"""PyTorch's files of weights, written here in both of their forms, and hostile ones."""

import collections
import io
import pickle
import struct
import sys
import types
import zipfile

import numpy as np
import pytest

from privai_tf.converters.errors import NetworkFileError, UnsafePickleError, UnsupportedFileError
from privai_tf.converters.torch_file import read_state_dict
from privai_tf.errors import InputError

_MAGIC = 0x1950A86A20F9469CFC6C
_SYSTEM = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"int": 4}}


class Storage:
  """Named in the pickle, kept outside of it."""

  def __init__(self, key, values):
    self.key, self.values = key, np.ascontiguousarray(values).reshape(-1)


class Tensor:
  """Pickled as `torch.Tensor` is: a call with a storage."""

  def __init__(self, storage, offset, shape, strides, function):
    self.arguments = (storage, offset, shape, strides, False, collections.OrderedDict())
    self.function = function

  def __reduce__(self):
    return self.function, self.arguments


@pytest.fixture
def torch(monkeypatch):
  """The names that PyTorch's pickles mention, for the writing only."""
  module, helpers = types.ModuleType("torch"), types.ModuleType("torch._utils")
  module.FloatStorage = type("FloatStorage", (), {"__module__": "torch"})
  module.DoubleStorage = type("DoubleStorage", (), {"__module__": "torch"})

  def _rebuild_tensor_v2(*_):
    raise AssertionError("executed")

  _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = (
    "torch._utils",
    "_rebuild_tensor_v2",
  )
  helpers._rebuild_tensor_v2 = _rebuild_tensor_v2
  monkeypatch.setitem(sys.modules, "torch", module)
  monkeypatch.setitem(sys.modules, "torch._utils", helpers)
  return module, helpers


class Writer:
  """Writes what `torch.save` writes."""

  def __init__(self, torch):
    self.module, self.helpers = torch
    self.kind = self.module.FloatStorage
    self.storages = {}

  def tensor(self, values, offset=0, shape=None, strides=None):
    dtype = "<f8" if self.kind is self.module.DoubleStorage else "<f4"
    storage = Storage(str(len(self.storages)), np.asarray(values, dtype))
    self.storages[storage.key] = storage
    shape = values.shape if shape is None else shape
    if strides is None:
      strides = tuple(int(np.prod(shape[i + 1 :])) for i in range(len(shape)))
    return Tensor(storage, offset, shape, strides, self.helpers._rebuild_tensor_v2)

  def pickled(self, value, legacy):
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer, protocol=2)

    def name(thing):
      if not isinstance(thing, Storage):
        return None
      place = ("storage", self.kind, thing.key, "cpu", len(thing.values))
      return (*place, None) if legacy else place

    pickler.persistent_id = name
    pickler.dump(value)
    return buffer.getvalue()

  def legacy(self, path, value):
    keys = list(self.storages)
    parts = [pickle.dumps(v, protocol=2) for v in (_MAGIC, 1001, _SYSTEM)]
    parts += [self.pickled(value, legacy=True), pickle.dumps(keys, protocol=2)]
    for key in keys:
      values = self.storages[key].values
      parts += [struct.pack("<q", len(values)), values.tobytes()]
    path.write_bytes(b"".join(parts))
    return path

  def archive(self, path, value):
    with zipfile.ZipFile(path, "w") as archive:
      archive.writestr("weights/data.pkl", self.pickled(value, legacy=False))
      for key, storage in self.storages.items():
        archive.writestr(f"weights/data/{key}", storage.values.tobytes())
      archive.writestr("weights/version", "3\n")
    return path


@pytest.fixture(params=["legacy", "archive"])
def save(request, torch, tmp_path):
  writer = Writer(torch)
  writer.save = lambda value: getattr(writer, request.param)(tmp_path / "weights.pth", value)
  return writer


def test_tensors_come_back(save):
  random = np.random.default_rng(0)
  values = {"lin0.weight": random.normal(size=(1, 5, 1, 1)), "fc.bias": random.normal(size=7)}
  state = collections.OrderedDict((name, save.tensor(v)) for name, v in values.items())
  state["part"] = save.tensor(np.arange(12.0), offset=4, shape=(2, 3))
  state._metadata = collections.OrderedDict([("", {"version": 1})])
  path = save.save(state)
  found = read_state_dict(path)
  assert list(found) == ["lin0.weight", "fc.bias", "part"]
  for name, value in values.items():
    assert found[name].dtype == np.float32
    np.testing.assert_array_equal(found[name], value.astype(np.float32))
  np.testing.assert_array_equal(found["part"], [[4, 5, 6], [7, 8, 9]])
  assert list(read_state_dict(path, prefix="lin")) == ["lin0.weight"]


def test_strides_are_followed(save):
  values = np.arange(6.0).reshape(2, 3)
  path = save.save({"a": save.tensor(values, shape=(3, 2), strides=(1, 3))})
  np.testing.assert_array_equal(read_state_dict(path)["a"], values.T)


def test_other_numbers_are_refused(save):
  save.kind = save.module.DoubleStorage
  path = save.save({"a": save.tensor(np.zeros((4, 4)))})
  with pytest.raises(UnsupportedFileError, match="not all of float32"):
    read_state_dict(path)


class Bomb:
  def __reduce__(self):
    return print, ("executed",)


@pytest.mark.parametrize("kind", ["call", "strides", "beyond", "number", "cut"])
def test_what_is_refused(save, kind, capsys):
  state = {"a": save.tensor(np.zeros((4, 4)))}
  if kind == "call":
    state["b"] = Bomb()
  elif kind == "strides":
    state["b"] = save.tensor(np.zeros((2, 3)), strides=(3, 2))
  elif kind == "beyond":
    state["b"] = save.tensor(np.zeros(4), offset=2, shape=(3,))
  elif kind == "number":
    state["b"] = 3
  path = save.save(state)
  if kind == "cut":
    path.write_bytes(path.read_bytes()[:-30])
  with pytest.raises(NetworkFileError, match=r"weights\.pth") as caught:
    read_state_dict(path)
  assert "\n" not in str(caught.value)
  assert isinstance(caught.value, UnsafePickleError) == (kind == "call")
  assert "executed" not in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"text", pickle.dumps(3, 2), b"PK\x03\x04nothing"])
def test_other_files(tmp_path, content):
  (tmp_path / "weights.pth").write_bytes(content)
  with pytest.raises(NetworkFileError, match=r"weights\.pth"):
    read_state_dict(tmp_path / "weights.pth")


def test_absent(tmp_path):
  with pytest.raises(InputError, match="Cannot read"):
    read_state_dict(tmp_path / "absent.pth")
