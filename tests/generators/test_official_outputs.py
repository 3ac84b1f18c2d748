"""Parity with NVIDIA's own code: every configuration, within the tolerances stated with the data.

The limits are several times the rounding of the official float32 code itself. A wrong epsilon, a
missing blur or a turned kernel exceeds them by far.
"""

import dataclasses
import re

import numpy as np
import pytest

from privai_tf.converters.convert import convert_network
from privai_tf.errors import CheckpointError
from privai_tf.generators import to_uint8
from privai_tf.generators.discriminator import Discriminator
from privai_tf.generators.families import create_generator
from privai_tf.generators.generator import Generator

CROPS = {"tl": slice(0, 64), "c": slice(480, 544), "br": slice(960, 1024)}
# Largest error and root mean square error of images.
LIMITS = {"pggan": (1e-4, 1e-5), "stylegan": (2e-4, 2e-5), "stylegan, large": (2e-3, 1e-4)}
SMALL = ("sg_tiny", "sg_lod", "sg_labels", "pg_tiny", "pg_lod")
LARGE = ("pg_fused", "sg_fused", "sg_full", "pg_full")


def configurations(choose=lambda name: True):
  """Parametrizes a test with the chosen configurations; each is built once for all tests."""
  names = [name for name in SMALL if choose(name)]
  names += [pytest.param(name, marks=pytest.mark.slow) for name in LARGE if choose(name)]
  return pytest.mark.parametrize("port", names, indirect=True, scope="module")


every_network = configurations()
every_stylegan = configurations(lambda name: name.startswith("sg"))
whole_images_kept = configurations(lambda name: not name.endswith("full"))
pixels_kept = configurations(lambda name: name in ("sg_tiny", "pg_tiny", "pg_fused"))


@dataclasses.dataclass
class Port:
  """An official network, converted, and the outputs it must have."""

  generator: Generator
  discriminator: Discriminator
  arrays: dict[str, np.ndarray]

  def limits(self) -> tuple[float, float]:
    large = self.generator.family == "stylegan" and self.generator.resolution > 64
    return LIMITS["stylegan, large" if large else self.generator.family]

  def check_images(self, name: str, images: np.ndarray) -> None:
    images = images.transpose(0, 3, 1, 2).astype(np.float64)
    parts = {name: images}
    if name not in self.arrays:
      boxes = images.reshape(len(images), 3, 128, 8, 128, 8)
      parts = {f"{name}_down8": boxes.mean(axis=(3, 5))}
      parts |= {f"{name}_crop_{key}": images[:, :, s, s] for key, s in CROPS.items()}
    largest, root_mean_square = self.limits()
    for key, value in parts.items():
      expected = self.arrays[key]
      error = value[: len(expected)] - expected
      assert np.abs(error).max() <= largest, key
      assert np.sqrt(np.mean(error**2)) <= root_mean_square, key


@pytest.fixture(scope="module")
def port(request, official):
  arrays = official.arrays(request.param)
  generator, discriminator = (
    convert_network(official.record(request.param, name)) for name in ("Gs", "D")
  )
  return Port(
    create_generator(generator.config, generator.weights),
    Discriminator(discriminator.config, discriminator.weights),
    arrays,
  )


@pytest.fixture(scope="module")
def images(port):
  """What the official `Gs.run(z, labels)` gives."""
  generator, arrays = port.generator, port.arrays
  if generator.family == "pggan":
    return generator.synthesize(arrays["z"], latent_space="Z")
  codes = generator.truncate(generator.map(arrays["z"], arrays.get("labels")))
  return generator.synthesize(codes, latent_space="W+")


@every_stylegan
def test_mapping(port):
  generator, arrays = port.generator, port.arrays
  w = generator.map(arrays["z"], arrays.get("labels"))
  np.testing.assert_allclose(w, arrays["w"], atol=2e-5, rtol=1e-5)
  np.testing.assert_allclose(generator.truncate(w), arrays["dlatents"], atol=2e-5, rtol=1e-5)
  if "w_broadcast" in arrays:
    layers = generator.truncate(w, truncation_psi=1)
    np.testing.assert_allclose(layers, arrays["w_broadcast"], atol=2e-5, rtol=1e-5)


@every_network
def test_images(port, images):
  port.check_images("images", images)


@every_stylegan
def test_images_without_truncation(port):
  w = port.generator.map(port.arrays["z"], port.arrays.get("labels"))
  port.check_images("images_psi1", port.generator.synthesize(w, latent_space="W"))


@every_stylegan
def test_images_with_a_style_for_each_layer(port):
  images = port.generator.synthesize(port.arrays["wplus"], latent_space="W+")
  port.check_images("images_wplus", images)


@whole_images_kept
def test_scores_of_the_same_images(port):
  arrays = port.arrays
  images = arrays["images"].transpose(0, 2, 3, 1)
  labels = arrays.get("labels")
  eight = np.concatenate([images, 0.5 * images[:, :, ::-1]])
  twice = None if labels is None else np.concatenate([labels, labels])
  one = None if labels is None else labels[:1]
  for name, batch, batch_labels in (
    ("scores", images, labels),
    ("scores_b1", images[:1], one),
    ("scores_b8", eight, twice),
  ):
    scores = port.discriminator(batch, batch_labels)
    np.testing.assert_allclose(scores, arrays[name], atol=1e-5, rtol=1e-5, err_msg=name)


@every_network
def test_scores_of_our_own_images(port, images):
  scores = port.discriminator(images, port.arrays.get("labels"))
  np.testing.assert_allclose(scores, port.arrays["scores"], atol=5e-5, rtol=1e-5)


@pixels_kept
def test_pixels(port, images):
  official_images = port.arrays["images"].transpose(0, 2, 3, 1)
  names = {"images_uint8": "stylegan", "images_uint8_round": "pggan"}
  for name in names.keys() & port.arrays.keys():
    expected = port.arrays[name].astype(int)
    difference = np.abs(to_uint8(images, names[name]) - expected)
    assert difference.max() <= 1, name
    assert np.mean(difference > 0) < 1e-3, name
    # The official images themselves leave no room.
    np.testing.assert_array_equal(to_uint8(official_images, names[name]), expected)


@pytest.mark.parametrize("config", ["sg_tiny", "pg_tiny"])
def test_a_generator_built_for_its_full_resolution_only(official, config):
  """`structure="fixed"`: the file has no colour layers below the full resolution, and needs none."""
  whole, fixed = official.record(config), official.record(config)
  owner = fixed.components.get("synthesis", fixed)
  lower = [name for name in owner.variables if re.match(r"ToRGB_lod[1-9]", name)]
  assert lower
  for name in lower:
    del owner.variables[name]
  images = []
  for record in (whole, fixed):
    converted = convert_network(record)
    generator = create_generator(converted.config, converted.weights)
    z = generator.sample_z(2, seed=0)
    images.append(generator.synthesize(z, latent_space="Z"))
  np.testing.assert_array_equal(*images)
  assert len(converted.report.filled) == len(lower)
  del owner.variables["ToRGB_lod0/bias"]
  with pytest.raises(CheckpointError, match=r"missing .*ToRGB_lod0/bias"):
    convert_network(fixed)
