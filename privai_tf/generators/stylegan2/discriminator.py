"""StyleGAN2's discriminator: image -> score (paper, figure 7; ADA's labels)."""

import math

from keras import ops

from privai_tf.generators.convolutions import Convolution
from privai_tf.generators.filters import downscale
from privai_tf.generators.layers import Dense, Network
from privai_tf.generators.normalization import minibatch_deviation
from privai_tf.generators.stylegan2.config import StyleGAN2DiscriminatorConfig
from privai_tf.generators.stylegan2.mapping import LabelMapping, activated
from privai_tf.generators.stylegan2.resampling import downsampled, smoothed_down


class ValidConvolution(Convolution):
  """Stride 2, nothing padded: it follows the filter, which pads."""

  def compute_kernels(self, for_processor: bool) -> tuple:
    return (self.weight * self.factor,)

  def convolved(self, x, kernel):
    kernel = ops.cast(kernel, x.dtype)
    return ops.conv(x, kernel, strides=2, padding="valid", data_format="channels_last")


class StyleGAN2Discriminator(Network):
  """(images, labels) -> scores."""

  def __init__(self, config: StyleGAN2DiscriminatorConfig, seed: int | None = 0):
    """Args:
    config: the discriminator's configuration.
    seed: of the initial weights; None: zeros.
    """
    super().__init__(name="discriminator")
    self.config = config
    options = {"gain": 1.0, "seed": seed}
    self.from_rgb, self.blocks, self.skips = {}, {}, {}
    for resolution in reversed(config.resolutions):
      channels = config.channels(resolution)
      block = f"discriminator/{resolution}x{resolution}"
      if config.has_colours(resolution):
        self.from_rgb[str(resolution)] = Convolution(
          f"{block}/fromrgb", config.num_channels, channels, size=1, **options
        )
      if resolution > 4:
        lower = config.channels(resolution // 2)
        self.blocks[str(resolution)] = [
          Convolution(f"{block}/conv0", channels, channels, **options),
          ValidConvolution(f"{block}/conv1", channels, lower, **options),
        ]
        if config.architecture == "resnet":
          self.skips[str(resolution)] = ValidConvolution(
            f"{block}/skip", channels, lower, size=1, bias=0, **options
          )
    self.features = config.mbstd_num_features if config.mbstd_group_size else 0
    self.last = Convolution(f"{block}/conv", channels + self.features, channels, **options)
    self.dense = Dense(f"{block}/dense0", 16 * channels, config.dense_size, **options)
    self.label, outputs = None, max(config.label_size, 1)
    if config.label_size and config.label_widths:
      outputs = config.label_widths[-1]
      self.label = LabelMapping(
        "discriminator/label", config.label_size, config.label_widths, config.label_lrmul, seed
      )
    self.scores = Dense("discriminator/output", config.dense_size, outputs, **options)
    self.built = True

  def _layer(self, layer, x):
    x = ops.add(layer(x), layer.scaled_bias())
    return activated(x, self.config.nonlinearity, self.config.conv_clamp)

  def _block(self, resolution: int, x):
    """[N, r, r, C] -> [N, r / 2, r / 2, lower C]."""
    taps = self.config.resample_filter
    first, second = self.blocks[str(resolution)]
    y = self._layer(second, smoothed_down(self._layer(first, x), taps, 3))
    skip = self.skips.get(str(resolution))
    if skip is None:
      return y
    # Two paths double the variance (paper, section 4.1).
    return (y + skip(smoothed_down(x, taps, 1))) * math.sqrt(0.5)

  def _features(self, images):
    """Images -> what enters the layers at 4 x 4."""
    config = self.config
    if config.architecture != "progressive":
      x = self._layer(self.from_rgb[str(config.resolution)], images)
      for resolution in reversed(config.resolutions):
        if config.architecture == "skip" and resolution < config.resolution:
          images = downsampled(images, config.resample_filter)
          x = x + self._layer(self.from_rgb[str(resolution)], images)
        if resolution > 4:
          x = self._block(resolution, x)
      return x
    shown = config.shown_resolution
    images = downscale(images, config.resolution // shown)
    x = self._layer(self.from_rgb[str(shown)], images)
    for resolution in reversed(config.resolutions):
      if resolution > shown:
        continue
      if resolution == shown // 2 and config.fade:
        lower = self._layer(self.from_rgb[str(resolution)], downscale(images))
        x = x + (lower - x) * config.fade
      if resolution > 4:
        x = self._block(resolution, x)
    return x

  def call(self, images, labels=None):
    """Args:
      images: [N, R, R, channels] in [-1, 1].
      labels: [N, label_size] if the network has labels, else None.

    Returns:
      Scores [N, 1].
    """
    config = self.config
    x = self._features(images)
    if self.features:
      x = minibatch_deviation(x, config.mbstd_group_size, self.features)
    x = self._layer(self.last, x)
    x = ops.reshape(x, (-1, 16 * x.shape[-1]))
    outputs = self.scores(activated(self.dense(x), config.nonlinearity))
    if not config.label_size:
      return outputs
    if self.label is not None:
      # Projection (Miyato and Koyama 2018), over sqrt(width) as in ADA's code.
      labels = self.label(labels) / math.sqrt(config.label_widths[-1])
    return ops.sum(outputs * labels, axis=1, keepdims=True)
