"""Convolutions whose kernel each image modulates with its style (StyleGAN2 paper, section 2.2)."""

import numpy as np
from keras import ops

from privai_tf.generators.convolutions import Convolution
from privai_tf.generators.layers import Dense
from privai_tf.generators.stylegan2.resampling import smoothed_up

_EPSILON = 1e-8


class ModulatedConvolution(Convolution):
  """k x k: the kernel's inputs are scaled by the style, and its outputs to unit norm.

  The same is computed by scaling the features before and after a convolution with the kernel that
  all images share.
  """

  def __init__(
    self,
    prefix: str,
    inputs: int,
    outputs: int,
    dlatent_size: int,
    size: int = 3,
    seed: int | None = 0,
  ):
    super().__init__(prefix, inputs, outputs, size, gain=1.0, seed=seed)
    self.style = Dense(f"{prefix}/style", dlatent_size, inputs, gain=1.0, seed=seed)
    if seed is not None:
      self.style.bias.assign(np.ones(inputs, np.float32))

  def compute_kernels(self, for_processor: bool) -> tuple:
    power = ops.sum(ops.square(self.weight * self.factor), axis=(0, 1))
    return (power, *super().compute_kernels(for_processor))

  def modulated(self, x, w, gain: float):
    """Args:
      x: [N, H, W, inputs].
      w: [N, dlatent_size].
      gain: the results are multiplied by it.

    Returns:
      [N, H, W, outputs].
    """
    power, *kernels = self.kernels()
    style = self.style(w)
    scale = ops.rsqrt(ops.matmul(ops.square(style), power) + _EPSILON) * gain
    x = ops.cast(x * style[:, None, None], self.precision)
    return ops.cast(self.convolved(x, *kernels), w.dtype) * scale[:, None, None]


class ModulatedUpConvolution(ModulatedConvolution):
  """The same, to twice the size: a transposed convolution of stride 2 and a filter.

  It is zeros in between, the filter, and the convolution: in this order it takes the fewest
  multiplications.
  """

  def __init__(self, *arguments, resample_filter: tuple[float, ...], **options):
    super().__init__(*arguments, **options)
    self.resample_filter = resample_filter

  def compute_kernels(self, for_processor: bool) -> tuple:
    power, kernel, *_ = super().compute_kernels(False)
    # Transposed convolutions keep their kernels as [k, k, outputs, inputs].
    return power, ops.transpose(ops.flip(kernel, (0, 1)), (0, 1, 3, 2))

  def convolved(self, x, kernel):
    kernel = ops.cast(kernel, x.dtype)
    x = ops.conv_transpose(x, kernel, strides=2, padding="valid", data_format="channels_last")
    return smoothed_up(x, self.resample_filter)


class ToRGB(ModulatedConvolution):
  """Features -> colours: 1 x 1, modulated, but not scaled to unit norm."""

  def __init__(self, prefix: str, inputs: int, colours: int, dlatent_size: int, seed: int | None):
    super().__init__(prefix, inputs, colours, dlatent_size, size=1, seed=seed)

  def compute_kernels(self, for_processor: bool) -> tuple:
    return (self.weight * self.factor,)

  def call(self, x, w, clamp: float | None = None):
    """x [N, H, W, inputs], w [N, dlatent_size] -> [N, H, W, colours]."""
    height, width, channels = x.shape[1:]
    kernel = self.kernel()[0] * self.style(w)[:, :, None]  # [N, inputs, colours]
    image = ops.matmul(ops.reshape(x, (-1, height * width, channels)), kernel)
    image = ops.reshape(image, (-1, height, width, image.shape[-1])) + self.bias
    return image if clamp is None else ops.clip(image, -clamp, clamp)
