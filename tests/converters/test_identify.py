"""Files that are something else are refused by their right name, with what to do."""

import gzip
import io
import os
import pickle
import sys
import types
import unittest.mock
import zipfile

import numpy as np
import pytest

from privai_tf.converters import identify
from privai_tf.converters.errors import DamagedFileError, UnsafePickleError, UnsupportedFileError
from privai_tf.converters.reading import read_any_file
from privai_tf.converters.restricted_pickle import read_network_pickle
from privai_tf.errors import InputError
from tests.converters.torch_writer import TorchWriter

QUOTA_PAGE = (
  b"<!DOCTYPE html><html><head><title>Google Drive - Quota exceeded</title></head><body>"
  b"<p>Sorry, you can't view or download this file at this time.</p></body></html>"
)
OTHER = "give an official ProgressiveGAN"
CONVERT = "`python -m privai_tf.converters FILE DIR` reads it"


def archive(*names):
  buffer = io.BytesIO()
  with zipfile.ZipFile(buffer, "w") as file:
    for name in names:
      file.writestr(name, b"x" * 100)
  return buffer.getvalue()


def npz():
  buffer = io.BytesIO()
  np.savez(buffer, a=np.zeros(3))
  return buffer.getvalue()


def npy():
  buffer = io.BytesIO()
  np.save(buffer, np.zeros(3))
  return buffer.getvalue()


def safetensors():
  from safetensors.numpy import save

  return save({"w": np.zeros(3, np.float32)})


def foreign_object(module, name, value=None, protocol=4):
  """What Python's own pickler writes for an instance of a class of that name."""
  parts = module.split(".")
  packages = [".".join(parts[: i + 1]) for i in range(len(parts))]
  cls = type(name, (), {"__module__": module})
  with unittest.mock.patch.dict(sys.modules):
    for package in packages:
      sys.modules[package] = types.ModuleType(package)
    setattr(sys.modules[module], name, cls)
    instance = cls()
    instance.__dict__.update(value or {})
    return pickle.dumps((instance,) * 3, protocol=protocol)


FILES = {
  "empty": (b"", "it is empty", "download it again"),
  "zeros": (bytes(5000), "zeros only", "download it again"),
  "quota page": (QUOTA_PAGE, "Google Drive's notice that the download quota", "wait a day"),
  "page with byte order mark": (b"\xef\xbb\xbf\r\n <html>", "a web page", "download it again"),
  "virus scan page": (b"<!doctype html><title>Virus scan warning", "a web page", "open it"),
  "XML error": (b"<?xml version='1.0'?><Error>AccessDenied</Error>", "a web page", "open it"),
  "gzip": (gzip.compress(b"x"), "a gzip archive", "unpack it"),
  "zip": (archive("network.pkl"), "a zip archive", "unpack it"),
  "PyTorch zip": (archive("archive/data.pkl", "archive/data/0"), "a PyTorch file", CONVERT),
  "Keras zip": (archive("metadata.json", "config.json"), "a Keras model", OTHER),
  "PyTorch legacy": (
    pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2) + pickle.dumps(1001, protocol=2),
    "a PyTorch file",
    CONVERT,
  ),
  "npz": (npz(), "a NumPy archive", OTHER),
  "npy": (npy(), "a NumPy array file", OTHER),
  "safetensors": (safetensors(), "a safetensors file", "folder of a converted checkpoint"),
  "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(100), "an HDF5 file", OTHER),
  "PNG": (b"\x89PNG\r\n\x1a\n", "a PNG picture", OTHER),
  "Git LFS": (b"version https://git-lfs.github.com/spec/v1\noid", "Git LFS pointer", "git lfs pull"),
  "text": (b"hello", "not a pickle", OTHER),
  "Theano-era": (
    foreign_object("network", "Network", {"name": "G"}, 2), "a Theano-era ProgressiveGAN", "tfutil",
  ),
  "Theano variables": (
    foreign_object("theano.tensor.sharedvar", "TensorSharedVariable"), "a Theano-era", "tfutil",
  ),
  "StyleGAN2-ADA PyTorch": (
    foreign_object("torch_utils.persistence", "_reconstruct_persistent_obj"),
    "a StyleGAN2-ADA or StyleGAN3 file for PyTorch",
    CONVERT,
  ),
  "training.networks": (
    foreign_object("training.networks_stylegan3", "Generator"),
    "a later StyleGAN generation",
    "later generations",
  ),
  "PyTorch tensors": (foreign_object("torch._utils", "_rebuild"), "a PyTorch file", OTHER),
  "scikit-learn": (foreign_object("sklearn.svm", "LinearSVC"), "scikit-learn", OTHER),
  "numbers": (pickle.dumps((1, 2, 3), protocol=4), "neither the networks", OTHER),
  "dictionary": (pickle.dumps({"G": 1}, protocol=2), "neither the networks", OTHER),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_other_files_are_called_by_their_name(name, write, nothing_executed):
  data, problem, remedy = FILES[name]
  path = write(data)
  expected = DamagedFileError if name in ("empty", "zeros") else UnsupportedFileError
  with nothing_executed(), pytest.raises(expected) as caught:
    read_network_pickle(path)
  message = str(caught.value)
  assert message.startswith(f"{path}: ")
  assert problem in message
  assert remedy in message
  assert "\n" not in message


