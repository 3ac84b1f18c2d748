"""StyleGAN's official networks: `G_style` (with `G_mapping`, `G_synthesis`) and `D_basic`, version 3."""

from collections.abc import Iterator

from privai_tf.converters.arguments import sort_arguments
from privai_tf.converters.records import NetworkRecord
from privai_tf.converters.tables import (
  Row,
  channels_last,
  convert_variables,
  convert_with_colours,
  level_of_detail,
  progressive_discriminator_rows,
  rgb_rows,
)
from privai_tf.errors import CheckpointError
from privai_tf.generators.config import StyleGANConfig, StyleGANDiscriminatorConfig

_MAPPING_FIELDS = {
  "latent_size",
  "label_size",
  "dlatent_size",
  "mapping_layers",
  "mapping_fmaps",
  "mapping_lrmul",
  "mapping_nonlinearity",
  "normalize_latents",
  "use_wscale",
}
_SHARED_FIELDS = {
  "num_channels",
  "resolution",
  "fmap_base",
  "fmap_decay",
  "fmap_max",
  "nonlinearity",
  "use_wscale",
  "fused_scale",
  "blur_filter",
}
_SYNTHESIS_FIELDS = _SHARED_FIELDS | {
  "dlatent_size",
  "use_styles",
  "use_noise",
  "use_instance_norm",
  "use_pixel_norm",
}
_TRUNCATION_FIELDS = {"truncation_psi", "truncation_cutoff"}
_DISCRIMINATOR_FIELDS = _SHARED_FIELDS | {"label_size", "mbstd_group_size", "mbstd_num_features"}
_FIXED = {
  "const_input_layer": (True,),
  "dtype": ("float32",),
  "mapping_nonlinearity": ("lrelu", "relu"),
  "nonlinearity": ("lrelu", "relu"),
}


def mapping_rows(config: StyleGANConfig) -> Iterator[Row]:
  """The variables of `G_mapping`."""
  width = config.latent_size
  if config.label_size:
    yield Row("LabelConcat/weight", "mapping/label/weight", (config.label_size, width))
    width *= 2  # The embedded label stands beside z.
  for index in range(config.mapping_layers):
    last = index == config.mapping_layers - 1
    outputs = config.dlatent_size if last else config.mapping_fmaps
    yield Row(f"Dense{index}/weight", f"mapping/dense{index}/weight", (width, outputs))
    yield Row(f"Dense{index}/bias", f"mapping/dense{index}/bias", (outputs,))
    width = outputs


def _epilogue_rows(
  official: str, ours: str, config: StyleGANConfig, resolution: int
) -> Iterator[Row]:
  channels = config.channels(resolution)
  if config.use_noise:
    yield Row(f"{official}/Noise/weight", f"{ours}/noise_strength", (channels,))
  yield Row(f"{official}/bias", f"{ours}/bias", (channels,))
  if config.use_styles:
    shape = (config.dlatent_size, 2 * channels)  # Scales, then biases, as style_mod takes them.
    yield Row(f"{official}/StyleMod/weight", f"{ours}/style/weight", shape)
    yield Row(f"{official}/StyleMod/bias", f"{ours}/style/bias", shape[1:])


def synthesis_rows(config: StyleGANConfig) -> Iterator[Row]:
  """The variables of `G_synthesis`."""
  yield Row("lod", None, ())
  for level, resolution in enumerate(config.resolutions):
    channels = config.channels(resolution)
    size = f"{resolution}x{resolution}"
    ours = f"synthesis/{size}"
    layers = ("const", "conv") if resolution == 4 else ("conv0", "conv1")
    if config.use_noise:
      for half, layer in enumerate(layers):
        shape = (1, 1, resolution, resolution)
        yield Row(f"noise{2 * level + half}", f"{ours}/{layer}/noise", shape, channels_last)
    if resolution == 4:
      shape = (1, channels, 4, 4)
      yield Row("4x4/Const/const", f"{ours}/const/weight", shape, channels_last)
      yield from _epilogue_rows("4x4/Const", f"{ours}/const", config, 4)
      yield Row("4x4/Conv/weight", f"{ours}/conv/weight", (3, 3, channels, channels))
      yield from _epilogue_rows("4x4/Conv", f"{ours}/conv", config, 4)
    else:
      before = config.channels(resolution // 2)
      for layer, official, inputs in (("conv0", "Conv0_up", before), ("conv1", "Conv1", channels)):
        shape = (3, 3, inputs, channels)
        yield Row(f"{size}/{official}/weight", f"{ours}/{layer}/weight", shape)
        yield from _epilogue_rows(f"{size}/{official}", f"{ours}/{layer}", config, resolution)
    yield from rgb_rows(config, resolution, "ToRGB")


def discriminator_rows(config: StyleGANDiscriminatorConfig) -> Iterator[Row]:
  """The variables of `D_basic`."""
  return progressive_discriminator_rows(
    config,
    lambda resolution: "Conv1_down",
    extra=config.mbstd_num_features if config.mbstd_group_size > 1 else 0,
    outputs=max(config.label_size, 1),
  )


def _component(record: NetworkRecord, role: str, build_function: str) -> NetworkRecord:
  component = record.components.get(role)
  found = None if component is None else component.build_func_name
  if found != build_function:
    raise CheckpointError(
      f"Network {record.name} should have a component {role!r} built by {build_function}, but has "
      f"{found or 'none'}; only the original StyleGAN networks are supported."
    )
  return component


def convert_generator(record: NetworkRecord):
  """`G_style` -> (configuration, weights, arguments, names that are filled with zeros)."""
  mapping = _component(record, "mapping", "G_mapping")
  synthesis = _component(record, "synthesis", "G_synthesis")
  # The top level's arguments are handed to both components and take precedence there.
  top = record.static_kwargs
  fields = _MAPPING_FIELDS | _SYNTHESIS_FIELDS | _TRUNCATION_FIELDS
  values = mapping.static_kwargs | synthesis.static_kwargs | top
  arguments = sort_arguments(values, fields, _FIXED, record.name)
  lod = level_of_detail(record)
  config = StyleGANConfig(**arguments.used, lod=lod)
  rows = [Row("lod", None, ()), Row("dlatent_avg", "mapping/w/mean", (config.dlatent_size,))]
  weights = convert_variables(record, rows, record.name)
  path = f"{record.name}/{mapping.name}"
  weights |= convert_variables(mapping, mapping_rows(config), path)
  path = f"{record.name}/{synthesis.name}"
  # PyTorch's ports keep the level of detail once, at the top.
  rows = [row for row in synthesis_rows(config) if synthesis.version or row.official != "lod"]
  colours, filled = convert_with_colours(synthesis, rows, path, lod)
  return config, weights | colours, arguments, filled


def convert_discriminator(record: NetworkRecord):
  """`D_basic` -> (configuration, weights, arguments, names that are filled with zeros)."""
  values = {"num_channels": 1, "resolution": 32} | record.static_kwargs
  arguments = sort_arguments(values, _DISCRIMINATOR_FIELDS, _FIXED, record.name)
  lod = level_of_detail(record)
  config = StyleGANDiscriminatorConfig(**arguments.used, lod=lod)
  weights, filled = convert_with_colours(record, discriminator_rows(config), record.name, lod)
  return config, weights, arguments, filled
