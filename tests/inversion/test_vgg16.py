"""VGG16's features: Keras's values, and Keras's gradient by another way."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from privai_tf.inversion import vgg16

TAPS = ("block1_conv2", "block3_conv1")


@pytest.fixture(scope="module")
def network():
  keras.utils.set_random_seed(0)
  return keras.applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3))


@pytest.fixture
def pixels():
  return tf.constant(np.random.default_rng(0).normal(0, 60, (2, 32, 32, 3)), tf.float32)


def values_and_gradient(features, pixels):
  with tf.GradientTape() as tape:
    tape.watch(pixels)
    values = features(pixels)
    total = tf.add_n([tf.reduce_mean(value**2) for value in values])
  return [*values, tape.gradient(total, pixels)]


@pytest.mark.parametrize("jit", [False, True])
def test_features_and_their_gradient(network, pixels, monkeypatch, jit):
  monkeypatch.setattr(vgg16, "use_jit", lambda: jit)
  taps = [network.get_layer(name).output for name in TAPS]
  expected = values_and_gradient(keras.Model(network.input, taps), pixels)
  found = values_and_gradient(vgg16.Features(network, TAPS), pixels)
  for one, other in zip(found, expected, strict=True):
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5 * np.abs(other).max())


def test_weights_are_those_up_to_the_last_tap(network):
  weights = vgg16.Features(network, TAPS).get_weights()
  assert [weight.shape[-1] for weight in weights] == [64, 64, 64, 64, 128, 128, 128, 128, 256, 256]
