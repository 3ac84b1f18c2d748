"""PyTorch files of InterFaceGAN and genforce against outputs of the original code.

The reference data states the tolerances: several times the rounding of the original float32 code.
"""

import importlib.util
import json
import subprocess
import sys

import numpy as np
import pytest

from privai_tf.converters.conversion import convert_file
from privai_tf.converters.convert import convert_network
from privai_tf.converters.reading import read_any_file
from privai_tf.errors import CheckpointError
from privai_tf.generators import load_discriminator, load_generator

VARIANTS = ("legacy", "zip", "modern")
CONFIGS = ("ig_pggan", "ig_stylegan", "gf_pggan", "gf_stylegan")
# Largest and root mean square error of images.
LIMITS = {"pggan": (5e-5, 1e-5), "stylegan": (4e-4, 4e-5)}


@pytest.fixture(scope="module")
def networks(shared_dir):
  """The folder of the reference data."""
  folder = shared_dir / "networks"
  if not folder.is_dir():
    pytest.skip(f"reference data of PyTorch networks not found at {folder} (set PRIVAI_SHARED)")
  return folder


@pytest.fixture(scope="module")
def write(networks, tmp_path_factory):
  """Writes a configuration's file in the original layout."""
  spec = importlib.util.spec_from_file_location("write_network", networks / "write_network.py")
  module = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(module)
  folder = tmp_path_factory.mktemp("ports")

  def write_file(config, variant=None):
    path = folder / f"{config}_{variant}.pth"
    if not path.exists():
      module.write_network(config, str(path), variant=variant)
    return path

  return write_file


@pytest.fixture(params=CONFIGS)
def config(request):
  return request.param


@pytest.fixture
def arrays(networks, config):
  with np.load(networks / f"{config}.npz") as values:
    return dict(values)


def check_images(family, images, expected):
  error = images.transpose(0, 3, 1, 2).astype(np.float64) - expected
  largest, root_mean_square = LIMITS[family]
  assert np.abs(error).max() <= largest
  assert np.sqrt(np.mean(error**2)) <= root_mean_square


def test_images_and_codes(config, arrays, write):
  generator = load_generator(write(config))
  family = config.split("_")[1]
  assert generator.family == family
  if family == "pggan":
    check_images(family, generator.synthesize(arrays["z"], latent_space="Z"), arrays["images"])
    return
  w = generator.map(arrays["z"])
  np.testing.assert_allclose(w, arrays["w"], atol=4e-5, rtol=1e-5)
  # InterFaceGAN's truncation is the network's own; genforce's was given with the call.
  psi = {} if config.startswith("ig") else {"truncation_psi": 0.7, "truncation_cutoff": 4}
  codes = generator.truncate(w, **psi)
  np.testing.assert_allclose(codes, arrays["dlatents"], atol=4e-5, rtol=1e-5)
  check_images(family, generator.synthesize(codes, latent_space="W+"), arrays["images"])
  images = generator.synthesize(arrays["wplus"], latent_space="W+")
  check_images(family, images, arrays["images_wplus"])
  if "images_psi1" in arrays:  # genforce's default
    codes = generator.truncate(w)
    images = generator.synthesize(codes, latent_space="W+")
    check_images(family, images, arrays["images_psi1"])


@pytest.mark.parametrize("config", ["gf_pggan", "gf_stylegan"])
def test_scores(config, arrays, write):
  """The reference data has no key table of the discriminators; this is what makes ours sure."""
  discriminator = load_discriminator(write(config))
  scores = discriminator(arrays["images"].transpose(0, 2, 3, 1))
  np.testing.assert_allclose(scores, arrays["scores"], atol=3e-5, rtol=1e-5)


def test_every_container_gives_the_same_network(config, write):
  networks = [read_any_file(write(config, variant)).network("Gs") for variant in VARIANTS]
  first, *others = map(convert_network, networks)
  for other in others:
    assert other.config == first.config
    assert all(np.array_equal(value, other.weights[k]) for k, value in first.weights.items())


def test_smoothed_weights_come_first(write):
  path = write("gf_pggan")
  smooth, plain = load_generator(path), load_generator(path, network="G")
  assert (smooth.provenance["network"], plain.provenance["network"]) == (
    "generator_smooth",
    "generator",
  )
  assert any((value != plain.weights()[k]).any() for k, value in smooth.weights().items())


def test_a_lone_generator_is_no_discriminator(write):
  with pytest.raises(CheckpointError):
    load_discriminator(write("ig_pggan"))


def test_command(write, repository, tmp_path):
  """What a user types: the file, a folder; then the folder loads."""
  path, target = write("ig_stylegan"), tmp_path / "ffhq"
  command = [sys.executable, "-m", "converters", str(path), str(target)]
  result = subprocess.run(command, capture_output=True, text=True, cwd=repository)
  assert (result.returncode, result.stderr) == (0, "")
  for text in (
    "networks generator (G_style)",
    "read       107 variables of G_style, G_mapping, G_synthesis",
    "converted  101 weights",
    "synthesis.layer2.blur.kernel",
    "reloaded   equal to what was read",
  ):
    assert text in result.stdout, text
  values = json.loads((target / "config.json").read_text())
  assert values["network"]["truncation_psi"] == 0.7
  assert values["network"]["truncation_cutoff"] == 8
  assert load_generator(target).resolution == 128


def test_all_networks_of_a_file(write, tmp_path):
  _, reports = convert_file(write("gf_stylegan"), tmp_path / "out", "all")
  assert [r.record.name for r in reports] == ["generator", "discriminator", "generator_smooth"]
  assert [p.name for p in sorted((tmp_path / "out").iterdir())] == ["D", "G", "Gs"]
