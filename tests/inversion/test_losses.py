"""Losses: values by hand, gradients against finite differences, learning-rate ramps."""

import numpy as np
import pytest
import tensorflow as tf

from privai_tf.inversion import losses
from privai_tf.inversion.face_map import face_map
from privai_tf.inversion.quality import psnr
from privai_tf.inversion.schedules import Ramps
from privai_tf.inversion.statistics import latent_statistics


@pytest.fixture
def random():
  return np.random.default_rng(0)


def assert_gradient(function, point, step=1e-5, tolerance=1e-6):
  """Compares the gradient with central differences along eight random directions."""
  variable = tf.constant(point)
  with tf.GradientTape() as tape:
    tape.watch(variable)
    value = tf.reduce_sum(function(variable))
  gradient = tape.gradient(value, variable).numpy()
  generator = np.random.default_rng(1)
  for _ in range(8):
    direction = generator.normal(size=point.shape)
    ahead, behind = (tf.reduce_sum(function(point + s * direction)) for s in (step, -step))
    numeric = float(ahead - behind) / (2 * step)
    np.testing.assert_allclose(np.sum(gradient * direction), numeric, rtol=tolerance, atol=1e-9)


def test_pyramid_levels():
  shapes = [level.shape[1] for level in losses.pyramid(tf.zeros((1, 64, 64, 3)))]
  assert shapes == [64, 32, 16, 8]
  assert len(losses.pyramid(tf.zeros((1, 1024, 1024, 3)))) == 4
  assert len(losses.pyramid(tf.zeros((1, 8, 8, 3)))) == 1
  assert len(losses.pyramid(tf.zeros((1, 50, 50, 3)))) == 2  # 25 is odd.
  assert losses.pyramid(tf.zeros((1, 32, 64, 3)))[-1].shape == (1, 8, 16, 3)


def test_pyramid_averages(random):
  images = random.normal(size=(2, 16, 16, 3))
  half = losses.pyramid(tf.constant(images))[1].numpy()
  np.testing.assert_allclose(half, images.reshape(2, 8, 2, 8, 2, 3).mean(axis=(2, 4)))


def test_pixel_loss_by_hand():
  zeros, ones = tf.zeros((2, 32, 32, 3)), tf.ones((2, 32, 32, 3))
  # Three levels, each off by 1 (less the smoothing, one grey level), no steps.
  np.testing.assert_allclose(losses.pixel_loss(zeros, losses.pyramid(ones)), [3, 3], atol=0.03)
  # What averages out is seen by the finest level alone: 1 off, and steps of 2 both ways.
  board = np.indices((32, 32)).sum(axis=0) % 2 * 2.0 - 1
  board = tf.constant(np.broadcast_to(board[None, :, :, None], (2, 32, 32, 3)).astype(np.float32))
  np.testing.assert_allclose(losses.pixel_loss(zeros, losses.pyramid(board)), [5, 5], atol=0.03)


def test_pixels_of_the_face_count_more():
  weights = [face_map(side, side, 5.0) for side in (32, 16, 8)]
  np.testing.assert_allclose([values.mean() for values in weights], 1, rtol=1e-6)
  goals = losses.pyramid(tf.zeros((2, 32, 32, 3)))
  spots = np.zeros((2, 32, 32, 3), np.float32)
  spots[0, 18:20, 15:17], spots[1, 2:4, 2:4] = 1.0, 1.0  # On the nose, and in a corner.
  nose, corner = losses.pixel_loss(tf.constant(spots), goals, weights).numpy()
  assert 4 < nose / corner < 6
  plain = losses.pixel_loss(tf.constant(spots), goals)
  same = losses.pixel_loss(tf.constant(spots), goals, [face_map(s, s, 1.0) for s in (32, 16, 8)])
  np.testing.assert_allclose(same, plain, rtol=1e-6)


def test_pixel_loss_of_equal_images_is_zero(random):
  images = tf.constant(random.normal(size=(2, 16, 16, 3)))
  np.testing.assert_allclose(losses.pixel_loss(images, losses.pyramid(images)), [0, 0], atol=1e-12)


