"""Halving is TensorFlow's average pooling, values and gradient."""

import numpy as np
import pytest
import tensorflow as tf

from privai_tf.inversion.halving import halved


@pytest.mark.parametrize("shape", [(2, 8, 6, 3), (1, 4, 4, 1), (2, 7, 6, 3)])
@pytest.mark.parametrize("dtype", [tf.float32, tf.float64])
def test_values_and_gradient(shape, dtype):
  images = tf.constant(np.random.default_rng(0).normal(size=shape), dtype)

  def both(function):
    with tf.GradientTape() as tape:
      tape.watch(images)
      half = function(images)
      total = tf.reduce_sum(tf.sin(half))
    return half, tape.gradient(total, images)

  expected = both(lambda x: tf.nn.avg_pool2d(x, 2, 2, "VALID"))
  for found, wanted in zip(both(halved), expected, strict=True):
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, atol=1e-6)
