"""PGGAN's official networks: `G_paper` and `D_paper`, state version 2."""

from collections.abc import Iterator

from privai_tf.converters.arguments import sort_arguments
from privai_tf.converters.records import NetworkRecord
from privai_tf.converters.tables import (
  Row,
  convert_with_colours,
  dense_to_channels_last,
  level_of_detail,
  progressive_discriminator_rows,
  rgb_rows,
  same,
  swap_inputs_outputs,
)
from privai_tf.generators.config import PGGANConfig, PGGANDiscriminatorConfig

_SHARED_FIELDS = {
  "num_channels",
  "resolution",
  "label_size",
  "fmap_base",
  "fmap_decay",
  "fmap_max",
  "use_wscale",
  "fused_scale",
}
_GENERATOR_FIELDS = _SHARED_FIELDS | {
  "latent_size",
  "normalize_latents",
  "use_pixelnorm",
  "pixelnorm_epsilon",
  "use_leakyrelu",
}
_DISCRIMINATOR_FIELDS = _SHARED_FIELDS | {"mbstd_group_size"}
_FIXED = {"dtype": ("float32",)}
_SIGNATURE = {"num_channels": 1, "resolution": 32}


def generator_rows(config: PGGANConfig) -> Iterator[Row]:
  """The variables of `G_paper`."""
  yield Row("lod", None, ())
  for resolution in config.resolutions:
    channels = config.channels(resolution)
    size = f"{resolution}x{resolution}"
    ours = f"synthesis/{size}"
    if resolution == 4:
      shape = (config.latent_size + config.label_size, 16 * channels)
      yield Row("4x4/Dense/weight", f"{ours}/dense/weight", shape, dense_to_channels_last)
      yield Row("4x4/Dense/bias", f"{ours}/dense/bias", (channels,))
      layers = [("conv", "Conv", channels, False)]
    else:
      up = config.fused(resolution)
      first = ("conv0", "Conv0_up" if up else "Conv0", config.channels(resolution // 2), up)
      layers = [first, ("conv1", "Conv1", channels, False)]
    for layer, official, inputs, swapped in layers:
      # Fused, upscale2d_conv2d keeps the kernel as tf.nn.conv2d_transpose takes it.
      shape = (3, 3, channels, inputs) if swapped else (3, 3, inputs, channels)
      transform = swap_inputs_outputs if swapped else same
      yield Row(f"{size}/{official}/weight", f"{ours}/{layer}/weight", shape, transform)
      yield Row(f"{size}/{official}/bias", f"{ours}/{layer}/bias", (channels,))
    yield from rgb_rows(config, resolution, "ToRGB")


def discriminator_rows(config: PGGANDiscriminatorConfig) -> Iterator[Row]:
  """The variables of `D_paper`."""
  return progressive_discriminator_rows(
    config,
    lambda resolution: "Conv1_down" if config.fused(resolution) else "Conv1",
    extra=1 if config.mbstd_group_size > 1 else 0,
    outputs=1 + config.label_size,
  )


def convert_generator(record: NetworkRecord):
  """`G_paper` -> (configuration, weights, arguments, names that are filled with zeros)."""
  values = _SIGNATURE | record.static_kwargs
  arguments = sort_arguments(values, _GENERATOR_FIELDS, _FIXED, record.name)
  lod = level_of_detail(record)
  config = PGGANConfig(**arguments.used, lod=lod)
  weights, filled = convert_with_colours(record, generator_rows(config), record.name, lod)
  return config, weights, arguments, filled


def convert_discriminator(record: NetworkRecord):
  """`D_paper` -> (configuration, weights, arguments, names that are filled with zeros)."""
  values = _SIGNATURE | record.static_kwargs
  arguments = sort_arguments(values, _DISCRIMINATOR_FIELDS, _FIXED, record.name)
  lod = level_of_detail(record)
  config = PGGANDiscriminatorConfig(**arguments.used, lod=lod)
  rows = discriminator_rows(config)
  weights, filled = convert_with_colours(record, rows, record.name, lod)
  return config, weights, arguments, filled
