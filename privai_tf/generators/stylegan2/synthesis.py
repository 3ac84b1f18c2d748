"""StyleGAN2's synthesis network: a w for each layer -> image (paper, figures 2d and 7)."""

import functools
import math

import keras
from keras import ops

from privai_tf.generators.convolutions import Convolution
from privai_tf.generators.filters import upscale
from privai_tf.generators.layers import NamedLayer, Network, activate
from privai_tf.generators.stylegan import NOISE_MODES
from privai_tf.generators.stylegan2.config import StyleGAN2Config
from privai_tf.generators.stylegan2.mapping import GAIN
from privai_tf.generators.stylegan2.modulation import (
  ModulatedConvolution,
  ModulatedUpConvolution,
  ToRGB,
)
from privai_tf.generators.stylegan2.resampling import upsampled


class Constant(NamedLayer):
  """The learned 4 x 4 input."""

  def __init__(self, prefix: str, channels: int, seed: int | None):
    super().__init__(prefix, seed)
    self.weight = self.add("weight", (1, 4, 4, channels), 1.0)
    self.built = True

  def repeated(self, count):
    """The constant for each of `count` images, [count, 4, 4, C]."""
    return ops.tile(self.weight, (count, 1, 1, 1))


class SynthesisLayer(NamedLayer):
  """Modulated convolution, noise, bias, nonlinearity: [N, H, W, inputs] -> [N, r, r, outputs]."""

  def __init__(
    self, prefix: str, inputs: int, resolution: int, up: bool, config: StyleGAN2Config, seed
  ):
    super().__init__(prefix, seed)
    self.config = config
    sizes = (inputs, config.channels(resolution), config.dlatent_size)
    if up:
      taps = config.resample_filter
      self.convolution = ModulatedUpConvolution(prefix, *sizes, resample_filter=taps, seed=seed)
    else:
      self.convolution = ModulatedConvolution(prefix, *sizes, seed=seed)
    if config.use_noise:
      shape = (1, resolution, resolution, 1)
      self.noise = self.add("noise", shape, 1.0, trainable=False)
      self.strength = self.add("noise_strength", ())
    self.built = True

  def noise_values(self, mode: str, count, generator: keras.random.SeedGenerator):
    """The noise of one of `NOISE_MODES`: [1 or count, r, r, 1], or None."""
    if mode == "none" or not self.config.use_noise:
      return None
    if mode == "fixed":
      return self.noise
    return keras.random.normal((count, *self.noise.shape[1:]), seed=generator)

  def call(self, x, w, noise=None):
    """x [N, H, W, inputs], w [N, dlatent_size], noise [N or 1, r, r, 1] or None."""
    # The factor sqrt(2) after the nonlinearity is applied before it, where it costs nothing.
    x = self.convolution.modulated(x, w, GAIN)
    bias = self.convolution.bias * GAIN
    if noise is not None and self.config.use_noise:
      # As a convolution, since TensorFlow then adds the bias in the same pass.
      kernel = ops.broadcast_to(self.strength * GAIN, (1, 1, 1, x.shape[-1]))
      x = x + ops.add(ops.conv(noise, kernel, data_format="channels_last"), bias)
    else:
      x = ops.add(x, bias)
    x = activate(x, self.config.nonlinearity)
    clamp = self.config.conv_clamp
    return x if clamp is None else ops.clip(x, -clamp, clamp)


