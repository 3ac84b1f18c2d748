"""Convolutions whose kernel each image modulates with its style (StyleGAN2 paper, section 2.2)."""

import numpy as np
from keras import ops

from privai_tf.generators.convolutions import Convolution, reversed_kernel
from privai_tf.generators.gradients import linear
from privai_tf.generators.layers import Dense
from privai_tf.generators.multiplied import multiplied
from privai_tf.generators.stylegan2.resampling import smoothed_up, smoothed_up_adjoint

_EPSILON = 1e-8


class ModulatedConvolution(Convolution):
  """k x k: the kernel's inputs are scaled by the style, and its outputs to unit norm.

  The same is computed by scaling the features before and after a convolution with the kernel that all
  images share. A single image on a processor gets a kernel of its own instead, which saves two passes
  over its features (at 1024 x 1024 with 32 channels 0.70 s of processor time instead of 0.87); its
  gradient is that of the other form, since no kernel is learned. Four images of 256 x 256 with 128
  channels take 2.46 s scaled and 2.83 s with their kernels in one grouped convolution.
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
    kernel = self.weight * self.factor
    power = ops.sum(ops.square(kernel), axis=(0, 1))
    return (power, kernel, reversed_kernel(kernel)) if for_processor else (power, kernel)

  def styles(self, w):
    """w [N, dlatent_size] -> what the kernel's inputs are scaled by, [N, inputs]."""
    return self.style(w)

  def convolved(self, x, kernel):
    """The convolution with the shared kernel, or another one in its place."""
    return _convolved(x, kernel)

  def adjoined(self, y, kernel):
    """Its adjoint, by the last of the kernels that a processor has."""
    return _convolved(y, kernel)

  def scaled_kernel(self, kernel, style, scale):
    """The kernel of an image with style [inputs] and scale [outputs]."""
    return kernel * (style[:, None] * scale)

  def modulated(self, x, w, gain):
    """Args:
      x: [N, H, W, inputs].
      w: [N, dlatent_size].
      gain: the results are multiplied by it, a number or a scalar tensor.

    Returns:
      [N, H, W, outputs].
    """
    power, kernel, *adjoint = self.kernels()
    style = self.styles(w)
    # Paper, equation 3: 1 / sqrt(sum_ik (s_i w_ijk)^2 + epsilon), the sum over k being `power`.
    scale = ops.rsqrt(ops.matmul(ops.square(style), power) + _EPSILON) * gain
    if adjoint and x.shape[0] == 1 and multiplied() == "float32":
      return self._alone(x, style, scale, kernel, *adjoint)
    # Equation 1 on the features: sum_i (s_i w_ij) x_i = sum_i w_ij (s_i x_i).
    x = ops.cast(x * style[:, None, None], multiplied())
    if adjoint:
      x = linear(lambda x: self.convolved(x, kernel), lambda y: self.adjoined(y, *adjoint))(x)
    else:
      x = self.convolved(x, kernel)
    return ops.cast(x, w.dtype) * scale[:, None, None]

  def _alone(self, x, style, scale, kernel, adjoint):
    """`modulated` for a single image."""

    @ops.custom_gradient
    def known(x, style, scale):
      y = self.convolved(x, self.scaled_kernel(kernel, style[0], scale[0]))

      def backward(*arguments, upstream=None):
        (upstream,) = arguments or (upstream,)
        # y = scale * conv(style * x) is linear in each of the three: one adjoint serves them all.
        features = self.adjoined(upstream * scale[:, None, None], adjoint)
        to_style = ops.sum(x * features, axis=(1, 2))
        to_scale = ops.sum(upstream * y, axis=(1, 2)) / scale
        return features * style[:, None, None], to_style, to_scale

      return y, backward

    return known(x, style, scale)


class ModulatedUpConvolution(ModulatedConvolution):
  """The same, to twice the size: a transposed convolution of stride 2 and a filter.

  It is zeros in between, the filter, and the convolution: in this order it takes the fewest
  multiplications. (Taken apart into plain convolutions, as StyleGAN's is, it was no faster.)
  """

  def __init__(self, *arguments, resample_filter: tuple[float, ...], **options):
    super().__init__(*arguments, **options)
    self.resample_filter = resample_filter

  def compute_kernels(self, for_processor: bool) -> tuple:
    power, kernel = super().compute_kernels(False)
    # Transposed convolutions keep their kernels as [k, k, outputs, inputs].
    kernel = ops.transpose(ops.flip(kernel, (0, 1)), (0, 1, 3, 2))
    return (power, kernel, kernel) if for_processor else (power, kernel)

  def convolved(self, x, kernel):
    kernel = ops.cast(kernel, x.dtype)
    x = ops.conv_transpose(x, kernel, strides=2, padding="valid", data_format="channels_last")
    return smoothed_up(x, self.resample_filter)

  def adjoined(self, y, kernel):
    y = smoothed_up_adjoint(y, self.resample_filter)
    return _convolved(y, kernel, strides=2, padding="valid")

  def scaled_kernel(self, kernel, style, scale):
    return kernel * (scale[:, None] * style)


def _convolved(x, kernel, strides: int = 1, padding: str = "same"):
  kernel = ops.cast(kernel, x.dtype)
  return ops.conv(x, kernel, strides=strides, padding=padding, data_format="channels_last")


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
