"""The discriminators of StyleGAN and PGGAN: image -> score.

Both halve the resolution block by block (PGGAN paper, table 2); StyleGAN's blurs before it does.
"""

from keras import ops

from privai_tf.generators.config import (
  DiscriminatorConfig,
  PGGANDiscriminatorConfig,
  StyleGANDiscriminatorConfig,
)
from privai_tf.generators.convolutions import Convolution, DownConvolution
from privai_tf.generators.filters import blur, downscale
from privai_tf.generators.layers import Dense, Network, activate
from privai_tf.generators.normalization import minibatch_deviation


class DiscriminatorNetwork(Network):
  """What both discriminators share: everything but blur and outputs."""

  def __init__(
    self, config: DiscriminatorConfig, outputs: int, features: int, seed: int | None = 0
  ):
    """Args:
    config: the discriminator's configuration.
    outputs: of the last layer.
    features: channels that the minibatch standard deviation adds.
    seed: of the initial weights; None: zeros.
    """
    super().__init__(name="discriminator")
    self.config = config
    self.features = features if config.mbstd_group_size > 1 else 0
    options = {"use_wscale": config.use_wscale, "seed": seed}
    self.from_rgb, self.blocks = [], []
    for resolution in reversed(config.resolutions):
      channels, lower = config.channels(resolution), config.channels(resolution // 2)
      block = f"discriminator/{resolution}x{resolution}"
      self.from_rgb.append(
        Convolution(
          f"discriminator/fromrgb_{resolution}x{resolution}",
          config.num_channels,
          channels,
          size=1,
          trainable=resolution in (config.shown_resolution, config.faded_resolution),
          **options,
        )
      )
      if resolution > 4:
        first = Convolution(f"{block}/conv0", channels, channels, **options)
        kind = self.down_convolution(resolution)
        self.blocks.append([first, kind(f"{block}/conv1", channels, lower, **options)])
    self.last_convolution = Convolution(
      f"{block}/conv", channels + self.features, channels, **options
    )
    self.dense0 = Dense(f"{block}/dense0", 16 * channels, lower, **options)
    self.dense1 = Dense(f"{block}/dense1", lower, outputs, gain=1.0, **options)
    self.built = True

  def down_convolution(self, resolution: int) -> type[Convolution]:
    """The kind of the layer that leads from one resolution to the next lower one."""
    return DownConvolution

  def halve(self, layer: Convolution, x):
    """[N, 2H, 2W, channels] -> [N, H, W, lower channels]."""
    return self._layer(layer, x)

  def activate(self, x):
    """The nonlinearity after each layer."""
    return activate(x, "lrelu")

  def _layer(self, layer, x):
    # Not `+`: TensorFlow computes this sum together with the convolution.
    return self.activate(ops.add(layer(x), layer.scaled_bias()))

  def features_to_outputs(self, images):
    """Images [N, R, R, channels] -> [N, outputs]."""
    config = self.config
    x = None
    for index, resolution in enumerate(reversed(config.resolutions)):
      if resolution > config.shown_resolution:
        continue
      factor = config.resolution // resolution
      if resolution == config.shown_resolution:
        x = self._layer(self.from_rgb[index], downscale(images, factor))
      elif resolution == config.faded_resolution:
        lower = self._layer(self.from_rgb[index], downscale(images, factor))
        x = x + (lower - x) * config.fade
      if resolution > 4:
        first, second = self.blocks[index]
        x = self.halve(second, self._layer(first, x))
    if self.features:
      x = minibatch_deviation(x, config.mbstd_group_size, self.features)
    x = self._layer(self.last_convolution, x)
    x = self.activate(self.dense0(ops.reshape(x, (-1, 16 * x.shape[-1]))))
    return self.dense1(x)


class StyleGANDiscriminator(DiscriminatorNetwork):
  """(images, labels) -> scores."""

  def __init__(self, config: StyleGANDiscriminatorConfig, seed: int | None = 0):
    super().__init__(config, max(config.label_size, 1), config.mbstd_num_features, seed)

  def halve(self, layer: Convolution, x):
    return self._layer(layer, blur(x, self.config.blur_filter))

  def activate(self, x):
    return activate(x, self.config.nonlinearity)

  def call(self, images, labels=None):
    """Args:
      images: [N, R, R, channels] in [-1, 1].
      labels: [N, label_size] if the network has labels, else None.

    Returns:
      Scores [N, 1]; with labels, the sum of outputs times label.
    """
    outputs = self.features_to_outputs(images)
    if not self.config.label_size:
      return outputs
    return ops.sum(outputs * labels, axis=1, keepdims=True)


class PGGANDiscriminator(DiscriminatorNetwork):
  """images -> (scores, label logits)."""

  def __init__(self, config: PGGANDiscriminatorConfig, seed: int | None = 0):
    super().__init__(config, 1 + config.label_size, 1, seed)

  def down_convolution(self, resolution: int) -> type[Convolution]:
    return DownConvolution if self.config.fused(resolution) else Convolution

  def halve(self, layer: Convolution, x):
    # Unlike the fused layer (and StyleGAN's), the two-step one is downscaled after its nonlinearity.
    x = self._layer(layer, x)
    return x if isinstance(layer, DownConvolution) else downscale(x)

  def call(self, images):
    """Args:
      images: [N, R, R, channels] in [-1, 1].

    Returns:
      Scores [N, 1] and label logits [N, label_size].
    """
    outputs = self.features_to_outputs(images)
    return outputs[:, :1], outputs[:, 1:]