class SynthesisNetwork(Network):
  """A w for each layer -> image."""

  def __init__(self, config: StyleGAN2Config, seed: int | None = 0):
    """Args:
    config: the generator's configuration.
    seed: of the initial weights and of the fixed noise; None: zeros.
    """
    super().__init__(name="synthesis")
    self.config = config
    self.noise_generator = keras.random.SeedGenerator(seed or 0)
    self.constant = Constant("synthesis/4x4/const", config.const_size, seed)
    self.styled = []
    self.to_rgb, self.skips = {}, {}
    inputs = config.const_size
    for resolution in config.resolutions:
      channels = config.channels(resolution)
      block = f"synthesis/{resolution}x{resolution}"
      for name in ("conv",) if resolution == 4 else ("conv0", "conv1"):
        up = name == "conv0"
        layer = SynthesisLayer(f"{block}/{name}", inputs, resolution, up, config, seed)
        self.styled.append(layer)
        if up and config.architecture == "resnet":
          self.skips[str(resolution)] = Convolution(
            f"{block}/skip", inputs, channels, size=1, gain=1.0, bias=0, seed=seed
          )
        inputs = channels
      if config.has_colours(resolution):
        sizes = (channels, config.num_channels, config.dlatent_size)
        self.to_rgb[str(resolution)] = ToRGB(f"{block}/torgb", *sizes, seed)
    self.built = True

  def _block(self, resolution: int, passed: list, ws: list, noise: list) -> list:
    """One resolution: [features, image so far] -> those of the next. Lists, as `keras.remat` takes them.

    Args:
      resolution: the block's.
      passed: features [N, H, W, C] and, from the second block of "skip" on, the image [N, H, W, 3].
      ws: w of each layer of the block and of its colours, [N, dlatent] each.
      noise: of each layer of the block; empty for none.
    """
    config = self.config
    x, *image = passed
    skip = self.skips.get(str(resolution))
    residual = upsampled(skip(x), config.resample_filter) if skip is not None else None
    first = max(0, 2 * config.resolutions.index(resolution) - 1)
    for index, layer in enumerate(self.styled[first : first + len(ws) - 1]):
      x = layer(x, ws[index], noise[index] if noise else None)
    if residual is not None:
      # Two paths double the variance (paper, section 4.1).
      x = (x + residual) * math.sqrt(0.5)
    if config.architecture != "skip":
      return [x]
    colours = self.to_rgb[str(resolution)](x, ws[-1], clamp=config.conv_clamp)
    if image:
      colours = upsampled(image[0], config.resample_filter) + colours
    return [x, colours]

  def _noise(self, noise, count) -> list:
    """The noise of each layer, None where there is none."""
    if isinstance(noise, str):
      if noise not in NOISE_MODES:
        raise ValueError(f"noise is {noise!r}; use one of {', '.join(NOISE_MODES)}.")
      return [layer.noise_values(noise, count, self.noise_generator) for layer in self.styled]
    if not self.config.use_noise:
      return [None] * len(self.styled)
    return [ops.convert_to_tensor(values) for values in noise]

  def call(self, dlatents, noise="fixed", recompute=False):
    """Args:
      dlatents: [N, layers, dlatent], one w for each layer.
      noise: "fixed" (the stored noise), "random", "none", or a list with the noise of each layer,
        [N or 1, r, r, 1].
      recompute: for the gradient, compute each block again instead of keeping what it computed.

    Returns:
      Images [N, R, R, channels], nominal range [-1, 1].

    Raises:
      ValueError: for another mode of noise.
    """
    config = self.config
    count = ops.shape(dlatents)[0]
    noises = self._noise(noise, count)
    passed, faded = [self.constant.repeated(count)], None
    for level, resolution in enumerate(config.resolutions):
      if resolution > config.shown_resolution:
        break
      # A resolution's colours share their w with the first layer of the next one.
      first = max(0, 2 * level - 1)
      ws = [dlatents[:, row] for row in range(first, 2 * level + 2)]
      own = [values for values in noises[first : 2 * level + 1] if values is not None]
      block = functools.partial(self._block, resolution)
      passed = (keras.remat(block) if recompute else block)(passed, ws, own)
      if resolution == config.shown_resolution // 2 and config.fade:
        faded = upscale(self.to_rgb[str(resolution)](passed[0], ws[-1], clamp=config.conv_clamp))
    if config.architecture == "skip":
      return passed[1]
    image = self.to_rgb[str(config.shown_resolution)](passed[0], ws[-1], clamp=config.conv_clamp)
    if faded is not None:
      image = image + (faded - image) * config.fade
    return upscale(image, config.resolution // config.shown_resolution)
