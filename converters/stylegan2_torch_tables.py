"""Which tensor of StyleGAN2's PyTorch networks becomes which weight of ours."""

from collections.abc import Iterator

import numpy as np

from privai_tf.converters.tables import Row
from privai_tf.generators.stylegan2.config import StyleGAN2Config, StyleGAN2DiscriminatorConfig
from privai_tf.generators.stylegan3.config import StyleGAN3Config


def transposed(value: np.ndarray) -> np.ndarray:
  """[outputs, inputs] -> [inputs, outputs].

  Args:
    value: the weight of a dense layer.
  """
  return value.T


def _kernel(value: np.ndarray) -> np.ndarray:
  """[outputs, inputs, k, k] -> [k, k, inputs, outputs]."""
  return np.transpose(value, (2, 3, 1, 0))


def _turned_kernel(value: np.ndarray) -> np.ndarray:
  """The same for up-convolutions, which PyTorch's code keeps turned around."""
  # stylegan2-ada-pytorch, SynthesisLayer.forward: flip_weight=(self.up == 1).
  return _kernel(value)[::-1, ::-1]


def _constant(value: np.ndarray) -> np.ndarray:
  """[C, 4, 4] -> [1, 4, 4, C]."""
  return np.transpose(value, (1, 2, 0))[None]


def _noise(value: np.ndarray) -> np.ndarray:
  """[r, r] -> [1, r, r, 1]."""
  return value[None, :, :, None]


def _dense_after_features(value: np.ndarray) -> np.ndarray:
  """[outputs, C * 4 * 4] -> [4 * 4 * C, outputs]."""
  # The features that it takes were flattened from NCHW; ours come from NHWC.
  return value.reshape(len(value), -1, 16).transpose(2, 1, 0).reshape(-1, len(value))


def dense_rows(
  theirs: str, ours: str, inputs: int, outputs: int, transform=transposed
) -> Iterator[Row]:
  """The weight and the bias of a dense layer.

  Args:
    theirs, ours: names of the layer, without its parts'.
    inputs, outputs: its widths.
    transform: of the weight, [outputs, inputs], to [inputs, outputs].
  """
  yield Row(f"{theirs}.weight", f"{ours}/weight", (outputs, inputs), transform)
  yield Row(f"{theirs}.bias", f"{ours}/bias", (outputs,))


def convolution_rows(
  theirs: str, ours: str, inputs: int, outputs: int, size: int = 3, transform=_kernel
) -> Iterator[Row]:
  """The weight and the bias of a convolution.

  Args:
    theirs, ours: names of the layer, without its parts'.
    inputs, outputs: channels.
    size: side of the kernel, k.
    transform: of the weight, [outputs, inputs, k, k], to [k, k, inputs, outputs].
  """
  yield Row(f"{theirs}.weight", f"{ours}/weight", (outputs, inputs, size, size), transform)
  yield Row(f"{theirs}.bias", f"{ours}/bias", (outputs,))


def generator_rows(config: StyleGAN2Config, mean: bool = True) -> Iterator[Row]:
  """The tensors of a generator; see `mapping_rows`."""
  yield from mapping_rows(config, mean)
  shape = (config.const_size, 4, 4)
  yield Row("synthesis.b4.const", "synthesis/4x4/const/weight", shape, _constant)
  inputs = config.const_size
  for resolution in config.resolutions:
    yield from _synthesis_block(config, resolution, inputs)
    inputs = config.channels(resolution)


def mapping_rows(config: StyleGAN2Config | StyleGAN3Config, mean: bool = True) -> Iterator[Row]:
  """The tensors of a mapping network.

  Args:
    config: the generator's configuration.
    mean: whether it has the mean of w.
  """
  if mean:
    yield Row("mapping.w_avg", "mapping/w/mean", (config.dlatent_size,))
  width = config.latent_size
  if config.label_size:
    yield from dense_rows("mapping.embed", "mapping/label", config.label_size, config.label_fmaps)
    width += config.label_fmaps
  for index in range(config.mapping_layers):
    last = index == config.mapping_layers - 1
    outputs = config.dlatent_size if last else config.mapping_fmaps
    yield from dense_rows(f"mapping.fc{index}", f"mapping/dense{index}", width, outputs)
    width = outputs


def _synthesis_block(config: StyleGAN2Config, resolution: int, inputs: int) -> Iterator[Row]:
  theirs, ours = f"synthesis.b{resolution}", f"synthesis/{resolution}x{resolution}"
  channels = config.channels(resolution)
  if resolution > 4 and config.architecture == "resnet":
    shape = (channels, inputs, 1, 1)
    yield Row(f"{theirs}.skip.weight", f"{ours}/skip/weight", shape, _kernel)
  for layer in ("conv1",) if resolution == 4 else ("conv0", "conv1"):
    name = f"{ours}/conv" if resolution == 4 else f"{ours}/{layer}"
    transform = _turned_kernel if layer == "conv0" else _kernel
    yield from convolution_rows(f"{theirs}.{layer}", name, inputs, channels, transform=transform)
    yield from dense_rows(f"{theirs}.{layer}.affine", f"{name}/style", config.dlatent_size, inputs)
    if config.use_noise:
      yield Row(f"{theirs}.{layer}.noise_strength", f"{name}/noise_strength", ())
      yield Row(f"{theirs}.{layer}.noise_const", f"{name}/noise", (resolution,) * 2, _noise)
    inputs = channels
  if config.has_colours(resolution):
    colours = config.num_channels
    yield from convolution_rows(f"{theirs}.torgb", f"{ours}/torgb", channels, colours, size=1)
    style = f"{ours}/torgb/style"
    yield from dense_rows(f"{theirs}.torgb.affine", style, config.dlatent_size, channels)


def discriminator_rows(config: StyleGAN2DiscriminatorConfig) -> Iterator[Row]:
  """The tensors of a discriminator."""
  for resolution in config.resolutions:
    channels = config.channels(resolution)
    theirs, ours = f"b{resolution}", f"discriminator/{resolution}x{resolution}"
    if config.has_colours(resolution):
      name = f"{theirs}.fromrgb"
      yield from convolution_rows(name, f"{ours}/fromrgb", config.num_channels, channels, size=1)
    if resolution > 4:
      lower = config.channels(resolution // 2)
      yield from convolution_rows(f"{theirs}.conv0", f"{ours}/conv0", channels, channels)
      yield from convolution_rows(f"{theirs}.conv1", f"{ours}/conv1", channels, lower)
      if config.architecture == "resnet":
        shape = (lower, channels, 1, 1)
        yield Row(f"{theirs}.skip.weight", f"{ours}/skip/weight", shape, _kernel)
  channels, ours = config.channels(4), "discriminator/4x4"
  features = config.mbstd_num_features if config.mbstd_group_size else 0
  yield from convolution_rows("b4.conv", f"{ours}/conv", channels + features, channels)
  size = 16 * channels
  yield from dense_rows("b4.fc", f"{ours}/dense0", size, config.dense_size, _dense_after_features)
  outputs, width = 1, config.label_size
  for index, after in enumerate(config.label_widths):
    name = "mapping.embed" if index == 0 else f"mapping.fc{index - 1}"
    layer = "discriminator/label" + (f"/dense{index - 1}" if index else "")
    yield from dense_rows(name, layer, width, after)
    outputs = width = after
  yield from dense_rows("b4.out", "discriminator/output", config.dense_size, outputs)
