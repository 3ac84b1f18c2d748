"""StyleGAN3's layers: a modulated convolution, and a nonlinearity that makes no new frequencies."""

import math

import numpy as np
from keras import ops

from privai_tf.generators.activations import leaky_relu
from privai_tf.generators.convolutions import reversed_kernel
from privai_tf.generators.layers import NamedLayer
from privai_tf.generators.stylegan2.modulation import ModulatedConvolution, ToRGB
from privai_tf.generators.stylegan3.config import StyleGAN3Config
from privai_tf.generators.stylegan3.filters import Downsampling, Upsampling, padded
from privai_tf.generators.stylegan3.geometry import LayerGeometry

_GAIN = math.sqrt(2.0)


class WideConvolution(ModulatedConvolution):
  """As StyleGAN2's, but over all places that a kernel touches: k - 1 more rows and columns.

  Kernels and styles are normalized before they meet, so that no scale of theirs is lost in the small
  number that divisions are kept safe by. (Officially all styles of a batch are normalized together;
  the scale cancels, so we take each by itself.)
  """

  def compute_kernels(self, for_processor: bool) -> tuple:
    kernel = self.weight * ops.rsqrt(ops.mean(ops.square(self.weight), axis=(0, 1, 2)))
    power = ops.sum(ops.square(kernel), axis=(0, 1))
    return (power, kernel, reversed_kernel(kernel)) if for_processor else (power, kernel)

  def styles(self, w):
    style = self.style(w)
    return style * ops.rsqrt(ops.mean(ops.square(style), axis=1, keepdims=True))

  def convolved(self, x, kernel):
    edge = kernel.shape[0] - 1
    return _valid(padded(x, (edge, edge)), kernel)

  def adjoined(self, y, kernel):
    return _valid(y, kernel)


def _valid(x, kernel):
  return ops.conv(x, ops.cast(kernel, x.dtype), padding="valid", data_format="channels_last")


class SynthesisLayer(NamedLayer):
  """[N, H, H, inputs], w -> [N, size, size, outputs].

  The nonlinearity works on features of a higher sampling rate and what it adds beyond the lower one is
  filtered out again (paper, figure 4b).
  """

  def __init__(
    self,
    prefix: str,
    inputs: int,
    before: int,
    geometry: LayerGeometry,
    config: StyleGAN3Config,
    seed: int | None,
  ):
    """Args:
    prefix: of the variables' names.
    inputs: channels of the features that it is called with.
    before: their width and height.
    geometry: the rest.
    config: the generator's.
    seed: see `NamedLayer`.
    """
    super().__init__(prefix, seed)
    self.clamp = config.conv_clamp
    self.convolution = WideConvolution(
      prefix, inputs, geometry.outputs, config.dlatent_size, size=geometry.kernel, seed=seed
    )
    self.magnitude = _magnitude(self)
    # The factor sqrt(2) of the nonlinearity comes before it, within the filter.
    self.up = Upsampling(f"{prefix}/up", before + geometry.kernel - 1, geometry, _GAIN, seed)
    self.down = Downsampling(f"{prefix}/down", geometry, seed)
    self.built = True

  def call(self, x, w):
    x = self.convolution.modulated(x, w, ops.rsqrt(self.magnitude))
    x = leaky_relu(self.up(x + self.convolution.bias))
    return self.down(x if self.clamp is None else ops.clip(x, -self.clamp, self.clamp))


class Colours(ToRGB):
  """Features, w -> colours, [N, R, R, channels]."""

  def __init__(self, prefix: str, inputs: int, config: StyleGAN3Config, seed: int | None):
    super().__init__(prefix, inputs, config.num_channels, config.dlatent_size, seed)
    self.clamp = config.conv_clamp
    self.magnitude = _magnitude(self)

  def compute_kernels(self, for_processor: bool) -> tuple:
    return (self.weight * (self.factor * ops.rsqrt(self.magnitude)),)

  def call(self, x, w):
    return super().call(x, w, clamp=self.clamp)


def _magnitude(layer: NamedLayer):
  """The mean square of the layer's features in training: they are divided by its root."""
  magnitude = layer.add("magnitude", (), trainable=False)
  if layer.seed is not None:
    magnitude.assign(np.float32(1))
  return magnitude
