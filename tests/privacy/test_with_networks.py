"""Privatize with real (small, random) networks of both families, images included."""

import numpy as np
import pytest

from privai_tf.attributes.boundary import Boundary
from privai_tf.privacy import PrivacySpec, calibrate, prepare, privatize

pytestmark = pytest.mark.slow
_COUNT = 200  # samples to calibrate with


@pytest.fixture(scope="module")
def stylegan():
  from privai_tf.generators.config import StyleGANConfig
  from privai_tf.generators.families import create_generator

  config = StyleGANConfig(
    resolution=8, fmap_base=64, latent_size=16, dlatent_size=12, mapping_fmaps=12, mapping_layers=2
  )
  return create_generator(config)


@pytest.fixture(scope="module")
def pggan():
  from privai_tf.generators.config import PGGANConfig
  from privai_tf.generators.families import create_generator

  return create_generator(PGGANConfig(resolution=8, fmap_base=64, latent_size=16))


@pytest.mark.parametrize("space", ["Z", "W", "W+"])
def test_stylegan(stylegan, space):
  shape = stylegan.code_shape(space)
  boundary = Boundary(np.ones(shape[-1]), latent_space="Z" if space == "Z" else "W", name="smile")
  boundary = calibrate(boundary, stylegan, count=_COUNT)
  latents = np.random.default_rng(0).normal(size=(3, *shape)).astype(np.float32)
  spec = PrivacySpec(calibration_count=_COUNT)
  release = privatize(latents, stylegan, boundary, spec, latent_space=space, synthesize=True)
  assert release.latents.shape == latents.shape
  assert release.images.shape == (3, 8, 8, 3)
  assert np.isfinite(release.images).all()
  assert boundary.calibration["generator"] == stylegan.fingerprint
  images = stylegan.synthesize(release.latents, latent_space=space, noise="fixed")
  np.testing.assert_allclose(release.images, images, atol=1e-5)
  # What the public codes vary in is kept, but for a little noise; the rest is their mean.
  layout = prepare(stylegan, boundary, spec, space).layout
  before, after = (layout.parts(np.asarray(x, np.float64))[1] for x in (latents, release.latents))
  np.testing.assert_allclose(after, before, atol=0.1)


def test_whole_image_of_stylegan(stylegan):
  latents = np.random.default_rng(0).normal(size=(2, *stylegan.code_shape("W+")))
  spec = PrivacySpec("gaussian", "image", delta=1e-5, components=5, calibration_count=_COUNT)
  release = privatize(latents, stylegan, None, spec, latent_space="W+", synthesize=True)
  assert (release.latents == release.latents[:, :1]).all()
  assert release.images.shape == (2, 8, 8, 3)


def test_pggan(pggan):
  boundary = Boundary(np.ones(16), latent_space="Z", name="age")
  spec = PrivacySpec("randomized_response", calibration_count=_COUNT)
  release = privatize(pggan.sample_z(2, seed=0), pggan, boundary, spec, synthesize=True)
  assert release.latent_space == "Z"
  assert release.images.shape == (2, 8, 8, 3)
