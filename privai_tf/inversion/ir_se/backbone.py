"""IR-SE50: residual units with squeeze and excitation, batch normalization folded away.

Deng, Guo, Xue, Zafeiriou, "ArcFace" (2019), which names it; Hu, Shen, Sun, "Squeeze-and-Excitation
Networks" (2018). All channels last.
"""

import keras
from keras import ops

from privai_tf.inversion.ir_se.config import IRSEConfig
from privai_tf.inversion.ir_se.layers import Scale, Slope, convolution
from privai_tf.inversion.ir_se.layout import TAKEN, units


def features(x, config: IRSEConfig) -> list:
  """The maps that the heads look at, [N, 64, 64, c], [N, 32, 32, c] and [N, 16, 16, c].

  Args:
    x: [N, 256, 256, 3] in [-1, 1].
    config: of the network.
  """
  x = Slope(name="input_slope")(convolution(x, config.channels[0], "input"))
  taken = []
  for number, before, after, squeezed, stride in units(config):
    x = _unit(x, f"unit{number}", before, after, squeezed, stride)
    if number in TAKEN:
      taken.append(x)
  return taken


def _unit(x, name: str, before: int, after: int, squeezed: int, stride: int):
  shortcut = x
  if before != after:
    shortcut = convolution(x, after, f"{name}_shortcut", size=1, stride=stride)
  elif stride > 1:
    shortcut = x[:, ::stride, ::stride]  # officially max pooling with a window of 1
  y = Scale(name=f"{name}_scale")(x)
  y = Slope(name=f"{name}_slope")(convolution(y, after, f"{name}_conv1", bias=False))
  y = convolution(y, after, f"{name}_conv2", stride=stride)
  gate = ops.relu(_dense(squeezed, f"{name}_squeeze")(ops.mean(y, axis=(1, 2))))
  gate = ops.sigmoid(_dense(after, f"{name}_excite")(gate))
  return y * gate[:, None, None] + shortcut


def _dense(outputs: int, name: str) -> keras.layers.Dense:
  return keras.layers.Dense(outputs, use_bias=False, kernel_initializer="zeros", name=name)
