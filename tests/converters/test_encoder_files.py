"""e4e and pSp checkpoints, as far as reading them goes."""

import importlib.util

import numpy as np
import pytest

from privai_tf.converters.encoder_files import read_encoder_file
from privai_tf.converters.errors import DamagedFileError, UnsupportedFileError
from tests.converters.torch_writer import TorchWriter

OPTS = {
  "encoder_type": "Encoder4Editing",
  "stylegan_size": 8,
  "start_from_latent_avg": True,
  "device": "cuda:0",
}


@pytest.fixture(params=["stream", "zip"])
def writer(request):
  return TorchWriter(request.param)


def checkpoint(w, opts=OPTS, heads=4, average=(4, 2), **more):
  """A file with as many heads, the first tensor of an encoder and one of a decoder."""
  names = [f"encoder.styles.{i}.linear.weight" for i in range(heads)]
  tensors = {name: np.full((2, 2), i, np.float32) for i, name in enumerate(names)}
  tensors |= {"encoder.input_layer.1.num_batches_tracked": np.asarray(np.int64(9))}
  tensors |= {"decoder.input.input": np.zeros((1, 2, 4, 4), np.float32)}
  entries = {"state_dict": w.state_dict(tensors | more), "opts": w.plain(opts)}
  if average:
    entries["latent_avg"] = w.tensor(np.ones(average, np.float32), place="cuda:0")
  return w.save(w.dict(entries))


def test_e4e(writer, write):
  path = write(checkpoint(writer), "e4e.pt")
  found = read_encoder_file(path)
  assert (found.kind, found.styles, found.resolution) == ("e4e", 4, 8)
  assert found.opts == OPTS
  np.testing.assert_array_equal(found.encoder["styles.3.linear.weight"], np.full((2, 2), 3))
  assert np.asarray(found.encoder["input_layer.1.num_batches_tracked"]) == 9
  assert list(found.decoder) == ["input.input"]
  assert found.latent_avg.shape == (4, 2)
  assert (found.file.size, len(found.file.sha256)) == (path.stat().st_size, 64)


def test_psp_without_average(writer, write):
  opts = {"encoder_type": "GradualStyleEncoder", "output_size": 8, "start_from_latent_avg": False}
  found = read_encoder_file(write(checkpoint(writer, opts, average=None)))
  assert (found.kind, found.latent_avg, found.resolution) == ("psp", None, 8)


PSP = {"encoder_type": "GradualStyleEncoder"}
REFUSED = {
  "another encoder": (
    {"opts": {"encoder_type": "BackboneEncoderUsingLastLayerIntoW"}},
    UnsupportedFileError,
    "BackboneEncoderUsingLastLayerIntoW",
  ),
  "no type": ({"opts": {}}, UnsupportedFileError, "'None'"),
  "one code": ({"opts": PSP | {"learn_in_w": True}}, UnsupportedFileError, "learn_in_w='True'"),
  "sketches": ({"opts": PSP | {"input_nc": 1}}, UnsupportedFileError, "input_nc='1'"),
  "labels": ({"opts": PSP | {"label_nc": 19}}, UnsupportedFileError, "label_nc='19'"),
  "no average": ({"average": None}, DamagedFileError, "has no latent_avg"),
  "rows": ({"average": (18, 2)}, DamagedFileError, "18 rows for the 4 heads"),
  "heads": ({"heads": 5}, DamagedFileError, "heads"),
  "no heads": ({"heads": 0}, DamagedFileError, "heads"),
  "size": ({"opts": OPTS | {"stylegan_size": 1024}}, DamagedFileError, "'1024' pixels"),
  "text": ({"encoder.x": b"N"}, DamagedFileError, "'encoder.x' is no tensor"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name, writer, write):
  options, error, reason = REFUSED[name]
  path = write(checkpoint(writer, **options), "encoder.pt")
  with pytest.raises(error) as caught:
    read_encoder_file(path)
  message = str(caught.value)
  assert message.startswith(f"{path}: ")
  assert reason in message
  assert "\n" not in message


def test_other_files(writer, write):
  with pytest.raises(UnsupportedFileError, match="not an e4e or pSp checkpoint"):
    read_encoder_file(write(writer.save(writer.dict({"a": writer.tensor(np.zeros(3))}))))


@pytest.mark.parametrize("variant", ["legacy", "zip", "modern"])
def test_the_reference_file(variant, shared_dir, tmp_path):
  path = shared_dir / "networks" / "write_network.py"
  if not path.is_file():
    pytest.skip(f"reference data of PyTorch networks not found at {path} (set PRIVAI_SHARED)")
  spec = importlib.util.spec_from_file_location("write_network", path)
  module = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(module)
  module.write_network("e4e_narrow", str(tmp_path / "e4e.pt"), variant=variant)
  found = read_encoder_file(tmp_path / "e4e.pt")
  assert (found.kind, found.styles, found.resolution) == ("e4e", 8, 32)
  assert found.latent_avg.shape == (8, 128)
  content = dict(module.load_specs()["configs"]["e4e_narrow"]["content"]["!dict"])
  expected = dict(content["state_dict"]["!state_dict"])
  names = {f"encoder.{name}" for name in found.encoder}
  assert names | {f"decoder.{name}" for name in found.decoder} == set(expected)
