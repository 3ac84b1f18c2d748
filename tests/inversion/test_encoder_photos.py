"""Generated images made like photos: each in its own measure, the same for the same seed."""

import numpy as np
import pytest
import tensorflow as tf

from privai_tf.inversion.encoder_photos import compressed, photographed, resampling

SEED = [1, 2]


def _changed(images, seed=SEED):
  return photographed(tf.constant(images), tf.constant(seed)).numpy()


@pytest.mark.parametrize("shape", [(64, 16, 16, 3), (64, 16, 16, 1), (64, 4, 4, 3)])
def test_images_change_alike_for_a_seed(shape):
  images = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)
  found = _changed(images)
  assert found.shape == shape
  assert np.isfinite(found).all()
  assert np.abs(found).max() < 3
  np.testing.assert_array_equal(found, _changed(images))
  same = np.all(found == images, axis=(1, 2, 3))
  assert 0 < same.sum() < 24  # 6 expected; by chance outside in less than 1 of 500 seeds.
  other = _changed(images, [1, 3])
  assert not np.array_equal(found, other)


def test_what_an_image_shows_stays():
  ramp = np.linspace(-0.5, 0.5, 64, dtype=np.float32)
  images = np.broadcast_to(ramp[:, None, None] * np.ones((64, 1), np.float32)[None], (64, 64, 1))
  images = np.repeat(images[None] * np.ones(3, np.float32), 32, axis=0)
  found = _changed(images)
  for picture in found:
    assert np.corrcoef(picture.ravel(), images[0].ravel())[0, 1] > 0.9
  assert 0.05 < np.sqrt(np.mean((found - images) ** 2)) < 0.4


def test_resampling_moves_and_scales_about_the_middle():
  def matrix(size, shift, blur=0.01):
    return resampling(9, *(tf.constant([[[value]]], tf.float32) for value in (size, shift, blur)))[
      0
    ]

  line = np.arange(9, dtype=np.float32) ** 2
  np.testing.assert_allclose(matrix(1.0, 0.0) @ line[:, None], line[:, None], atol=1e-4)
  moved = (matrix(1.0, 2.0) @ line[:, None]).numpy()[:, 0]
  np.testing.assert_allclose(moved[2:], line[:-2], atol=1e-4)
  np.testing.assert_allclose(moved[:2], line[0], atol=1e-4)  # The edge fills.
  enlarged = (matrix(4.0, 0.0) @ line[:, None]).numpy()[:, 0]
  np.testing.assert_allclose(enlarged[[0, 4]], line[[3, 4]], atol=1e-4)
  np.testing.assert_allclose(tf.reduce_sum(matrix(1.03, 0.4, 2.0), axis=1), 1.0, atol=1e-5)


def test_compression_rounds_the_finest_first():
  random = np.random.default_rng(0)
  images = random.uniform(-1, 1, (1, 16, 16, 3)).astype(np.float32)

  def strength(value):
    return compressed(tf.constant(images), tf.fill((1, 1, 1, 1), value)).numpy()

  np.testing.assert_allclose(strength(1e-4), images, atol=2e-3)
  errors = [np.mean((strength(value) - images) ** 2) for value in (0.1, 0.5, 2.0)]
  assert errors == sorted(errors)
  coarse = strength(2.0)
  means = images.reshape(2, 8, 2, 8, 3).mean(axis=(1, 3))
  found = coarse.reshape(2, 8, 2, 8, 3).mean(axis=(1, 3))
  # A block's mean is rounded to 2 * 16 / 8 levels (brightness), twice that (colour).
  np.testing.assert_allclose(found, means, atol=12 / 127.5)
  flat = np.full((1, 8, 8, 3), 0.25, np.float32)
  again = compressed(tf.constant(flat), tf.fill((1, 1, 1, 1), 2.0)).numpy()
  assert np.ptp(again, axis=(1, 2)).max() < 1e-5
