"""MobileStyleGAN's synthesis network: styles -> wavelet coefficients -> image.

Belousov (2021). Each block applies a style, doubles the side by an inverse Haar transform, and
convolves twice: 3 x 3 in each channel by itself, then 1 x 1 across channels. Demodulation does not
depend on w in this network, and is in the weights.
"""

import functools

import keras
import numpy as np
from keras import ops

from privai_tf.generators.haar import inverse_haar
from privai_tf.generators.layers import Dense, NamedLayer, Network, activate
from privai_tf.generators.mobilestylegan_config import MobileStyleGANConfig
from privai_tf.generators.multiplied import multiplied
from privai_tf.generators.stylegan import NOISE_MODES


class Style(Dense):
  """w [N, dlatent] -> a factor for each channel, [N, channels]."""

  def __init__(self, prefix: str, config: MobileStyleGANConfig, channels: int, seed: int | None):
    super().__init__(prefix, config.dlatent_size, channels, gain=1.0, use_wscale=False, seed=seed)
    if seed is not None:
      self.bias.assign(np.ones(channels, np.float32))


class StyledConvolution(NamedLayer):
  """Style, convolution and bias: [N, H, W, inputs] -> [N, H, W, outputs].

  The convolution is `size` x `size`, after one of 3 x 3 in each channel if `separable`; if `exact`,
  in float32 whatever the others are in.
  """

  def __init__(
    self,
    prefix: str,
    config: MobileStyleGANConfig,
    inputs: int,
    outputs: int,
    *,
    size: int = 1,
    separable: bool = True,
    exact: bool = False,
    seed: int | None = 0,
  ):
    super().__init__(prefix, seed)
    self.exact = exact
    self.style = Style(f"{prefix}/style", config, inputs, seed)
    self.depthwise = self.add("depthwise", (3, 3, inputs, 1), 0.4) if separable else None
    scale = np.sqrt(2.0 / (size * size * inputs))
    self.weight = self.add("weight", (size, size, inputs, outputs), scale)
    self.bias = self.add("bias", (outputs,))
    self.built = True

  def call(self, x, w):
    """x [N, H, W, inputs] or [1, ...] for all, w [N, dlatent] -> [N, H, W, outputs]."""
    style, kernel = self.style(w)[:, None, None], self.weight
    precision = "float32" if self.exact else multiplied()
    if self.depthwise is not None:
      x = ops.cast(x, precision)
      depthwise = ops.cast(self.depthwise, precision)
      x = ops.depthwise_conv(x, depthwise, padding="same", data_format="channels_last")
      # A factor for each channel may come after what keeps channels apart; for one image it is put
      # into the small kernel instead of over all features.
      if style.shape[0] == 1:
        kernel = kernel * style[0, 0, 0, :, None]
        style = None
    if style is not None:
      x = x * ops.cast(style, x.dtype)
    x = ops.conv(
      ops.cast(x, precision),
      ops.cast(kernel, precision),
      padding="same",
      data_format="channels_last",
    )
    return ops.add(ops.cast(x, "float32"), self.bias)


class Noise(NamedLayer):
  """The noise of one layer: a stored map of unit power, and its strength."""

  def __init__(self, prefix: str, resolution: int, seed: int | None):
    super().__init__(prefix, seed)
    self.values = self.add("noise", (1, resolution, resolution, 1), 1.0, trainable=False)
    self.strength = self.add("noise_strength", (1,), 0.1)
    self.built = True

  def drawn(self, mode: str, count, generator: keras.random.SeedGenerator):
    """Of one of `NOISE_MODES`: [1 or count, H, W, 1], or None."""
    if mode == "none":
      return None
    if mode == "fixed":
      return self.values
    return keras.random.normal((count, *self.values.shape[1:]), seed=generator)


