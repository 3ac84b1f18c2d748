"""Pictures -> codes: the whole network of an e4e or pSp encoder."""

import keras

from privai_tf.inversion.ir_se.backbone import features
from privai_tf.inversion.ir_se.config import SIDE, IRSEConfig
from privai_tf.inversion.ir_se.heads import codes, head, pyramid
from privai_tf.inversion.ir_se.layers import Mean
from privai_tf.inversion.ir_se.layout import MEAN, linear_name, used
from privai_tf.inversion.ir_se.resampling import resized, smoothing_matrix


def build_network(config: IRSEConfig) -> keras.Model:
  """The network with the heads that its codes need, and weights of zero.

  Args:
    config: its shape.

  Returns:
    A Keras model: [N, R, R, 3] in [-1, 1] -> [N, *code_shape].
  """
  images = keras.Input((config.resolution, config.resolution, config.num_channels))
  x = images
  if config.resolution != SIDE:
    x = resized(x, smoothing_matrix(config.resolution, SIDE))
  maps = pyramid(features(x, config), config)
  outputs = [head(maps, number, config.width) for number in range(used(config))]
  made = codes(outputs, config, Mean(config.heads, name=MEAN))
  return keras.Model(images, made, name="encoder")


def in_form(network: keras.Model, config: IRSEConfig) -> keras.Model:
  """The part of a network that gives codes of another form, with the same variables.

  Args:
    network: as `build_network` made it, with the heads that the form needs at least.
    config: `IRSEConfig.in_space` of the network's.
  """
  outputs = [network.get_layer(linear_name(number)).output for number in range(used(config))]
  made = codes(outputs, config, network.get_layer(MEAN))
  return keras.Model(network.inputs[0], made, name="encoder")
