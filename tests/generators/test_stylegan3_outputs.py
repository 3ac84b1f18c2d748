"""StyleGAN3's PyTorch files against outputs of the original code, within the tolerances of that data."""

import importlib.util

import numpy as np
import pytest

from privai_tf.converters.convert import convert_network
from privai_tf.converters.reading import read_any_file
from privai_tf.generators import load_discriminator, load_generator, to_uint8
from privai_tf.generators.families import create_generator
from privai_tf.generators.stylegan3.design import designed

VARIANTS = ("default", "modern", "old_dtype")


@pytest.fixture(scope="module")
def networks(shared_dir):
  """The folder of the reference data."""
  folder = shared_dir / "networks"
  if not folder.is_dir():
    pytest.skip(f"reference data of StyleGAN3 not found at {folder} (set PRIVAI_SHARED)")
  return folder


@pytest.fixture(scope="module")
def write(networks, tmp_path_factory):
  """Writes a configuration's file in the original layout."""
  spec = importlib.util.spec_from_file_location("write_network", networks / "write_network.py")
  module = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(module)
  folder = tmp_path_factory.mktemp("stylegan3")

  def write_file(config, variant="default"):
    path = folder / f"{config}_{variant}.pkl"
    if not path.exists():
      module.write_network(config, str(path), variant=None if variant == "default" else variant)
    return path

  return write_file


@pytest.fixture(scope="module", params=["sg3_t", "sg3_r"])
def config(request):
  return request.param


@pytest.fixture(scope="module")
def arrays(networks, config):
  with np.load(networks / f"{config}.npz") as values:
    return dict(values)


@pytest.fixture(scope="module")
def generator(write, config):
  return load_generator(write(config))


def check_images(images, expected):
  error = images.transpose(0, 3, 1, 2).astype(np.float64) - expected
  assert np.abs(error).max() <= 2e-5
  assert np.sqrt(np.mean(error**2)) <= 3e-6


def test_the_papers_design_is_the_files(generator, config):
  """Sizes, paddings and factors that we compute for networks without a file."""
  found = generator.config
  own = designed(
    32,
    radial=config == "sg3_r",
    num_layers=6,
    channel_base=512,
    channel_max=32,
    latent_size=32,
    dlatent_size=40,
    mapping_fmaps=40,
    label_size=found.label_size,
  )
  assert own == found


def test_codes(generator, arrays):
  w = generator.map(arrays["z"], arrays.get("labels"))
  np.testing.assert_allclose(w, arrays["w"], atol=4e-5, rtol=1e-5)
  codes = generator.truncate(w, 0.7, 4)
  np.testing.assert_allclose(codes, arrays["ws_psi07_cut4"], atol=4e-5, rtol=1e-5)


@pytest.mark.parametrize(
  ("name", "truncation"),
  [("psi1", ()), ("psi07", (0.7,)), ("psi07_cut4", (0.7, 4))],
)
def test_images(generator, arrays, name, truncation):
  codes = generator.truncate(generator.map(arrays["z"], arrays.get("labels")), *truncation)
  images = generator.synthesize(codes, latent_space="W+")
  check_images(images, arrays[f"images_{name}"])
  if name == "psi07":
    pixels = to_uint8(images, generator.family).astype(int)
    difference = np.abs(pixels - arrays["images_uint8"])
    assert difference.max() <= 1
    assert np.mean(difference > 0) < 1e-3


@pytest.mark.parametrize("batch_size", [1, 4])
def test_a_code_for_each_layer(generator, arrays, batch_size):
  images = generator.synthesize(arrays["wplus"], latent_space="W+", batch_size=batch_size)
  check_images(images, arrays["images_wplus"])


def test_input_features(generator, arrays):
  features = np.asarray(generator.synthesis.waves(arrays["w"][:1]))[..., :4]
  expected = arrays["input_features"].transpose(0, 2, 3, 1)
  np.testing.assert_allclose(features, expected, atol=3e-5, rtol=0)


def test_transform_of_the_input(generator, arrays):
  weights = generator.weights() | {"synthesis/input/transform": arrays["transform"]}
  turned = create_generator(generator.config, weights)
  codes = turned.truncate(arrays["w"])
  check_images(turned.synthesize(codes, latent_space="W+"), arrays["images_transform"])


def test_scores(write, config, arrays):
  discriminator = load_discriminator(write(config))
  images, labels = arrays["images_psi07"].transpose(0, 2, 3, 1), arrays.get("labels")
  close = {"atol": 3e-5, "rtol": 1e-5}
  np.testing.assert_allclose(discriminator(images, labels), arrays["scores"], **close)
  one = None if labels is None else labels[:1]
  np.testing.assert_allclose(discriminator(images[:1], one), arrays["scores_b1"], **close)
  both = np.concatenate([images, 0.5 * images[:, :, ::-1]])
  twice = None if labels is None else np.concatenate([labels, labels])
  np.testing.assert_allclose(discriminator(both, twice), arrays["scores_b8"], **close)


def test_every_variant_gives_the_same_networks(write, config):
  for place in ("Gs", "G", "D"):
    found = [convert_network(read_any_file(write(config, v)).network(place)) for v in VARIANTS]
    for other in found[1:]:
      assert other.config == found[0].config
      assert all(np.array_equal(v, other.weights[k]) for k, v in found[0].weights.items())