class MobileSynthesisNetwork(Network):
  """Styles -> image."""

  def __init__(self, config: MobileStyleGANConfig, seed: int | None = 0):
    """Args:
    config: the generator's configuration.
    seed: of the initial weights and of the fixed noise; None: zeros.
    """
    super().__init__(name="synthesis")
    self.config = config
    self.noise_generator = keras.random.SeedGenerator(seed or 0)
    before = config.channels(4)
    self.constant = Constant("synthesis/4x4/const", before, seed)
    self.convolutions, self.noises, self.ups = [], [], []
    self._add("4x4/conv", before, before, size=3, separable=False, seed=seed)
    for resolution in config.block_resolutions:
      channels, block = config.channels(resolution), f"{resolution}x{resolution}"
      self.ups.append(Style(f"synthesis/{block}/up/style", config, before, seed))
      self._add(f"{block}/conv1", before // 4, channels, seed=seed)
      self._add(f"{block}/conv2", channels, channels, seed=seed)
      before = channels
    colours = 4 * config.num_channels
    self.to_img = StyledConvolution(
      "synthesis/to_img", config, before, colours, separable=False, exact=True, seed=seed
    )
    self.built = True

  def _add(self, name: str, inputs: int, outputs: int, **options) -> None:
    prefix = f"synthesis/{name}"
    self.convolutions.append(StyledConvolution(prefix, self.config, inputs, outputs, **options))
    self.noises.append(Noise(prefix, int(name.split("x")[0]), options["seed"]))

  def _layer(self, index: int, x, w, noise: list):
    """One layer: x [N, H, W, C], its row of W+ [N, dlatent], its noise or none -> [N, H', W', C']."""
    if index % 2:  # The first of a block.
      x = inverse_haar(x * self.ups[index // 2](w)[:, None, None])
    x = self.convolutions[index](x, w)
    if noise:
      x = x + noise[0] * self.noises[index].strength
    return activate(x, "lrelu")

  def features(self, dlatents, noise="fixed", recompute=False, layers=None):
    """What the first layers make of styles; see `call`.

    Args:
      layers: how many; None: all.

    Returns:
      [N, H, W, channels of the last one].

    Raises:
      ValueError: for another mode of noise.
    """
    if isinstance(noise, str) and noise not in NOISE_MODES:
      raise ValueError(f"noise is {noise!r}; use one of {', '.join(NOISE_MODES)}.")
    x = self.constant.weight
    for index, drawn in enumerate(self.noises[:layers]):
      if isinstance(noise, str):
        values = drawn.drawn(noise, ops.shape(dlatents)[0], self.noise_generator)
      else:
        values = noise[index]
      layer = functools.partial(self._layer, index)
      noises = [] if values is None else [ops.convert_to_tensor(values)]
      x = (keras.remat(layer) if recompute else layer)(x, dlatents[:, index], noises)
    return x

  def coefficients(self, dlatents, noise="fixed", recompute=False):
    """The image's wavelet coefficients; see `call`.

    Returns:
      [N, R/2, R/2, 4 channels]; the first `channels` are the image at half of its side (box means).
    """
    x = self.features(dlatents, noise, recompute)
    return self.to_img(x, dlatents[:, -1])

  def call(self, dlatents, noise="fixed", recompute=False):
    """Args:
      dlatents: [N, layers, dlatent], one w for each convolution and one for the image.
      noise: "fixed" (the stored noise), "random", "none", or a list with the noise of each layer,
        [N or 1, r, r, 1].
      recompute: for the gradient, compute each layer again instead of keeping what it computed.

    Returns:
      Images [N, R, R, channels], nominal range [-1, 1].
    """
    return inverse_haar(self.coefficients(dlatents, noise, recompute))


class Constant(NamedLayer):
  """The learned 4 x 4 input, [1, 4, 4, C]."""

  def __init__(self, prefix: str, channels: int, seed: int | None):
    super().__init__(prefix, seed)
    self.weight = self.add("weight", (1, 4, 4, channels), 1.0)
    self.built = True