# What the reader of any file says instead where another reader takes it.
_DISPATCHED = {
  "PyTorch zip": (UnsafePickleError, "it is not a pickle of protocol 2, 3, 4 or 5"),
  "PyTorch legacy": (DamagedFileError, "it breaks off"),
  "dictionary": (UnsupportedFileError, "without networks (G, D, G_ema)"),
}


@pytest.mark.parametrize("name", FILES)
def test_any_file_is_refused_by_its_name_too(name, write, nothing_executed):
  data, problem, _ = FILES[name]
  expected = DamagedFileError if name in ("empty", "zeros") else UnsupportedFileError
  expected, problem = _DISPATCHED.get(name, (expected, problem))
  path = write(data)
  with nothing_executed(), pytest.raises(expected) as caught:
    read_any_file(path)
  message = str(caught.value)
  assert message.startswith(f"{path}: ")
  assert problem in message
  assert "\n" not in message


def test_which_reader_a_file_is_for(assembler, write, tmp_path):
  """By what is in it, whatever its name and protocol."""
  stream, archived = TorchWriter("stream"), TorchWriter("zip")
  value = np.zeros(3, np.float32)
  files = {
    identify.TORCH: [
      stream.save(stream.dict({"a": stream.tensor(value)})),
      archived.save(archived.dict({"a": archived.tensor(value)})),
    ],
    identify.PERSISTENT: [TorchWriter(protocol=3).snapshot(), pickle.dumps({"G": None}, 4)],
    None: [assembler(protocol).official() for protocol in (2, 3, 4, 5)] + [b"", QUOTA_PAGE, npz()],
  }
  for kind, contents in files.items():
    for content in contents:
      assert identify.kind_of(write(content, "network")) == kind
  assert identify.kind_of(tmp_path / "absent") is None


@pytest.mark.parametrize("protocol", [0, 1, 6])
def test_other_protocols(protocol, write):
  data = pickle.dumps(({"a": 1}, [2]), protocol=min(protocol, 5))
  data = b"\x80\x06" + data[2:] if protocol == 6 else data
  with pytest.raises(UnsafePickleError, match="protocol 2, 3, 4 or 5"):
    read_network_pickle(write(data))


@pytest.mark.parametrize(
  ("version", "function", "kind"),
  [
    (6, "G_main", "unknown state version 6"),
    (1, "G_style", "unknown state version 1"),
    (-(1 << 100), "G_style", "unknown state version -1267650600228229401496703205376"),
  ],
)
def test_unknown_generations_under_the_same_class(version, function, kind, assembler, write):
  writer = assembler(version=version)
  variables = {"lod": np.float32(0)}
  path = write(writer.file(writer.network("Gs", function, variables)))
  with pytest.raises(UnsupportedFileError) as caught:
    read_network_pickle(path)
  assert kind in str(caught.value)


def test_state_versions_of_progressive_gan(assembler, write):
  writer = assembler(network=("tfutil", "Network"), version=3)
  with pytest.raises(UnsupportedFileError, match="unknown state version 3"):
    read_network_pickle(write(writer.official()))


def test_network_without_version_is_theano_era(assembler, write):
  writer = assembler(network=("tfutil", "Network"))
  path = write(writer.file(writer.small(entries={"version": None})))
  with pytest.raises(UnsupportedFileError, match="Theano-era"):
    read_network_pickle(path)


@pytest.mark.parametrize("version", [b"N", b"\x88", b"]", b"X\x01\x00\x00\x003"])
def test_version_that_is_no_number(version, assembler, write):
  writer = assembler()
  path = write(writer.file(writer.small(entries={"version": version})))
  with pytest.raises(UnsupportedFileError):
    read_network_pickle(path)


def test_two_networks_are_not_a_file_of_nvidia(assembler, write):
  writer = assembler()
  path = write(writer.file(writer.tuple(writer.small("G"), writer.small("D"))))
  with pytest.raises(UnsupportedFileError, match="neither the networks"):
    read_network_pickle(path)


def test_places_that_cannot_be_read(tmp_path):
  with pytest.raises(InputError, match="No such file"):
    read_network_pickle(tmp_path / "absent.pkl")
  with pytest.raises(InputError, match="directory"):
    read_network_pickle(tmp_path)
  with pytest.raises(InputError, match="not a regular file"):
    read_network_pickle("/dev/null")
  if os.geteuid():
    closed = tmp_path / "closed.pkl"
    closed.write_bytes(b"x")
    closed.chmod(0)
    with pytest.raises(InputError, match="Permission denied"):
      read_network_pickle(closed)


def test_a_pipe_does_not_hang(tmp_path):
  pipe = tmp_path / "pipe.pkl"
  os.mkfifo(pipe)
  with pytest.raises(InputError, match="not a regular file"):
    read_network_pickle(pipe)


def test_a_name_with_a_line_break_stays_one_line(tmp_path):
  path = tmp_path / "a\nb.pkl"
  path.write_bytes(b"")
  with pytest.raises(DamagedFileError) as caught:
    read_network_pickle(path)
  assert "\n" not in str(caught.value)
