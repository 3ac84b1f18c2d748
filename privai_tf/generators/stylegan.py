"""StyleGAN's two networks: mapping (z -> w) and synthesis (styles -> image).

Karras, Laine, Aila (2019), figure 1b. Channels last; variables under names of ours.
"""

import functools

import keras
import numpy as np
from keras import ops

from privai_tf.generators.config import StyleGANConfig
from privai_tf.generators.convolutions import Convolution, UpConvolution
from privai_tf.generators.filters import blur, upscale
from privai_tf.generators.layers import Dense, NamedLayer, Network, activate
from privai_tf.generators.normalization import Styled, pixel_norm, style_features

NOISE_MODES = ("fixed", "random", "none")


class LabelEmbedding(NamedLayer):
  """[N, labels] -> [N, latent]; its weight is not scaled at run time."""

  def __init__(self, prefix: str, label_size: int, latent_size: int, seed: int | None):
    super().__init__(prefix, seed)
    self.weight = self.add("weight", (label_size, latent_size), 1.0)
    self.built = True

  def call(self, labels):
    return ops.matmul(labels, self.weight)


class MeanLatent(NamedLayer):
  """Keeps the mean of w, towards which truncation pulls."""

  def __init__(self, prefix: str, size: int):
    super().__init__(prefix)
    self.value = self.add("mean", (size,), trainable=False)
    self.built = True


class MappingNetwork(Network):
  """z -> w, a perceptron of `mapping_layers` layers."""

  def __init__(self, config: StyleGANConfig, seed: int | None = 0):
    """Args:
    config: the generator's configuration.
    seed: of the initial weights; None: zeros.
    """
    super().__init__(name="mapping")
    self.config = config
    self.mean_latent = MeanLatent("mapping/w", config.dlatent_size)
    self.label_embedding = None
    width = config.latent_size
    if config.label_size:
      self.label_embedding = LabelEmbedding("mapping/label", config.label_size, width, seed)
      width *= 2
    self.dense = []
    for index in range(config.mapping_layers):
      last = index == config.mapping_layers - 1
      outputs = config.dlatent_size if last else config.mapping_fmaps
      self.dense.append(
        Dense(
          f"mapping/dense{index}",
          width,
          outputs,
          lrmul=config.mapping_lrmul,
          use_wscale=config.use_wscale,
          seed=seed,
        )
      )
      width = outputs
    self.built = True

  def call(self, z, labels=None):
    """Args:
      z: [N, latent].
      labels: [N, label_size] if the network has labels, else None.

    Returns:
      w, [N, dlatent], before truncation.
    """
    x = z
    if self.label_embedding is not None:
      x = ops.concatenate([x, self.label_embedding(labels)], axis=1)
    if self.config.normalize_latents:
      x = pixel_norm(x)
    for dense in self.dense:
      x = activate(dense(x), self.config.mapping_nonlinearity)
    return x


class Constant(NamedLayer):
  """The learned 4 x 4 input."""

  def __init__(self, prefix: str, channels: int, seed: int | None, initial: str):
    super().__init__(prefix, seed)
    self.weight = self.add("weight", (1, 4, 4, channels), 1.0 if initial == "normal" else 0.0)
    if initial == "ones":
      self.weight.assign(np.ones(self.weight.shape, np.float32))
    self.bias = self.add("bias", (channels,))
    self.built = True

  def repeated(self, count):
    """The constant for each of `count` images, [count, 4, 4, C]."""
    return ops.tile(self.weight, (count, 1, 1, 1))

  def scaled_bias(self):
    return self.bias


class Epilogue(NamedLayer):
  """What follows each convolution: noise, bias, nonlinearity, instance norm, style."""

  def __init__(self, prefix: str, config: StyleGANConfig, resolution: int, seed: int | None):
    super().__init__(prefix, seed)
    self.config = config
    channels = config.channels(resolution)
    if config.use_noise:
      shape = (1, resolution, resolution, 1)
      self.noise = self.add("noise", shape, 1.0, trainable=False)
      self.strength = self.add("noise_strength", (channels,))
    self.style = None
    if config.use_styles:
      self.style = Dense(
        f"{prefix}/style",
        config.dlatent_size,
        2 * channels,
        gain=1.0,
        use_wscale=config.use_wscale,
        seed=seed,
      )
    self.built = True

  def noise_values(self, mode: str, count, generator: keras.random.SeedGenerator):
    """The noise of one of `NOISE_MODES`: [1 or count, H, W, 1], or None."""
    if mode == "none" or not self.config.use_noise:
      return None
    if mode == "fixed":
      return self.noise
    return keras.random.normal((count, *self.noise.shape[1:]), seed=generator)

  def finish(self, x, w, bias, noise) -> Styled:
    """x [N, H, W, C], w [N, dlatent], bias [C], noise [N or 1, H, W, 1] or None -> features."""
    config = self.config
    if noise is not None and config.use_noise:
      # As a convolution, since TensorFlow then adds the bias in the same pass; a broadcast product
      # takes thrice the time.
      kernel = ops.reshape(self.strength, (1, 1, 1, -1))
      x = x + ops.add(ops.conv(noise, kernel, data_format="channels_last"), bias)
    else:
      x = ops.add(x, bias)
    x = activate(x, config.nonlinearity)
    if config.use_pixel_norm:
      x = pixel_norm(x)
    style = None if self.style is None else self.style(w)
    return style_features(x, style, normalize=config.use_instance_norm)


