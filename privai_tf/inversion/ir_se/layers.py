"""The layers that Keras does not have in this form, and PyTorch's padding. All channels last."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("privai_tf")
class Scale(keras.layers.Layer):
  """Batch normalization in inference form: a factor and a summand a channel.

  For those before a padded convolution: at the borders that sees zeros, not the summand, so that the
  two cannot be put into its weights.
  """

  def build(self, shape):
    self.factor = self.add_weight(shape=shape[-1:], initializer="ones", name="factor")
    self.summand = self.add_weight(shape=shape[-1:], initializer="zeros", name="summand")

  def call(self, x):
    return x * self.factor + self.summand


@keras.saving.register_keras_serializable("privai_tf")
class Slope(keras.layers.Layer):
  """PReLU: below zero a slope a channel."""

  def build(self, shape):
    self.slope = self.add_weight(shape=shape[-1:], initializer="zeros", name="slope")

  def call(self, x):
    return ops.where(x > 0, x, x * self.slope)


@keras.saving.register_keras_serializable("privai_tf")
class Mean(keras.layers.Layer):
  """Adds the mean code: [N, rows, d] -> [N, rows, d], for the first rows or all."""

  def __init__(self, rows: int, **options):
    super().__init__(**options)
    self.rows = rows

  def build(self, shape):
    shape = (self.rows, shape[-1])
    self.mean = self.add_weight(shape=shape, initializer="zeros", name="mean")

  def call(self, codes):
    return codes + self.mean[: codes.shape[1]]

  def get_config(self):
    return super().get_config() | {"rows": self.rows}


def convolution(x, channels: int, name: str, *, size: int = 3, stride: int = 1, bias: bool = True):
  """A convolution padded as PyTorch's are: by `size // 2` before.

  With stride 2, "same" would pad after instead. An even side needs nothing after it then.

  Args:
    x: [N, H, W, C].
    channels: of the output.
    name: of the Keras layer.
    size: side of the kernel in pixels, odd.
    stride: 1 or 2.
    bias: whether it has one.

  Returns:
    [N, H / stride, W / stride, channels], where stride 2 takes even sides.
  """
  if stride > 1 and size > 1:
    x = ops.pad(x, ((0, 0), (size // 2, 0), (size // 2, 0), (0, 0)))
  layer = keras.layers.Conv2D(
    channels,
    size,
    stride,
    padding="valid" if stride > 1 else "same",
    use_bias=bias,
    kernel_initializer="zeros",
    data_format="channels_last",
    name=name,
  )
  return layer(x)
