"""Well-formed network files are read whatever Python and NumPy wrote them."""

import hashlib
import pickle
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

from privai_tf.converters.errors import UnsupportedFileError
from privai_tf.converters.restricted_pickle import read_network_file, read_network_pickle

VARIANTS = {
  "protocol 4": {},
  "protocol 4 with EasyDict": {"mapping": "EasyDict"},
  "protocol 4 of numpy 2": {"array_module": "numpy._core.multiarray"},
  "protocol 5": {"protocol": 5},
  "protocol 5 of numpy 2": {"protocol": 5, "array_module": "numpy._core.multiarray"},
  "protocol 3": {"protocol": 3},
  "protocol 2 of Python 3": {"protocol": 2},
  "protocol 2 of Python 2": {"protocol": 2, "dialect": "python2", "mapping": "EasyDict"},
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_dialect_gives_the_same_records(variant, assembler, write):
  writer = assembler(**VARIANTS[variant])
  rng = np.random.default_rng(5)
  variables = {
    "lod": np.float32(1.5),
    "4x4/Conv/weight": rng.standard_normal((3, 3, 8, 16)).astype(np.float32),
    "bias": rng.standard_normal(5).astype(np.float32),
    "long": rng.standard_normal(20_000).astype(np.float32),
  }
  arguments = {
    "resolution": 1024,
    "fused_scale": "auto",
    "truncation_psi": 0.7,
    "big": 1 << 40,
    "negative": -5,
    "flag": True,
    "nothing": None,
    "shape": (1, [2, "x"]),
    "inner": {"a": 1},
    "numpy": np.int64(7),
  }
  component = writer.network("G_mapping", "G_mapping", {"b": np.ones(2, np.float32)})
  one = {
    name: writer.network(
      name, "G_style", variables, arguments=arguments, components={"mapping": component}
    )
    for name in ("G", "D", "Gs")
  }
  data = writer.file(writer.tuple(*one.values()))
  networks = read_network_pickle(write(data))
  assert [n.name for n in networks] == ["G", "D", "Gs"]
  for network in networks:
    assert network.class_name == "dnnlib.tflib.network.Network"
    assert (network.version, network.build_func_name) == (3, "G_style")
    assert network.static_kwargs == arguments
    assert type(network.static_kwargs) is dict
    assert list(network.components) == ["mapping"]
    assert network.components["mapping"].variables["b"].tolist() == [1, 1]
    assert list(network.variables) == list(variables)
    for name, value in variables.items():
      assert network.variables[name].dtype == np.float32
      assert network.variables[name].shape == np.shape(value)
      np.testing.assert_array_equal(network.variables[name], value)
      assert not network.variables[name].flags.writeable
    source = b"raise RuntimeError('executed')\n"
    assert network.module_source_sha256 == hashlib.sha256(source).hexdigest()
    assert network.module_source_length == len(source)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_python_s_own_pickler_is_understood(protocol, write):
  """The real pickler, with its memo, frames and tuples, on classes of the official names."""
  code = f"""
import pickle, sys, types
import numpy as np
for name in ("dnnlib", "dnnlib.tflib", "dnnlib.tflib.network", "dnnlib.util"):
  sys.modules[name] = types.ModuleType(name)
class EasyDict(dict):
  pass
class Network:
  def __getstate__(self):
    return self.state
EasyDict.__module__, Network.__module__ = "dnnlib.util", "dnnlib.tflib.network"
EasyDict.__qualname__, Network.__qualname__ = "EasyDict", "Network"
sys.modules["dnnlib.util"].EasyDict = EasyDict
sys.modules["dnnlib.tflib.network"].Network = Network
def network(name, components):
  made = Network()
  arrays = [np.arange(40000, dtype=np.float32).reshape(2, 20000), np.ones((2, 3), np.float32)]
  made.state = dict(
    version=3, name=name, static_kwargs=EasyDict(a=1, b=(2.5, None)), components=components,
    build_module_src="# text", build_func_name="G_style",
    variables=[("lod", np.float32(0.5)), *zip("vw", arrays)])
  return made
inner = network("G_mapping", EasyDict())
networks = tuple(network(name, EasyDict(mapping=inner)) for name in ("G", "D", "Gs"))
sys.stdout.buffer.write(pickle.dumps(networks, protocol={protocol}))
"""
  made = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
  file = read_network_file(write(made))
  assert (file.sha256, file.size) == (hashlib.sha256(made).hexdigest(), len(made))
  for network in file.networks:
    assert network.static_kwargs == {"a": 1, "b": (2.5, None)}
    assert network.components["mapping"].name == "G_mapping"
    np.testing.assert_array_equal(network.variables["v"].ravel(), np.arange(40000))
    assert float(network.variables["lod"]) == 0.5


def test_progressive_gan_state_and_a_lone_network(assembler, write):
  writer = assembler(network=("tfutil", "Network"), version=2)
  (network,) = read_network_pickle(write(writer.file(writer.small("D"))))
  assert (network.class_name, network.version, network.components) == ("tfutil.Network", 2, {})


def test_array_layouts_and_types(assembler, write):
  writer = assembler()
  matrix = np.arange(6.0).reshape(2, 3)
  variables = {
    "fortran": np.asfortranarray(matrix.astype(np.float32)),
    "big_endian": matrix.astype(">f4"),
    "double": matrix,
    "half": matrix.astype(np.float16),
    "scalar": np.array(3, np.float32),
  }
  (network,) = read_network_pickle(write(writer.file(writer.network("G", "f", variables))))
  for name, value in variables.items():
    np.testing.assert_array_equal(network.variables[name], value)
    assert network.variables[name].dtype.isnative


def test_long_source_text_is_hashed_and_not_kept(assembler, write):
  writer = assembler()
  text = "# é\n" * 60_000
  data = writer.file(writer.small(entries={"build_module_src": writer.text(text)}))
  (network,) = read_network_pickle(write(data))
  assert network.module_source_sha256 == hashlib.sha256(text.encode()).hexdigest()
  assert network.module_source_length == len(text.encode())
  assert text[:3] not in repr(network)


def test_one_network_object_used_twice_is_read_once(assembler, write):
  writer = assembler()
  data = writer.file(b"(" + writer.small("G") + b"\x94h\x00h\x00t")
  networks = read_network_pickle(write(data))
  assert networks[0] is networks[1] is networks[2]


def test_arrays_are_read_without_copies(assembler, write):
  writer = assembler()
  value = np.zeros(2_000_000, np.float32)
  path = write(writer.file(writer.network("G", "f", {"w": value})))
  tracemalloc.start()
  networks = read_network_pickle(path)
  _, peak = tracemalloc.get_traced_memory()
  tracemalloc.stop()
  assert networks[0].variables["w"].nbytes == value.nbytes
  assert peak < 1.2 * value.nbytes + 2_000_000


@pytest.mark.parametrize(
  ("config", "easydict"), [("sg_tiny", False), ("sg_labels", True), ("pg_tiny", False)]
)
def test_files_of_the_official_layout(config, easydict, shared_dir, tmp_path):
  """The reader against NumPy and Python's own pickler, which the script uses."""
  path = tmp_path / "official.pkl"
  script = shared_dir / "official" / "write_pickle.py"
  options = ["--easydict"] if easydict else []
  subprocess.run([sys.executable, str(script), config, str(path), *options], check=True)
  networks = read_network_pickle(path)
  assert [n.name for n in networks] == ["G", "D", "Gs"]
  assert networks[2].variables["lod"].shape == ()
  expected = ["synthesis", "mapping"] if config.startswith("sg") else []
  assert list(networks[2].components) == expected
  assert list(networks[1].components) == []
  total = sum(v.nbytes for n in networks for v in n.variables.values())
  total += sum(
    v.nbytes for n in networks for c in n.components.values() for v in c.variables.values()
  )
  assert total > 0.8 * path.stat().st_size


def test_the_reader_imports_no_unpickler_and_no_tensorflow(repository):
  code = (
    "import sys\n"
    "import converters.restricted_pickle\n"
    "print([m for m in ('tensorflow', 'keras', 'torch') if m in sys.modules])\n"
  )
  command = [sys.executable, "-c", code]
  run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=repository)
  assert run.stdout.strip() == "[]"


def test_a_plain_pickle_of_the_right_shape_is_not_enough(write):
  with pytest.raises(UnsupportedFileError, match="neither the networks"):
    read_network_pickle(write(pickle.dumps((1, 2, 3), protocol=5)))


def test_a_file_too_large_for_a_network_is_not_read(tmp_path):
  path = tmp_path / "large.pkl"
  with path.open("wb") as file:
    file.write(b"\x80\x04")
    file.truncate(2 << 30)  # a hole, no space taken
  with pytest.raises(UnsupportedFileError, match="more than any official network file"):
    read_network_pickle(path)
