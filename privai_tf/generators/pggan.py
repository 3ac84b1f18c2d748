"""PGGAN's generator: z -> image. Karras, Aila, Laine, Lehtinen (2018), table 2."""

import functools
import math

import keras
from keras import ops

from privai_tf.generators.config import PGGANConfig
from privai_tf.generators.convolutions import Convolution, UpConvolution
from privai_tf.generators.filters import upscale
from privai_tf.generators.layers import Dense, Network, activate
from privai_tf.generators.normalization import pixel_norm


class DenseToImage(Dense):
  """[N, inputs] -> [N, 4, 4, channels], with one bias a channel."""

  def __init__(self, prefix: str, inputs: int, channels: int, **options):
    self.channels = channels
    options = {"gain": math.sqrt(2.0) / 4.0, "bias": channels, **options}
    super().__init__(prefix, inputs, 16 * channels, **options)

  def call(self, x):
    return ops.reshape(ops.matmul(x, self.kernel()), (-1, 4, 4, self.channels))


class ToRGB(Convolution):
  """1 x 1 and cheap: in float32 whatever the others are in."""

  def call(self, x):
    return self.convolved(x, *self.kernels())


class PGGANNetwork(Network):
  """z -> image."""

  def __init__(self, config: PGGANConfig, seed: int | None = 0):
    """Args:
    config: the generator's configuration.
    seed: of the initial weights; None: zeros.
    """
    super().__init__(name="synthesis")
    self.config = config
    self.blocks, self.to_rgb = [], []
    options = {"use_wscale": config.use_wscale, "seed": seed}
    for resolution in config.resolutions:
      channels = config.channels(resolution)
      block = f"synthesis/{resolution}x{resolution}"
      if resolution == 4:
        inputs = config.latent_size + config.label_size
        first = DenseToImage(f"{block}/dense", inputs, channels, **options)
        second = Convolution(f"{block}/conv", channels, channels, **options)
      else:
        before = config.channels(resolution // 2)
        fused = config.fused(resolution)
        first = UpConvolution(f"{block}/conv0", before, channels, fused=fused, **options)
        second = Convolution(f"{block}/conv1", channels, channels, **options)
      self.blocks.append([first, second])
      self.to_rgb.append(
        ToRGB(
          f"synthesis/torgb_{resolution}x{resolution}",
          channels,
          config.num_channels,
          size=1,
          gain=1.0,
          trainable=resolution in (config.shown_resolution, config.faded_resolution),
          **options,
        )
      )
    self.built = True

  def _layer(self, layer, x):
    config = self.config
    x = ops.add(layer(x), layer.scaled_bias())  # not `+`: TensorFlow fuses this one
    x = activate(x, "lrelu" if config.use_leakyrelu else "relu")
    return pixel_norm(x, config.pixelnorm_epsilon) if config.use_pixelnorm else x

  def call(self, z, labels=None, recompute=False):
    """Args:
      z: [N, latent].
      labels: [N, label_size] if the network has labels, else None.
      recompute: for the gradient, compute each layer again instead of keeping what it computed.

    Returns:
      Images [N, R, R, channels], nominal range [-1, 1].
    """
    config = self.config
    x = z if labels is None else ops.concatenate([z, labels], axis=1)
    if config.normalize_latents:
      x = pixel_norm(x)
    faded = None
    for resolution, block, to_rgb in zip(config.resolutions, self.blocks, self.to_rgb, strict=True):
      for layer in block:
        function = functools.partial(self._layer, layer)
        x = (keras.remat(function) if recompute else function)(x)
      if resolution == config.faded_resolution:
        faded = upscale(to_rgb(x) + to_rgb.scaled_bias())
      if resolution == config.shown_resolution:
        image = to_rgb(x) + to_rgb.scaled_bias()
        break
    if faded is not None:
      image = image + (faded - image) * config.fade
    return upscale(image, config.resolution // config.shown_resolution)