def test_losses_are_per_image(random):
  images, goals = random.normal(size=(2, 3, 16, 16, 3))
  together = losses.pixel_loss(tf.constant(images), losses.pyramid(tf.constant(goals)))
  for i in range(3):
    alone = losses.pixel_loss(
      tf.constant(images[i : i + 1]), losses.pyramid(tf.constant(goals[i : i + 1]))
    )
    np.testing.assert_allclose(together[i], alone[0])


def test_pixel_loss_gradient(random):
  goals = losses.pyramid(tf.constant(random.normal(size=(2, 16, 16, 3))))
  assert_gradient(lambda x: losses.pixel_loss(x, goals), random.normal(size=(2, 16, 16, 3)))


@pytest.mark.parametrize("shape", [(3, 5), (3, 4, 5)])
def test_mean_distance(random, shape):
  mean, root = random.normal(size=5), random.normal(size=(5, 5))
  precision, codes = root @ root.T, random.normal(size=shape)
  offset = (codes - mean).reshape(3, -1, 5)
  expected = [np.mean([o @ precision @ o for o in rows]) for rows in offset]
  found = losses.mean_distance(tf.constant(codes), mean, precision)
  np.testing.assert_allclose(found, expected)
  assert_gradient(lambda x: losses.mean_distance(x, mean, precision), codes)


def test_own_codes_have_distance_one(tiny):
  statistics = latent_statistics(tiny, "W")
  codes = tiny.map(tiny.sample_z(2000, seed=77))
  found = losses.mean_distance(tf.constant(codes), statistics.mean, statistics.precision)
  assert np.mean(found) == pytest.approx(1, abs=0.05)
  assert statistics.scale == pytest.approx(np.sqrt(np.mean(np.var(codes, axis=0))), rel=0.05)


def test_statistics_of_z(tiny):
  statistics = latent_statistics(tiny, "Z")
  assert statistics.scale == 1
  np.testing.assert_array_equal(statistics.mean, np.zeros(8))


def test_whitened_coordinates(tiny):
  statistics = latent_statistics(tiny, "W")
  codes = tiny.map(tiny.sample_z(4000, seed=78))
  white = (codes - codes.mean(axis=0)) @ statistics.inverse_root
  np.testing.assert_allclose(
    np.cov(white, rowvar=False), np.eye(8), atol=0.25
  )  # The ridge takes some.
  np.testing.assert_allclose(statistics.inverse_root @ statistics.root, np.eye(8), atol=1e-4)


def test_psnr():
  images = np.zeros((3, 4, 4, 3), np.float32)
  targets = images.copy()
  targets[1] += 10 / 127.5
  targets[2] = 5.0  # Clipped to white: 255 against 127.5 rounded to even, 128.
  found = psnr(images, targets)
  assert found[0] == np.inf
  assert found[1] == pytest.approx(20 * np.log10(255 / 10), abs=1e-3)
  assert found[2] == pytest.approx(20 * np.log10(255 / 127), abs=1e-3)
  assert found.dtype == np.float32


def test_ramps():
  rates = np.array([float(Ramps(2.0, 100, 0.1, 0.4)(step)) for step in range(100)])
  np.testing.assert_allclose(rates[:10], 2 * (np.arange(10) + 0.5) / 10, rtol=1e-5)
  np.testing.assert_allclose(rates[10:60], 2, rtol=1e-5)
  assert (np.diff(rates[60:]) < 0).all()
  assert 0 < rates[-1] < 0.01
  middle = 2 * (0.5 - 0.5 * np.cos(np.pi * (1 - 80.5 / 100) / 0.4))
  assert rates[80] == pytest.approx(middle, rel=1e-4)


def test_ramps_of_no_length():
  rates = [float(Ramps(1.0, 4, 0.0, 0.0)(step)) for step in range(4)]
  np.testing.assert_allclose(rates, 1)
