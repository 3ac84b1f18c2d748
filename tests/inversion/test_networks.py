"""Inversion of the real architectures, with random weights."""

import dataclasses

import numpy as np
import pytest

from privai_tf.errors import ConfigurationError, InputError, LatentSpaceError
from privai_tf.generators.config import PGGANConfig, StyleGANConfig
from privai_tf.generators.families import PGGANGenerator, StyleGANGenerator
from privai_tf.generators.multiplied import multiplied
from privai_tf.inversion import InversionSpec, invert, load_latents
from privai_tf.inversion.losses import mean_distance
from privai_tf.inversion.statistics import latent_statistics


def usable(generator, space):
  """Random weights as a trained network has them: a mean in W, and images within [-1, 1]."""
  if space == "W":
    codes = generator.map(generator.sample_z(500, seed=1))
    generator.mapping.mean_latent.value.assign(codes.mean(axis=0))
    last = generator.synthesis.to_rgb[str(generator.resolution)]
    images = generator.synthesize(codes[:16], latent_space="W")
    last.weight.assign(np.asarray(last.weight) / np.abs(images).max())
    generator.synthesis.freeze()
    generator._functions.clear()
  return generator


@pytest.fixture(scope="module")
def stylegan():
  config = StyleGANConfig(
    resolution=32, fmap_max=16, latent_size=32, dlatent_size=32, mapping_fmaps=32, mapping_layers=2
  )
  return usable(StyleGANGenerator(config, seed=3), "W")


@pytest.fixture(scope="module")
def pggan():
  return PGGANGenerator(PGGANConfig(resolution=16, fmap_max=16), seed=3)


@pytest.mark.parametrize(("space", "floor"), [("W", 27), ("W+", 31)])
def test_stylegan_finds_its_own_images(stylegan, space, floor):
  codes = stylegan.map(stylegan.sample_z(2, seed=9))
  photos = stylegan.synthesize(codes, latent_space="W")
  found = invert(photos, stylegan, InversionSpec(latent_space=space, steps=100))
  assert found.psnr.min() > floor
  again = stylegan.synthesize(found.latents, latent_space=space)
  np.testing.assert_allclose(again, found.images, atol=1e-4)


def test_pggan_finds_its_own_images(pggan):
  codes = pggan.sample_z(2, seed=9)
  photos = np.clip(pggan.synthesize(codes, latent_space="Z"), -1.4, 1.4)
  found = invert(photos, pggan, InversionSpec(latent_space="Z", steps=100))
  assert (found.losses[-1] < 0.25 * found.losses[0]).all()
  lengths = np.linalg.norm(found.latents, axis=1)
  np.testing.assert_allclose(lengths, np.sqrt(pggan.latent_size), rtol=1e-3)


def test_pggan_has_no_w(pggan):
  photos = np.zeros((1, 16, 16, 3), np.float32)
  with pytest.raises(LatentSpaceError, match="Z"):
    invert(photos, pggan, InversionSpec(latent_space="W", steps=1))
  # What nobody chose follows the checkpoint.
  assert invert(photos, pggan, InversionSpec(steps=1)).latents.shape == (1, pggan.latent_size)


def test_labels_belong_to_the_space_of_w():
  config = StyleGANConfig(
    resolution=8, fmap_max=8, latent_size=16, dlatent_size=16, mapping_fmaps=16, label_size=3
  )
  generator = StyleGANGenerator(config, seed=0)
  statistics = latent_statistics(generator, "W")
  assert statistics.precision.shape == (16, 16)
  labels = np.eye(3, dtype=np.float32)[np.arange(300) % 3]
  codes = generator.map(generator.sample_z(300, seed=5), labels)
  distance = mean_distance(codes, statistics.mean, statistics.precision)
  assert np.mean(distance) == pytest.approx(1, abs=0.2)


def test_labels_leave_no_z_to_find(pggan, stylegan, monkeypatch):
  """Refused with what can be done; other spaces need no label, since W has it in it."""
  for generator, remedy in ((stylegan, "latent space W or W\\+"), (pggan, "without labels")):
    monkeypatch.setattr(
      generator, "config", dataclasses.replace(generator.config, label_size=3), raising=False
    )
    size = generator.resolution
    with pytest.raises(ConfigurationError, match=remedy):
      invert(
        np.zeros((1, size, size, 3), "f4"), generator, InversionSpec(latent_space="Z", steps=1)
      )


def test_a_start_that_is_not_finite_is_named(stylegan):
  generator = StyleGANGenerator(stylegan.config, seed=3)
  generator.mapping.mean_latent.value.assign(np.full(32, np.nan, np.float32))
  with pytest.raises(InputError, match="cannot start"):
    invert(np.zeros((1, 32, 32, 3), np.float32), generator, InversionSpec(steps=5))


def test_latents_of_a_real_generator(stylegan, tmp_path):
  np.save(tmp_path / "codes.npy", np.zeros((2, 32)))
  assert load_latents(tmp_path / "codes.npy", stylegan, "W").shape == (2, 32)
  with pytest.raises(LatentSpaceError, match="8, 32"):
    load_latents(tmp_path / "codes.npy", stylegan, "W+")


def test_bfloat16_is_near_and_leaves_the_generator_alone(stylegan):
  codes = stylegan.map(stylegan.sample_z(2, seed=9))
  photos = stylegan.synthesize(codes, latent_space="W")
  options = {"steps": 20, "steps_per_call": 10, "init": "mean"}
  exact = invert(photos, stylegan, InversionSpec(**options))
  rough = invert(photos, stylegan, InversionSpec(precision="bfloat16", recompute="on", **options))
  assert not np.array_equal(exact.latents, rough.latents)
  np.testing.assert_allclose(exact.losses[-1], rough.losses[-1], rtol=0.1)
  # What is reported is the generator's own image of the code, in float32.
  again = stylegan.synthesize(rough.latents, latent_space="W")
  np.testing.assert_allclose(again, rough.images, atol=1e-4)
  assert multiplied() == "float32"
