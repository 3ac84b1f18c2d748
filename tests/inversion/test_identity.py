"""Whose face it is, as a loss. The published network's files are not here: a small graph stands in."""

import numpy as np
import pytest
import tensorflow as tf

from privai_tf.errors import ConfigurationError
from privai_tf.inversion import InversionSpec, faceres, identity, invert
from privai_tf.inversion.faceres import FEATURES, Faceres
from privai_tf.inversion.identity import IdentityLoss, identity_loss
from privai_tf.inversion.initialization import decided, missing_likeness
from tests.inversion.test_drafts import mobile_of

_STRIDES = {"strides": {"list": {"i": ["1", "8", "8", "1"]}}}


@pytest.fixture(scope="module")
def network():
  """One convolution and the mean over the picture."""
  kernel = np.random.default_rng(1).standard_normal((8, 8, 3, 16)).astype(np.float32)
  nodes = [
    {"name": "pixels", "op": "Placeholder"},
    {"name": "kernel", "op": "Const"},
    {"name": "axes", "op": "Const"},
    {"name": "seen", "op": "Conv2D", "input": ["pixels", "kernel"], "attr": _STRIDES},
    {"name": "felt", "op": "Relu", "input": ["seen"], "attr": {}},
    {"name": FEATURES, "op": "Mean", "input": ["felt", "axes"], "attr": {}},
  ]
  return Faceres(nodes, {"kernel": kernel, "axes": np.array([1, 2], np.int32)})


def _pictures(count, side, seed):
  """Of 4 x 4 random patches each."""
  patches = np.random.default_rng(seed).uniform(-1, 1, (count, 4, 4, 3))
  return np.kron(patches, np.ones((1, side // 4, side // 4, 1))).astype(np.float32)


def test_the_same_face_is_no_distance_and_another_is(network):
  images = tf.constant(_pictures(3, 64, 2))
  loss = IdentityLoss(network)
  goals = loss.features(images)
  np.testing.assert_allclose(loss.distance(images, goals), 0, atol=1e-5)
  assert (loss.distance(images, tf.roll(goals, 1, axis=0)).numpy() > 1e-4).all()
  np.testing.assert_allclose(tf.norm(goals, axis=-1), 1, rtol=1e-5)


def test_only_the_middle_of_the_picture_is_looked_at(network):
  images = _pictures(1, 80, 3)
  loss = IdentityLoss(network)
  goals = loss.features(tf.constant(images))
  images[:, :8], images[:, :, 72:] = -1.0, -1.0
  np.testing.assert_allclose(loss.distance(tf.constant(images), goals), 0, atol=1e-5)
  images[:, 36:44, 36:44] = 1.0
  assert float(loss.distance(tf.constant(images), goals)[0]) > 1e-5


def test_a_search_follows_it(network, monkeypatch):
  """The network's own distance, after a search that has nothing else to follow."""
  monkeypatch.setattr(identity, "_network", lambda: network)
  generator = mobile_of(64)
  photo = np.clip(generator.synthesize(generator.sample_z(1, seed=4), latent_space="Z"), -1, 1)
  loss = IdentityLoss(network)
  goals = loss.features(tf.constant(photo))
  spec = InversionSpec(
    latent_space="W", steps=25, init="mean", pixel_weight=1e-6, identity_weight=1.0, mean_weight=0.0
  )
  found = invert(photo, generator, spec)
  before = generator.synthesize(generator.mean_latent("W")[None], latent_space="W")
  after = float(loss.distance(tf.constant(found.images), goals)[0])
  assert after < 0.5 * float(loss.distance(tf.constant(before), goals)[0])


def test_who_gets_it_unasked(tmp_path, monkeypatch):
  monkeypatch.setenv("PRIVAI_CACHE_DIR", str(tmp_path))
  mobile = mobile_of(16)
  assert decided(InversionSpec(), mobile).identity_weight == 0
  assert "--download=faceres" in missing_likeness(InversionSpec(), mobile)
  assert missing_likeness(InversionSpec(identity_weight=0.0), mobile) is None
  folder = tmp_path / "recognizers"
  folder.mkdir()
  for name in faceres.FILES:
    (folder / name).touch()
  assert decided(InversionSpec(), mobile).identity_weight > 0
  assert missing_likeness(InversionSpec(), mobile) is None
  assert decided(InversionSpec(identity_weight=0.0), mobile).identity_weight == 0


def test_what_is_missing_or_too_small_is_told(tmp_path, monkeypatch):
  monkeypatch.setenv("PRIVAI_CACHE_DIR", str(tmp_path))
  identity._network.cache_clear()
  spec = InversionSpec(identity_weight=1.0)
  with pytest.raises(ConfigurationError, match="converters --download=faceres"):
    identity_loss(spec, 128, 3)
  with pytest.raises(ConfigurationError, match="at least 64 x 64"):
    identity_loss(spec, 32, 3)
  assert identity_loss(InversionSpec(), 128, 3) is None
