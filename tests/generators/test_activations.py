"""Leaky ReLU: Keras's own values and gradients, without the operation that breaks fusions."""

import re

import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from privai_tf.generators.activations import leaky_relu

_VALUES = [0.0, -0.0, 1e-40, -1e-40, 3.0, -3.0, np.inf, -np.inf, np.nan]


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("slope", [0.2, 0.01])
def test_values_and_gradients_are_keras_s_own(dtype, slope):
  noise = np.random.default_rng(0).standard_normal(1000)
  x = tf.cast(np.concatenate([noise, _VALUES]), dtype)
  results = []
  for function in (leaky_relu, ops.leaky_relu):
    with tf.GradientTape() as tape:
      tape.watch(x)
      y = function(x, slope)
    assert y.dtype == x.dtype
    gradient = tape.gradient(y, x)
    results.append([np.asarray(tf.cast(value, "float32")) for value in (y, gradient)])
  np.testing.assert_array_equal(results[0][0], results[1][0])
  # Of what is no number there is no right gradient.
  np.testing.assert_array_equal(results[0][1][:-1], results[1][1][:-1])


def test_no_network_has_keras_s_own_operation(repository):
  """TensorFlow's remapper fails where a graph with its gradient is optimized for bfloat16."""
  found = [
    str(path)
    for folder in ("privai_tf", "converters", "demo")
    for path in (repository / folder).rglob("*.py")
    if re.search(r"\bops\.leaky_relu\b|\bnn\.leaky_relu\b|LeakyReLU\(", path.read_text("utf-8"))
  ]
  assert found == []
