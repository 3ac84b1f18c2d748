"""The heads of e4e and pSp, and how their outputs become codes.

Tov, Alaluf, Nitzan, Patashnik, Cohen-Or, "Designing an Encoder for StyleGAN Image Manipulation"
(2021); Richardson et al., "Encoding in Style" (2021). All channels last.
"""

import keras
from keras import ops

from privai_tf.generators.activations import leaky_relu
from privai_tf.inversion.ir_se.config import IRSEConfig
from privai_tf.inversion.ir_se.layers import Mean, convolution
from privai_tf.inversion.ir_se.layout import COARSE, MIDDLE, convolutions, linear_name
from privai_tf.inversion.ir_se.resampling import aligned_matrix, resized

_SLOPE = 0.01


def pyramid(taken: list, config: IRSEConfig) -> list:
  """Features with what the coarser ones know: those of 64 x 64, 32 x 32 and 16 x 16."""
  fine, middle, coarse = taken
  channels = config.channels[-1]
  middle = _enlarged(coarse) + convolution(middle, channels, "lateral1", size=1)
  fine = _enlarged(middle) + convolution(fine, channels, "lateral2", size=1)
  return [fine, middle, coarse]


def _enlarged(x):
  return resized(x, aligned_matrix(x.shape[1], 2 * x.shape[1]))


def head(maps: list, number: int, width: int):
  """One head's output, [N, width].

  Args:
    maps: from `pyramid`, [N, r, r, C] with r 64, 32 and 16.
    number: of the head, from 0; the first ones see the coarser maps.
    width: numbers that it puts out, d.
  """
  x = maps[2 if number < COARSE else 1 if number < MIDDLE else 0]
  for index in range(convolutions(number)):
    x = leaky_relu(convolution(x, width, f"head{number}_conv{index}", stride=2), _SLOPE)
  layer = keras.layers.Dense(width, kernel_initializer="zeros", name=linear_name(number))
  return layer(ops.reshape(x, (-1, width)))


def codes(outputs: list, config: IRSEConfig, mean: Mean):
  """Outputs of the heads -> codes of the configuration's form.

  Args:
    outputs: of the heads `used`, each [N, d].
    config: `kind` and `latent_space` decide.
    mean: what is added.
  """
  if config.kind == "e4e":
    outputs = [outputs[0], *(outputs[0] + offset for offset in outputs[1:])]
  rows = mean(ops.stack(outputs, axis=1))
  return rows if config.latent_space == "W+" else ops.mean(rows, axis=1)
