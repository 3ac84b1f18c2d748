"""Drafts: what stands in for the late layers is exact where it was fitted, and a search may use it."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from privai_tf.errors import ConfigurationError
from privai_tf.generators.mobilestylegan_config import MobileStyleGANConfig
from privai_tf.generators.mobilestylegan_generator import MobileStyleGANGenerator
from privai_tf.inversion import InversionSpec, initialization, invert
from privai_tf.inversion.drafts import Drafts, reduced
from privai_tf.inversion.initialization import decided

_SIDE = 16  # Of pictures of 32 x 32.


def mobile_of(resolution):
  """A MobileStyleGAN with random weights."""
  fmaps = (16,) * (resolution.bit_length() - 4) + (8,)
  widths = {"latent_size": 8, "dlatent_size": 8, "mapping_fmaps": 8, "mapping_layers": 1}
  return MobileStyleGANGenerator(MobileStyleGANConfig(resolution=resolution, fmaps=fmaps, **widths))


@pytest.fixture(scope="module")
def mobile():
  return mobile_of(32)


@pytest.fixture(scope="module")
def drawing(tiny):
  """The small generator, whose features are its picture before it is made four times as large."""

  def features(codes, latent_space, side, noise):
    picture = tiny.synthesize_tensor(codes, latent_space, noise)
    return tf.image.resize(picture, (side, side))

  class Drawing(type(tiny)):
    features_tensor = staticmethod(features)

  return Drawing()


def _codes(generator, count, seed):
  w = generator.map(generator.sample_z(count, seed=seed))
  return np.repeat(w[:, None], generator.num_layers, axis=1)


def test_a_draft_is_the_picture_where_it_was_fitted(mobile):
  codes = tf.constant(_codes(mobile, 2, 1))
  drafts = Drafts(mobile, "W+", _SIDE, "fixed")
  small = reduced(mobile.synthesize_tensor(codes, "W+"), _SIDE)
  head = drafts.head(codes, small)
  np.testing.assert_allclose(drafts(codes, head), small, atol=1e-5)
  # Each image has its own: the other's says less of it.
  alone = drafts.head(codes[:1], small[:1])
  np.testing.assert_allclose(alone.maps[0], head.maps[0], rtol=1e-3, atol=1e-4)


def test_nearby_it_moves_as_the_picture_does(drawing):
  """Where late layers only enlarge, a linear map can follow most of it."""
  codes = np.random.default_rng(2).normal(size=(2, 3, 8)).astype(np.float32)
  near = codes + 0.05 * np.random.default_rng(3).normal(size=codes.shape).astype(np.float32)
  small = [reduced(drawing.synthesize_tensor(w, "W+", "fixed"), 8) for w in (codes, near)]
  drafts = Drafts(drawing, "W+", 8, "fixed")
  missed = drafts(near, drafts.head(codes, small[0])) - small[1]
  assert float(tf.norm(missed)) < 0.5 * float(tf.norm(small[1] - small[0]))


def test_late_layers_get_no_gradient(mobile):
  codes = tf.constant(_codes(mobile, 1, 4))
  drafts = Drafts(mobile, "W+", _SIDE, "fixed")
  head = drafts.head(codes, reduced(mobile.synthesize_tensor(codes, "W+"), _SIDE))
  with tf.GradientTape() as tape:
    tape.watch(codes)
    total = tf.reduce_sum(drafts(codes, head) ** 2)
  felt = np.abs(tape.gradient(total, codes).numpy()[0]).max(axis=1) > 0
  early = [size <= _SIDE // 2 for size in mobile.noise_resolutions]
  np.testing.assert_array_equal(felt[: len(early)], early)
  assert not felt[len(early) :].any()


def test_a_search_on_drafts_finds_the_picture(drawing):
  """The losses are of whole pictures made small, and fall."""
  codes = 0.5 * np.random.default_rng(5).normal(size=(2, 3, 8)).astype(np.float32)
  photos = drawing.synthesize(codes, "W+")
  spec = InversionSpec(
    latent_space="W+", steps=60, init="mean", draft_side=8, steps_per_call=10, mean_weight=0.0
  )
  found = invert(photos, drawing, spec)
  assert found.images.shape == photos.shape  # Whole pictures.
  assert (found.losses[-1] < 0.5 * found.losses[0]).all()


def test_who_has_drafts(mobile, tiny):
  spec = InversionSpec(latent_space="W", steps=1, init="mean", draft_side=16)
  photo = np.zeros((1, 16, 16, 3), np.float32)
  with pytest.raises(ConfigurationError, match="only MobileStyleGAN's pictures have drafts"):
    invert(photo, tiny, spec)
  with pytest.raises(ConfigurationError, match="sides below their own 32"):
    invert(np.zeros((1, 32, 32, 3), np.float32), mobile, dataclasses.replace(spec, draft_side=32))
  with pytest.raises(ConfigurationError, match="power of two"):
    InversionSpec(draft_side=100)
  with pytest.raises(ConfigurationError, match="noise_maps needs whole pictures"):
    InversionSpec(draft_side=64, noise_maps=True)


def test_only_large_pictures_get_them_unasked(mobile, monkeypatch):
  assert decided(InversionSpec(), mobile).draft_side == 0
  monkeypatch.setattr(initialization, "_DRAFT_SIDE", 8)
  assert decided(InversionSpec(), mobile).draft_side == 8
  assert decided(InversionSpec(noise_maps=True), mobile).draft_side == 0
  assert decided(InversionSpec(draft_side=0), mobile).draft_side == 0
