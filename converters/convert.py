"""Official network record -> our configuration and weights, with a report of what was done."""

import dataclasses
from typing import Any

import numpy as np

from privai_tf.converters import (
  pggan,
  stylegan,
  stylegan2,
  stylegan2_rosinality,
  stylegan2_torch,
  stylegan3,
)
from privai_tf.converters.records import NetworkRecord
from privai_tf.errors import CheckpointError
from privai_tf.generators.network_config import NetworkConfig

_CONVERTERS = {
  "G_style": stylegan.convert_generator,
  "D_basic": stylegan.convert_discriminator,
  "G_paper": pggan.convert_generator,
  "D_paper": pggan.convert_discriminator,
  "G_main": stylegan2.convert_generator,
  "D_stylegan2": stylegan2.convert_discriminator,
  "D_stylegan": stylegan2.convert_discriminator,
  "D_main": stylegan2.convert_discriminator,
  stylegan2_torch.GENERATOR: stylegan2_torch.convert_generator,
  stylegan2_torch.DISCRIMINATOR: stylegan2_torch.convert_discriminator,
  stylegan3.GENERATOR: stylegan3.convert_generator,
  stylegan2_rosinality.GENERATOR: stylegan2_rosinality.convert_generator,
}


@dataclasses.dataclass(frozen=True)
class ConversionReport:
  """What a conversion read and made of it.

  Attributes:
    name: the official network's name, e.g. "Gs".
    build_function: e.g. "G_style".
    read: variables read, those of components included.
    converted: weights under our names.
    skipped: official variables that hold configuration, not weights ("lod"), and those that our
      code computes by itself, with their path.
    shifted: official variables to which ours add 1, see `stylegan2_tables.plus_one`.
    filled: weights of ours that are zeros, because the file has none and the network uses none.
    arguments_without_effect: known keyword arguments of no effect on the outputs.
    arguments_unknown: keyword arguments that we do not know; kept, without effect.
    module_source_sha256: hash of the carried source text, never executed.
  """

  name: str
  build_function: str
  read: int
  converted: int
  skipped: tuple[str, ...]
  shifted: tuple[str, ...]
  filled: tuple[str, ...]
  arguments_without_effect: dict[str, Any]
  arguments_unknown: dict[str, Any]
  module_source_sha256: str


@dataclasses.dataclass(frozen=True)
class ConvertedNetwork:
  """A network of ours.

  Attributes:
    config: its configuration; `config.role` is "generator" or "discriminator".
    weights: float32 arrays by our names.
    report: what was read, converted, skipped.
  """

  config: NetworkConfig
  weights: dict[str, np.ndarray]
  report: ConversionReport


def _own_and_nested(record: NetworkRecord, path: str) -> list[str]:
  names = [f"{path}/{name}" for name in record.variables]
  for component in record.components.values():
    names += _own_and_nested(component, f"{path}/{component.name}")
  return names


def convert_network(record: NetworkRecord) -> ConvertedNetwork:
  """Converts one official network.

  Args:
    record: `G`, `D` or `Gs` of StyleGAN, StyleGAN2, StyleGAN3 or PGGAN.

  Raises:
    CheckpointError: if the build function is unknown, an argument asks for a network that we do not
      have, or a variable is missing, surplus or misshapen (it is named).
  """
  if record.build_func_name not in _CONVERTERS:
    known = ", ".join(sorted(_CONVERTERS))
    raise CheckpointError(
      f"Network {record.name} is built by the unknown function {record.build_func_name!r}; only "
      f"StyleGANs (1, 2, 3) and Progressive GAN networks can be converted: {known}."
    )
  config, weights, arguments, filled = _CONVERTERS[record.build_func_name](record)
  names = _own_and_nested(record, record.name)
  names += [f"{record.name}/{name}" for name in record.dropped]
  skipped = tuple(name for name in names if name.endswith("/lod"))
  skipped += tuple(f"{record.name}/{name}" for name in record.dropped)
  report = ConversionReport(
    name=record.name,
    build_function=record.build_func_name,
    read=len(names),
    converted=len(weights) - len(filled),
    skipped=skipped,
    shifted=tuple(name for name in names if name.endswith("/mod_bias")),
    filled=filled,
    arguments_without_effect=arguments.without_effect,
    arguments_unknown=arguments.unknown,
    module_source_sha256=record.module_source_sha256,
  )
  return ConvertedNetwork(config, weights, report)