class ToRGB(Convolution):
  """1 x 1 convolution of features whose scale and shift it takes into its own weights."""

  def __init__(self, prefix: str, channels: int, colours: int, **options):
    super().__init__(prefix, channels, colours, size=1, **{"gain": 1.0, **options})

  def images(self, features: Styled):
    """[N, H, W, channels] -> [N, H, W, colours]."""
    x, kernel = features.values, self.kernel()[0]
    height, width, channels = x.shape[1:]
    bias = self.scaled_bias()
    if features.scale is not None:
      # (x scale + shift) K = x (scale K) + shift K, and the features are read once.
      bias = bias + ops.matmul(features.shift[:, 0], kernel)
      kernel = kernel * ops.reshape(features.scale, (-1, channels, 1))
    x = ops.matmul(ops.reshape(x, (-1, height * width, channels)), kernel) + bias
    return ops.reshape(x, (-1, height, width, x.shape[-1]))


class SynthesisNetwork(Network):
  """Styles -> image."""

  def __init__(self, config: StyleGANConfig, seed: int | None = 0, constant: str = "ones"):
    """Args:
    config: the generator's configuration.
    seed: of the initial weights and of the fixed noise; None: zeros.
    constant: the learned input starts with "ones", as officially, or "normal".
    """
    super().__init__(name="synthesis")
    self.config = config
    self.noise_generator = keras.random.SeedGenerator(seed or 0)
    initial = "zeros" if seed is None else constant
    self.constant = Constant("synthesis/4x4/const", config.channels(4), seed, initial)
    self.convolutions, self.epilogues, self.to_rgb = [], [], {}
    self.epilogues.append(Epilogue("synthesis/4x4/const", config, 4, seed))
    options = {"use_wscale": config.use_wscale, "seed": seed}
    for resolution in config.resolutions:
      channels = config.channels(resolution)
      block = f"synthesis/{resolution}x{resolution}"
      if resolution > 4:
        before = config.channels(resolution // 2)
        fused = config.fused(resolution)
        self._add(UpConvolution(f"{block}/conv0", before, channels, fused=fused, **options))
      last = "conv" if resolution == 4 else "conv1"
      self._add(Convolution(f"{block}/{last}", channels, channels, **options))
      self.to_rgb[str(resolution)] = ToRGB(
        f"synthesis/torgb_{resolution}x{resolution}",
        channels,
        config.num_channels,
        trainable=resolution in (config.shown_resolution, config.faded_resolution),
        **options,
      )
    self.built = True

  def _add(self, convolution: Convolution) -> None:
    resolution = int(convolution.prefix.split("/")[1].split("x")[0])
    self.convolutions.append(convolution)
    self.epilogues.append(Epilogue(convolution.prefix, self.config, resolution, convolution.seed))

  def _layer(self, index: int, features: list, w, noise: list) -> list:
    """One layer: features, scale and shift (nothing for the first) -> those of the next layer.

    Lists of tensors, as `keras.remat` takes them.
    """
    layer = [self.constant, *self.convolutions][index]
    if index == 0:
      x = layer.repeated(ops.shape(w)[0])
    else:
      x = layer(Styled(*features, *[None] * (3 - len(features))).applied())
      if isinstance(layer, UpConvolution):
        x = blur(x, self.config.blur_filter)
    values = noise[0] if noise else None
    styled = self.epilogues[index].finish(x, w, layer.scaled_bias(), values)
    return [tensor for tensor in styled if tensor is not None]

  def call(self, dlatents, noise="fixed", recompute=False):
    """Args:
      dlatents: [N, layers, dlatent], one w for each layer.
      noise: "fixed" (the stored noise), "random", "none", or a list with the noise of each layer,
        [N or 1, r, r, 1].
      recompute: for the gradient, compute each layer again instead of keeping what it computed.

    Returns:
      Images [N, R, R, channels], nominal range [-1, 1].

    Raises:
      ValueError: for another mode of noise.
    """
    if isinstance(noise, str) and noise not in NOISE_MODES:
      raise ValueError(f"noise is {noise!r}; use one of {', '.join(NOISE_MODES)}.")
    config = self.config
    count = ops.shape(dlatents)[0]
    passed, faded = [], None
    for index in range(2 * config.resolutions.index(config.shown_resolution) + 2):
      resolution = config.resolutions[index // 2]
      if isinstance(noise, str):
        values = self.epilogues[index].noise_values(noise, count, self.noise_generator)
      else:
        values = noise[index]
      layer = functools.partial(self._layer, index)
      noises = [] if values is None else [ops.convert_to_tensor(values)]
      passed = (keras.remat(layer) if recompute else layer)(passed, dlatents[:, index], noises)
      features = Styled(*passed, *[None] * (3 - len(passed)))
      if index % 2 and resolution == config.faded_resolution:
        faded = upscale(self.to_rgb[str(resolution)].images(features))
    image = self.to_rgb[str(config.shown_resolution)].images(features)
    if faded is not None:
      # Between two levels of detail, a mean of both (Karras et al. 2018, section 2).
      image = image + (faded - image) * config.fade
    return upscale(image, config.resolution // config.shown_resolution)
