"""Gradients that are written down agree with those that TensorFlow derives."""

import numpy as np
import pytest
import tensorflow as tf

from privai_tf.generators import filters, normalization
from privai_tf.generators.gradients import linear, with_gradient


def normal(*shape, seed=0):
  return tf.constant(np.random.default_rng(seed).standard_normal(shape), tf.float64)


def gradient(function, x, upstream):
  with tf.GradientTape() as tape:
    tape.watch(x)
    y = function(x)
  return tape.gradient(y, x, upstream).numpy()


def slopes(function, x, upstream, step=1e-5):
  """The same by differences, one number of x at a time."""
  found = np.zeros(x.shape)
  for index in np.ndindex(*x.shape):
    moved = np.zeros(x.shape)
    moved[index] = step
    difference = function(x + moved) - function(x - moved)
    found[index] = np.sum(difference * upstream) / (2 * step)
  return found


def test_what_is_written_is_used():
  x = tf.constant(3.0)
  assert gradient(with_gradient(lambda x: x * x, lambda x, y, up: x + y + up), x, None) == 3 + 9 + 1
  assert gradient(linear(lambda x: 2 * x, lambda y: 7 * y), x, None) == 7


@pytest.mark.parametrize("taps", [(1, 2, 1), (1, 2, 3), (1, 3, 3, 1), (1, 4, 6, 4, 1)])
def test_blur(taps):
  x, upstream = normal(2, 5, 6, 3), normal(2, 5, 6, 3, seed=1)

  def blurred(x):
    return filters.blur(tf.cast(x, tf.float32), taps)

  expected = slopes(lambda x: blurred(x).numpy().astype(np.float64), x, upstream, step=0.5)
  found = gradient(blurred, x, tf.cast(upstream, tf.float32))
  np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("side", [4, normalization._ONE_PASS_FROM])
def test_moments(side):
  x, upstream = normal(2, side, 3, 2), normal(2, 2, 1, 2, seed=1)

  def moments(x):
    return tf.concat(normalization._spatial_moments(x), axis=1)

  expected = slopes(lambda x: moments(x).numpy(), x, upstream)
  np.testing.assert_allclose(gradient(moments, x, upstream), expected, atol=1e-8)
