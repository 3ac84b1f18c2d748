"""MS-SSIM against two other implementations, and its gradient."""

import numpy as np
import pytest
import tensorflow as tf
from skimage.metrics import structural_similarity

from privai_tf.inversion import similarity


@pytest.fixture
def pair():
  random = np.random.default_rng(0)
  rows = np.sin(np.arange(192) / 9.0)[None, :, None, None] * np.ones((2, 1, 192, 3))
  images = np.clip(0.6 * rows + random.normal(0, 0.2, rows.shape), -1, 1)
  return images, np.clip(images + random.normal(0, 0.3, images.shape), -1, 1)


def test_one_scale_is_the_ssim_of_skimage(pair):
  images, others = (x[:, :17, 30:50] for x in pair)
  found = similarity.ms_ssim(tf.constant(images), tf.constant(others))
  options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
  expected = [
    structural_similarity(a, b, channel_axis=-1, data_range=2, **options)
    for a, b in zip(images, others, strict=True)
  ]
  np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_five_scales_are_those_of_tensorflow(pair):
  found = similarity.ms_ssim(*map(tf.constant, pair))
  np.testing.assert_allclose(found, tf.image.ssim_multiscale(*pair, 2.0), rtol=1e-4)


@pytest.mark.parametrize(
  ("side", "scales"), [(11, 1), (21, 1), (22, 2), (64, 3), (176, 5), (1024, 5)]
)
def test_scales_that_fit(side, scales):
  weights = similarity.scale_weights(side, 2 * side)
  assert len(weights) == scales
  assert sum(weights) == pytest.approx(1)
  np.testing.assert_allclose(
    np.divide(weights, weights[0]), np.array(similarity.WEIGHTS)[:scales] / 0.0448
  )


def test_too_small():
  with pytest.raises(ValueError, match="11"):
    similarity.scale_weights(10, 64)


def test_equal_and_opposite_images(pair):
  images = tf.constant(pair[0])
  np.testing.assert_allclose(similarity.ms_ssim(images, images), [1, 1])
  np.testing.assert_allclose(similarity.ms_ssim(images, -images), [0, 0], atol=1e-12)


def test_loss_has_a_gradient_everywhere(pair):
  """Opposite images are where the fractional powers of 0 would make it NaN."""
  small = tf.constant(pair[0][:, :32, :32])
  for goal in (-small, small, tf.zeros_like(small)):
    with tf.GradientTape() as tape:
      tape.watch(small)
      loss = similarity.ms_ssim_loss(small, goal)
    assert np.isfinite(tape.gradient(loss, small)).all()


def test_gradient(pair):
  point, goal = (x[:1, :24, :24] for x in pair)
  variable = tf.constant(point)
  with tf.GradientTape() as tape:
    tape.watch(variable)
    loss = similarity.ms_ssim_loss(variable, tf.constant(goal))
  gradient = tape.gradient(loss, variable).numpy()
  direction = np.random.default_rng(1).normal(size=point.shape)
  ahead, behind = (
    float(similarity.ms_ssim_loss(tf.constant(point + s * direction), tf.constant(goal))[0])
    for s in (1e-6, -1e-6)
  )
  assert np.sum(gradient * direction) == pytest.approx((ahead - behind) / 2e-6, rel=1e-5)


def test_figures_are_of_what_is_seen(pair):
  images = pair[0][:, :32, :32].astype(np.float32)
  bright = np.where(images > 0.5, np.float32(1.0), images)
  beyond = np.where(images > 0.5, np.float32(1.4), images)
  found = similarity.ms_ssim_figures(beyond, images)
  assert found.dtype == np.float32
  np.testing.assert_allclose(found, similarity.ms_ssim_figures(bright, images))
