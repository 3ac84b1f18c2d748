"""Which variable of StyleGAN2's TensorFlow networks becomes which of ours."""

from collections.abc import Iterator

import numpy as np

from privai_tf.converters.tables import Row, channels_last, dense_from_channels_last
from privai_tf.generators.stylegan2.config import StyleGAN2Config, StyleGAN2DiscriminatorConfig


def plus_one(value: np.ndarray) -> np.ndarray:
  """Styles are multiplied as they are; TensorFlow's code adds the 1 at run time.

  Args:
    value: [inputs], the bias of a layer that makes styles.

  Returns:
    float32 [inputs].
  """
  # stylegan2, networks_stylegan2.py, modulated_conv2d_layer: apply_bias_act(s, ...) + 1.
  return value.astype(np.float32) + np.float32(1)


def _dense(official: str, ours: str, inputs: int, outputs: int) -> Iterator[Row]:
  yield Row(f"{official}/weight", f"{ours}/weight", (inputs, outputs))
  yield Row(f"{official}/bias", f"{ours}/bias", (outputs,))


def mapping_rows(config: StyleGAN2Config) -> Iterator[Row]:
  """The variables of `G_mapping`."""
  width = config.latent_size
  if config.label_size:
    if config.normalize_labels:
      yield from _dense("LabelEmbed", "mapping/label", config.label_size, config.label_fmaps)
    else:
      shape = (config.label_size, config.label_fmaps)
      yield Row("LabelConcat/weight", "mapping/label/weight", shape)
    width += config.label_fmaps
  for index in range(config.mapping_layers):
    last = index == config.mapping_layers - 1
    outputs = config.dlatent_size if last else config.mapping_fmaps
    yield from _dense(f"Dense{index}", f"mapping/dense{index}", width, outputs)
    width = outputs


def _modulated(
  official: str, ours: str, inputs: int, outputs: int, config: StyleGAN2Config, size: int = 3
) -> Iterator[Row]:
  yield Row(f"{official}/weight", f"{ours}/weight", (size, size, inputs, outputs))
  yield Row(f"{official}/bias", f"{ours}/bias", (outputs,))
  shape = (config.dlatent_size, inputs)
  yield Row(f"{official}/mod_weight", f"{ours}/style/weight", shape)
  yield Row(f"{official}/mod_bias", f"{ours}/style/bias", shape[1:], plus_one)


def colours_name(architecture: str, layer: str, largest: int, resolution: int) -> str:
  """The name of the layer between features and colours: progressive networks count downwards.

  Args:
    architecture: "progressive", "orig", "skip" or "resnet".
    layer: "ToRGB" or "FromRGB".
    largest: the network's resolution, a power of two.
    resolution: the layer's, a power of two up to it.
  """
  if architecture == "progressive":
    return f"{layer}_lod{(largest // resolution).bit_length() - 1}"
  return f"{resolution}x{resolution}/{layer}"


def synthesis_rows(config: StyleGAN2Config) -> Iterator[Row]:
  """The variables of `G_synthesis_stylegan2`, `G_synthesis_stylegan_revised`, ADA's `G_synthesis`."""
  if config.architecture == "progressive":
    yield Row("lod", None, ())
  shape = (1, config.const_size, 4, 4)
  yield Row("4x4/Const/const", "synthesis/4x4/const/weight", shape, channels_last)
  inputs, layer = config.const_size, 0
  for resolution in config.resolutions:
    channels = config.channels(resolution)
    size = f"{resolution}x{resolution}"
    ours = f"synthesis/{size}"
    if resolution > 4 and config.architecture == "resnet":
      yield Row(f"{size}/Skip/weight", f"{ours}/skip/weight", (1, 1, inputs, channels))
    names = {"conv": "Conv"} if resolution == 4 else {"conv0": "Conv0_up", "conv1": "Conv1"}
    for name, official in names.items():
      yield from _modulated(f"{size}/{official}", f"{ours}/{name}", inputs, channels, config)
      if config.use_noise:
        yield Row(f"{size}/{official}/noise_strength", f"{ours}/{name}/noise_strength", ())
        shape = (1, 1, resolution, resolution)
        yield Row(f"noise{layer}", f"{ours}/{name}/noise", shape, channels_last)
      inputs, layer = channels, layer + 1
    if config.has_colours(resolution):
      official = colours_name(config.architecture, "ToRGB", config.resolution, resolution)
      colours = config.num_channels
      yield from _modulated(official, f"{ours}/torgb", channels, colours, config, size=1)


def discriminator_rows(config: StyleGAN2DiscriminatorConfig) -> Iterator[Row]:
  """The variables of `D_stylegan2`, `D_stylegan` and ADA's `D_main`."""
  if config.architecture == "progressive":
    yield Row("lod", None, ())
  for resolution in config.resolutions:
    channels = config.channels(resolution)
    size = f"{resolution}x{resolution}"
    ours = f"discriminator/{size}"
    if config.has_colours(resolution):
      official = colours_name(config.architecture, "FromRGB", config.resolution, resolution)
      shape = (1, 1, config.num_channels, channels)
      yield Row(f"{official}/weight", f"{ours}/fromrgb/weight", shape)
      yield Row(f"{official}/bias", f"{ours}/fromrgb/bias", shape[3:])
    if resolution == 4:
      continue
    lower = config.channels(resolution // 2)
    for name, official, outputs in (("conv0", "Conv0", channels), ("conv1", "Conv1_down", lower)):
      shape = (3, 3, channels, outputs)
      yield Row(f"{size}/{official}/weight", f"{ours}/{name}/weight", shape)
      yield Row(f"{size}/{official}/bias", f"{ours}/{name}/bias", shape[3:])
    if config.architecture == "resnet":
      yield Row(f"{size}/Skip/weight", f"{ours}/skip/weight", (1, 1, channels, lower))
  yield from _last_rows(config)


def _last_rows(config: StyleGAN2DiscriminatorConfig) -> Iterator[Row]:
  channels = config.channels(4)
  # As many maps more hold the minibatch's deviations.
  features = config.mbstd_num_features if config.mbstd_group_size else 0
  ours = "discriminator/4x4"
  yield Row("4x4/Conv/weight", f"{ours}/conv/weight", (3, 3, channels + features, channels))
  yield Row("4x4/Conv/bias", f"{ours}/conv/bias", (channels,))
  shape = (16 * channels, config.dense_size)
  yield Row("4x4/Dense0/weight", f"{ours}/dense0/weight", shape, dense_from_channels_last)
  yield Row("4x4/Dense0/bias", f"{ours}/dense0/bias", shape[1:])
  outputs = max(config.label_size, 1)
  if config.label_size and config.label_widths:
    outputs, width = config.label_widths[-1], config.label_size
    names = ["LabelEmbed"] + [f"Mapping{i}" for i in range(len(config.label_widths) - 1)]
    for index, (official, after) in enumerate(zip(names, config.label_widths, strict=True)):
      layer = "discriminator/label" + (f"/dense{index - 1}" if index else "")
      yield from _dense(official, layer, width, after)
      width = after
  yield from _dense("Output", "discriminator/output", config.dense_size, outputs)
