"""StyleGAN2-ADA's and StyleGAN3's PyTorch pickles: what the reader says about their networks."""

import importlib.util

import numpy as np
import pytest

from privai_tf.converters.errors import UnsupportedFileError
from privai_tf.converters.persistence import read_persistent_file
from privai_tf.errors import CheckpointError
from tests.converters.torch_writer import TorchWriter

VARIANTS = (None, "modern", "old_dtype")


@pytest.fixture(
  params=[(3, "numpy.core.multiarray", "dict"), (4, "numpy._core.multiarray", "Easy")]
)
def writer(request):
  protocol, module, mapping = request.param
  return TorchWriter(protocol=protocol, array_module=module, mapping=mapping)


def ordered(w, items):
  """An ordered dictionary in protocol 3, a plain one in 4, as PyTorch's versions differ."""
  start = b"}" if w.protocol == 4 else w.name("collections", "OrderedDict") + b")R"
  return w.dict(items, start) if items else start


def a_set(w):
  return b"\x8f" if w.protocol == 4 else w.name("builtins", "set") + w.tuple(b"]") + b"R"


def layer(w, weight, **more):
  return w.persistent(
    "SynthesisLayer",
    _parameters=ordered(w, {"weight": w.parameter(w.nested(weight)), "bias": b"N"}),
    _buffers=ordered(w, {"noise_strength": w.nested(np.float32(0.5))}),
    _non_persistent_buffers_set=a_set(w),
    _backward_hooks=ordered(w, {}),
    act_gain=w.scalar(np.float64(1.5)),
    **more,
  )


def small(w):
  """A generator of one layer, its weight in channels-last order."""
  weight = np.arange(24, dtype=np.float32).reshape(2, 2, 2, 3).transpose(0, 3, 1, 2)
  block = layer(w, weight, up=w.number(2), size=w.array(np.array([4, 4])))
  synthesis = w.persistent("SynthesisNetwork", _modules=ordered(w, {"b4": block}))
  return weight, w.persistent(
    _modules=ordered(w, {"synthesis": synthesis, "absent": b"N"}),
    z_dim=w.number(8),
    _init_args=w.tuple(),
    _init_kwargs=w.mapping({"z_dim": w.number(8), "synthesis_kwargs": w.mapping({"n": b"N"})}),
  )


def test_a_network(writer, write, nothing_executed):
  weight, network = small(writer)
  settings = writer.plain({"path": "dataset.zip", "max_size": None})
  path = write(writer.snapshot(network, training_set_kwargs=settings, augment_pipe=b"N", G=b"N"))
  with nothing_executed():
    file = read_persistent_file(path)
  assert list(file.networks) == ["G_ema"]
  assert file.training_set_kwargs == {"path": "dataset.zip", "max_size": None}
  assert (file.size, len(file.sha256)) == (path.stat().st_size, 64)
  found = file.network("G_ema")
  assert file.network("Gs") is found
  assert found.class_name == "Generator"
  assert found.generation == "stylegan2"
  assert found.kwargs == {"z_dim": 8, "synthesis_kwargs": {"n": None}}
  assert found.classes == {
    "": "Generator",
    "synthesis": "SynthesisNetwork",
    "synthesis.b4": "SynthesisLayer",
  }
  attributes = found.attributes["synthesis.b4"]
  assert (attributes["act_gain"], type(attributes["act_gain"])) == (1.5, float)
  assert attributes["up"] == 2
  np.testing.assert_array_equal(attributes["size"], [4, 4])
  assert list(found.tensors) == ["synthesis.b4.weight", "synthesis.b4.noise_strength"]
  assert found.tensors["synthesis.b4.weight"].strides == (12, 1, 6, 3)
  np.testing.assert_array_equal(found.tensors["synthesis.b4.weight"], weight)
  assert np.asarray(found.tensors["synthesis.b4.noise_strength"]) == 0.5
  assert found.module_source_length == 31


def test_networks_that_the_file_lacks(writer, write):
  file = read_persistent_file(write(writer.snapshot()))
  with pytest.raises(CheckpointError, match="no network 'D', only G_ema"):
    file.network("D")
  with pytest.raises(UnsupportedFileError, match="a pickle without networks"):
    read_persistent_file(write(writer.file(b"}")))


def test_a_file_with_the_training_network_only(writer, write):
  path = write(writer.file(writer.dict({"G": writer.persistent()})))
  file = read_persistent_file(path)
  assert file.network("G_ema") is file.networks["G"]


@pytest.fixture(scope="module")
def reference(shared_dir):
  """The writer of files in the original layout, and what it writes."""
  path = shared_dir / "networks" / "write_network.py"
  if not path.is_file():
    pytest.skip(f"reference data of PyTorch networks not found at {path} (set PRIVAI_SHARED)")
  spec = importlib.util.spec_from_file_location("write_network", path)
  module = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(module)
  return module


def tensors_of(tree):
  """Name -> description of each tensor in an object tree of the specification."""
  if isinstance(tree, dict):
    name = tree.get("!param", tree.get("!tensor"))
    return {name: tree} if name else tensors_of(list(tree.values()))
  return (
    {k: v for part in tree for k, v in tensors_of(part).items()} if isinstance(tree, list) else {}
  )


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("config", ["adapt_tiny", "adapt_labels", "sg3_t", "sg3_r"])
def test_every_tensor_of_the_reference_files(config, variant, reference, tmp_path):
  specs = reference.load_specs()
  objects = specs["configs"][config]["objects"]
  path = tmp_path / "network.pkl"
  reference.write_network(config, str(path), variant=variant)
  file = read_persistent_file(path)
  assert set(file.networks) == {"G", "D", "G_ema"}
  for place, network in file.networks.items():
    tree = objects["G"] if objects[place] == "same as G" else objects[place]
    expected = tensors_of(tree)
    assert set(network.tensors) == set(expected)
    for name, description in expected.items():
      value = reference.spec_value(specs["seed"], f"{config}/{place}/{name}", description)
      np.testing.assert_array_equal(network.tensors[name], value, err_msg=name)
  generation = "stylegan3" if config.startswith("sg3") else "stylegan2"
  assert file.network("G_ema").generation == generation
