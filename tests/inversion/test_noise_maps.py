"""The penalty on noise maps by hand, and maps that are searched."""

import numpy as np
import pytest
import tensorflow as tf

from privai_tf.errors import ConfigurationError
from privai_tf.generators.config import PGGANConfig, StyleGANConfig
from privai_tf.generators.families import PGGANGenerator, StyleGANGenerator
from privai_tf.inversion import InversionSpec, invert
from privai_tf.inversion.noise_maps import autocorrelation, normalized


@pytest.fixture(scope="module")
def noisy():
  """A generator whose layers listen to their noise."""
  config = StyleGANConfig(
    resolution=16, fmap_max=8, latent_size=16, dlatent_size=16, mapping_fmaps=16, mapping_layers=2
  )
  generator = StyleGANGenerator(config, seed=3)
  random = np.random.default_rng(0)
  for epilogue in generator.synthesis.epilogues:
    epilogue.strength.assign(random.normal(0, 0.4, epilogue.strength.shape))
  last = generator.synthesis.to_rgb["16"]
  last.weight.assign(np.asarray(last.weight) * 0.3)
  generator.synthesis.freeze()
  return generator


def test_constant_maps_by_hand():
  maps = [tf.ones((1, 4, 4, 1)), tf.fill((1, 16, 16, 1), 0.5)]
  # 4 x 4: one scale. 16 x 16: products of 1/4, then of the doubled averages at 8 x 8, 1.
  expected = 2 * 1 + 2 * (0.25**2 + 1)
  np.testing.assert_allclose(autocorrelation(maps), [expected], rtol=1e-6)


def test_white_noise_is_free_and_pictures_are_not():
  """Of 32 x 32 normal numbers the mean product has a standard deviation of 1/32: squared, at three
  scales in two directions, about 0.04 in all; 1 would be 25 times that (a false alarm never)."""
  random = np.random.default_rng(0)
  white = random.normal(size=(2, 32, 32, 1)).astype(np.float32)
  smooth = np.sin(np.arange(32) / 4)[None, :, None, None] * np.ones((2, 1, 32, 1), np.float32) * 1.4
  assert np.all(autocorrelation([tf.constant(white)]) < 1)
  assert np.all(autocorrelation([tf.constant(smooth, tf.float32)]) > 5)


def test_penalty_is_per_image():
  random = np.random.default_rng(1)
  maps = [tf.constant(random.normal(size=(3, side, side, 1))) for side in (4, 16)]
  together = autocorrelation(maps)
  alone = [autocorrelation([values[i : i + 1] for values in maps])[0] for i in range(3)]
  np.testing.assert_allclose(together, alone)


def test_normalized():
  values = np.random.default_rng(2).normal(3, 5, (2, 8, 8, 1))
  found = normalized(tf.constant(values)).numpy()
  np.testing.assert_allclose(found.mean(axis=(1, 2, 3)), 0, atol=1e-12)
  np.testing.assert_allclose(found.std(axis=(1, 2, 3)), 1, rtol=1e-6)


def test_searched_maps_serve_the_photo(noisy):
  codes = noisy.map(noisy.sample_z(3, seed=1))
  photos = np.clip(noisy.synthesize(codes, latent_space="W", noise="random", seed=5), -1.4, 1.4)
  options = {"latent_space": "W", "steps": 60, "steps_per_call": 30, "init": "mean"}
  plain = invert(photos, noisy, InversionSpec(**options))
  spec = InversionSpec(noise_maps=True, noise_weight=0.1, batch_size=2, **options)
  found = invert(photos, noisy, spec)
  assert plain.noise is None
  assert [values.shape for values in found.noise] == [
    (3, side, side, 1) for side in (4, 4, 8, 8, 16, 16)
  ]
  assert (found.psnr > plain.psnr + 1).all()
  for values in found.noise:
    np.testing.assert_allclose(values.std(axis=(1, 2, 3)), 1, rtol=1e-3)
  again = noisy.synthesize_tensor(found.latents, "W", [tf.constant(v) for v in found.noise])
  np.testing.assert_allclose(again, found.images, atol=1e-4)
  np.testing.assert_array_equal(invert(photos, noisy, spec).latents, found.latents)


def test_generator_without_noise_inputs():
  generator = PGGANGenerator(PGGANConfig(resolution=8, fmap_max=8), seed=0)
  with pytest.raises(ConfigurationError, match="no noise"):
    generator.noise_maps()


@pytest.mark.parametrize("fields", [{"noise": "none"}, {"latent_space": "Z"}])
def test_impossible_with(fields):
  with pytest.raises(ConfigurationError, match="noise_maps"):
    InversionSpec(noise_maps=True, **fields)
