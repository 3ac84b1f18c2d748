"""An e4e or pSp checkpoint becomes a StyleGAN2 with its encoder beside it."""

import importlib.util
import json
import subprocess
import sys

import numpy as np
import pytest

from privai_tf.converters.conversion import convert_file
from privai_tf.errors import CheckpointError
from privai_tf.generators import load_generator
from privai_tf.inversion import InversionSpec, find_codes
from privai_tf.inversion.encoder import find_encoder
from tests.converters.encoder_writer import checkpoint, mean_code
from tests.converters.torch_writer import TorchWriter


@pytest.fixture(scope="module")
def file(tmp_path_factory):
  path = tmp_path_factory.mktemp("e4e") / "e4e_ffhq_encode.pt"
  path.write_bytes(checkpoint(TorchWriter("zip")))
  return path


@pytest.fixture(scope="module")
def folder(file, repository, tmp_path_factory):
  """What the command makes of it."""
  target = tmp_path_factory.mktemp("converted") / "e4e"
  command = [sys.executable, "-m", "converters", str(file), str(target)]
  result = subprocess.run(command, capture_output=True, text=True, cwd=repository)
  assert (result.returncode, result.stderr) == (0, "")
  for text in (
    "networks decoder (rosinality.Generator)",
    "stylegan2 generator, 8 x 8",
    "reloaded   equal to what was read",
    "encoder: e4e, 4 heads, beside it in encoder/",
  ):
    assert text in result.stdout, text
  return target


def test_the_encoder_starts_inversions(folder):
  generator = load_generator(folder)
  np.testing.assert_array_equal(generator.mean_latent("W+"), mean_code())
  encoder = find_encoder(generator)
  assert (encoder.latent_space, encoder.config.resolution) == ("W+", 8)
  assert encoder.provenance["source"] == "e4e_ffhq_encode.pt"
  pictures = np.clip(generator.synthesize(generator.sample_z(3, seed=1), latent_space="Z"), -1, 1)
  codes = find_codes(pictures, generator, InversionSpec(latent_space="W+", steps=0))
  np.testing.assert_array_equal(codes, encoder.encode(pictures))
  # In W the first row, which has no offset.
  first = find_codes(pictures, generator, InversionSpec(latent_space="W", steps=0))
  np.testing.assert_allclose(first, codes[:, 0], atol=1e-6)
  spec = InversionSpec(latent_space="W+", steps=2, init="encoder", perceptual="none")
  assert not np.array_equal(find_codes(pictures, generator, spec), codes)


def test_the_encoder_belongs_to_its_generator(folder):
  generator = load_generator(folder)
  generator.fingerprint = "1" * 64
  with pytest.raises(CheckpointError, match="trained for another generator"):
    find_encoder(generator)


def test_the_file_itself_is_a_generator(file, folder):
  generator = load_generator(file)
  assert generator.fingerprint == load_generator(folder).fingerprint
  assert find_encoder(generator) is None


REFUSED = {
  "no decoder": ({"decoder": False}, "without its decoder; give it as encoder"),
  "a layer is missing": ({"decoder.convs.1.conv.weight": None}, "missing decoder/convs.1.conv.weight"),
  "a layer more": ({"decoder.convs.2.activate.bias": np.zeros(3, np.float32)}, "surplus decoder/convs.2"),
  "another size": (
    {"decoder.noises.noise_1": np.zeros((1, 1, 4, 4), np.float32)},
    "misshapen decoder/noises.noise_1",
  ),
  "NaN": ({"decoder.input.input": np.full((1, 5, 4, 4), np.nan, np.float32)}, "holds NaN"),
  "another filter": ({"decoder.convs.0.conv.blur.kernel": np.ones((4, 4), np.float32)}, "[1, 3, 3, 1]"),
  "half a filter": ({"decoder.convs.0.conv.blur.kernel": np.ones(4, np.float32)}, "[1, 3, 3, 1]"),
  "a damaged encoder": ({"encoder.latlayer1.bias": None}, "missing encoder/latlayer1.bias"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused_and_nothing_is_left(name, write, tmp_path):
  changes, reason = REFUSED[name]
  path = write(checkpoint(TorchWriter(), **changes), "e4e.pt")
  with pytest.raises(CheckpointError) as caught:
    convert_file(path, tmp_path / "out")
  assert reason in str(caught.value)
  assert "\n" not in str(caught.value)
  assert sorted(tmp_path.iterdir()) == [path]


def test_the_decoder_draws_what_the_original_draws(shared_dir, tmp_path):
  networks = shared_dir / "networks"
  if not (networks / "e4e_narrow.npz").is_file():
    pytest.skip(f"reference data of e4e not found at {networks} (set PRIVAI_SHARED)")
  spec = importlib.util.spec_from_file_location("write_network", networks / "write_network.py")
  module = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(module)
  module.write_network("e4e_narrow", str(tmp_path / "e4e.pt"))
  convert_file(tmp_path / "e4e.pt", tmp_path / "out")
  generator = load_generator(tmp_path / "out")
  values = json.loads((tmp_path / "out" / "encoder" / "config.json").read_text())
  assert values["generator_fingerprint"] == generator.fingerprint
  with np.load(networks / "e4e_narrow.npz") as arrays:
    images = generator.synthesize(arrays["e4e_w"], latent_space="W+")
    np.testing.assert_allclose(images.transpose(0, 3, 1, 2), arrays["decoded"], atol=5e-5)
    w = generator.map(arrays["z"])
    np.testing.assert_allclose(w, arrays["z_w"], atol=4e-5, rtol=1e-5)
    images = generator.synthesize(generator.truncate(w, 0.7), latent_space="W+")
    np.testing.assert_allclose(images.transpose(0, 3, 1, 2), arrays["z_images_psi07"], atol=5e-5)
