"""The features of VGG16 (Simonyan and Zisserman 2015), differentiable in the images alone."""

import keras
import tensorflow as tf

from privai_tf.generators.convolutions import reversed_kernel
from privai_tf.generators.gradients import with_gradient
from privai_tf.runtime.jit import use_jit


class Features:
  """Images, preprocessed -> the outputs of some layers.

  On a processor the gradient is computed by plain convolutions, see `generators.convolutions`: a
  step takes three quarters of the time.

  Args:
    network: `keras.applications.VGG16` without its top.
    taps: names of the layers wanted, in the network's order.
  """

  def __init__(self, network: keras.Model, taps: tuple[str, ...]):
    network.trainable = False
    last = network.layers.index(network.get_layer(taps[-1]))
    self._layers = network.layers[1 : last + 1]  # Without the input.
    self._taps = taps
    self._network = keras.Model(network.input, [network.get_layer(tap).output for tap in taps])
    self._reverses = {
      layer.name: tf.Variable(reversed_kernel(layer.kernel), trainable=False)
      for layer in self._layers
      if layer.weights
    }

  def get_weights(self) -> list:
    """The arrays of all layers up to the last tap."""
    return self._network.get_weights()

  def __call__(self, pixels: tf.Tensor) -> list[tf.Tensor]:
    """Args:
      pixels: [N, H, W, 3], as the weights expect them.

    Returns:
      [N, h, w, channels] for each tap.
    """
    if use_jit():
      return self._network(pixels, training=False)
    found, x = {}, pixels
    for layer in self._layers:
      x = found[layer.name] = self._convolved(layer, x) if layer.weights else layer(x)
    return [found[tap] for tap in self._taps]

  def _convolved(self, layer: keras.layers.Conv2D, x: tf.Tensor) -> tf.Tensor:
    kernel, bias = (tf.convert_to_tensor(variable) for variable in (layer.kernel, layer.bias))

    def convolved(x):
      return tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, kernel, 1, "SAME"), bias))

    def gradient(x, y, upstream):
      passed = tf.where(y > 0, upstream, 0.0)  # Of the ReLU.
      return tf.nn.conv2d(passed, self._reverses[layer.name], 1, "SAME")

    return with_gradient(convolved, gradient)(x)
