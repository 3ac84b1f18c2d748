"""StyleGAN2's and StyleGAN2-ADA's TensorFlow networks: state versions 4 and 5.

The two call different functions by one name (`G_main`, `G_mapping`): the version tells them apart.
Channel counts come from the shapes in the file, since training scripts choose them in many ways.
"""

from typing import Any

import numpy as np

from privai_tf.converters.arguments import Arguments, sort_arguments
from privai_tf.converters.records import NetworkRecord
from privai_tf.converters.stylegan2_tables import discriminator_rows, mapping_rows, synthesis_rows
from privai_tf.converters.tables import Row, convert_variables, level_of_detail
from privai_tf.errors import CheckpointError
from privai_tf.generators.stylegan2.config import (
  WHOLE_BATCH,
  StyleGAN2Config,
  StyleGAN2DiscriminatorConfig,
  StyleGAN2NetworkConfig,
)

ADA = 5
MOST_LAYERS = 64  # of a mapping network, by the rules of configurations
REVISED = "G_synthesis_stylegan_revised"
_SYNTHESIS = {4: ("G_synthesis_stylegan2", REVISED), ADA: ("G_synthesis",)}
_SHARED_FIELDS = {"num_channels", "resolution", "label_size", "nonlinearity", "conv_clamp"}
_GENERATOR_FIELDS = _SHARED_FIELDS | {
  "latent_size",
  "dlatent_size",
  "mapping_layers",
  "mapping_lrmul",
  "mapping_nonlinearity",
  "normalize_latents",
  "use_noise",
  "truncation_psi",
  "truncation_cutoff",
}
_LABEL_ARGUMENTS = {"mapping_layers", "mapping_lrmul"}
_DISCRIMINATOR_FIELDS = _SHARED_FIELDS | {"mbstd_group_size", "mbstd_num_features"}
# What they say stands in the shapes as well, or is read by a function of its own.
_ELSEWHERE = {
  "fmap_base",
  "fmap_const",
  "fmap_decay",
  "fmap_max",
  "fmap_min",
  "label_fmaps",
  "mapping_fmaps",
  "resample_kernel",
}
_FIXED = {
  "architecture": ("orig", "skip", "resnet"),
  "dtype": ("float32",),
}


def length(record: NetworkRecord, name: str, axis: int = -1) -> int:
  """One of the sizes of a variable.

  Args:
    record: the network.
    name: of the variable, officially.
    axis: of its shape; from the end if negative.

  Raises:
    CheckpointError: if the network has no such variable, or it has no such axis.
  """
  shape = np.shape(record.variables.get(name, 0.0))
  if not -len(shape) <= axis < len(shape):
    raise CheckpointError(
      f"Network {record.name} has no variable {name} of the expected form; the file is damaged or was "
      "changed: download it again."
    )
  return shape[axis]


def _sorted(values: dict[str, Any], fields: set[str], path: str) -> Arguments:
  values = {name: value for name, value in values.items() if name not in _ELSEWHERE}
  arguments = sort_arguments(values, fields, _FIXED, path)
  arguments.without_effect.pop("architecture", None)
  return arguments


def _resolutions(values: dict[str, Any]) -> tuple[int, ...]:
  resolution = values.get("resolution", 1024)
  return StyleGAN2NetworkConfig(resolution=resolution).resolutions


def _filter(values: dict[str, Any]) -> tuple[float, ...]:
  """The argument `resample_kernel`; None stands for nearest neighbours."""
  taps = values.get("resample_kernel", (1, 3, 3, 1))
  return (1, 1) if taps is None else tuple(taps) if isinstance(taps, list | tuple) else (taps,)


def _component(record: NetworkRecord, role: str, functions: tuple[str, ...]) -> NetworkRecord:
  component = record.components.get(role)
  found = None if component is None else component.build_func_name
  if found not in functions:
    raise CheckpointError(
      f"Network {record.name} should have a component {role!r} built by {' or '.join(functions)}, but "
      f"has {found or 'none'}; only the original StyleGAN2 networks are supported."
    )
  return component


def convert_generator(record: NetworkRecord):
  """`G_main` -> (configuration, weights, arguments, names that are filled with zeros).

  Raises:
    CheckpointError: its version, components, arguments or variables are not StyleGAN2's.
  """
  if record.version not in _SYNTHESIS:
    raise CheckpointError(
      f"Network {record.name} is built by G_main in state version {record.version}; StyleGAN2 has "
      "version 4 and StyleGAN2-ADA version 5, so the file was changed: download it again."
    )
  mapping = _component(record, "mapping", ("G_mapping",))
  synthesis = _component(record, "synthesis", _SYNTHESIS[record.version])
  # The top level's arguments are handed to both components and take precedence there.
  values = mapping.static_kwargs | synthesis.static_kwargs | record.static_kwargs
  arguments = _sorted(values, _GENERATOR_FIELDS, record.name)
  resolutions = _resolutions(values)
  revised = synthesis.build_func_name == REVISED
  config = StyleGAN2Config(
    **arguments.used,
    channel_counts=tuple(
      length(synthesis, f"{r}x{r}/Conv1/weight" if r > 4 else "4x4/Conv/weight")
      for r in resolutions
    ),
    architecture="progressive" if revised else values.get("architecture", "skip"),
    resample_filter=_filter(values),
    mapping_fmaps=length(mapping, "Dense0/bias"),
    normalize_labels=record.version == ADA,
    label_fmaps=_label_width(mapping, values, record.version),
    const_size=length(synthesis, "4x4/Const/const", 1),
    lod=level_of_detail(record) if revised else 0.0,
  )
  rows = [Row("dlatent_avg", "mapping/w/mean", (config.dlatent_size,))]
  if record.version != ADA:
    rows.append(Row("lod", None, ()))
  weights = convert_variables(record, rows, record.name)
  path = f"{record.name}/{mapping.name}"
  weights |= convert_variables(mapping, mapping_rows(config), path)
  path = f"{record.name}/{synthesis.name}"
  weights |= convert_variables(synthesis, synthesis_rows(config), path)
  return config, weights, arguments, ()


def _label_width(mapping: NetworkRecord, values: dict[str, Any], version: int) -> int | None:
  if not values.get("label_size"):
    return None
  return length(mapping, "LabelEmbed/bias" if version == ADA else "LabelConcat/weight")


def convert_discriminator(record: NetworkRecord):
  """`D_stylegan2`, `D_stylegan`, `D_main` -> as `convert_generator`."""
  ada = record.build_func_name == "D_main"
  values = {"mbstd_group_size": None if ada else 4, "mbstd_num_features": 1} | record.static_kwargs
  features = values["mbstd_num_features"]
  group = WHOLE_BATCH if values["mbstd_group_size"] is None else values["mbstd_group_size"]
  none = features == 0 or (not ada and group in (0, 1))
  arguments = _sorted(values, _DISCRIMINATOR_FIELDS | _LABEL_ARGUMENTS, record.name)
  grown = record.build_func_name == "D_stylegan"
  used = {name: v for name, v in arguments.used.items() if name in _DISCRIMINATOR_FIELDS} | {
    "mbstd_group_size": 0 if none else group,
    "mbstd_num_features": features or 1,
  }
  last = length(record, "4x4/Conv/weight", 2) - (
    0 if none or type(features) is not int else features
  )
  config = StyleGAN2DiscriminatorConfig(
    **used,
    channel_counts=tuple(
      length(record, f"{r}x{r}/Conv0/weight", 2) if r > 4 else last for r in _resolutions(values)
    ),
    architecture="progressive" if grown else values.get("architecture", "resnet"),
    resample_filter=_filter(values),
    dense_size=length(record, "4x4/Dense0/bias"),
    label_widths=_label_widths(record, values) if ada else (),
    label_lrmul=values.get("mapping_lrmul", 0.1),
    lod=level_of_detail(record) if grown else 0.0,
  )
  weights = convert_variables(record, discriminator_rows(config), record.name)
  return config, weights, arguments, ()


def _label_widths(record: NetworkRecord, values: dict[str, Any]) -> tuple[int, ...]:
  if not values.get("label_size"):
    return ()
  layers = values.get("mapping_layers", 0)
  count = min(layers, MOST_LAYERS) if type(layers) is int else 0
  names = ["LabelEmbed", *(f"Mapping{index}" for index in range(count))]
  return tuple(length(record, f"{name}/bias") for name in names)
