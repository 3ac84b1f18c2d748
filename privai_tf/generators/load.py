"""A path or a name -> a network ready for use."""

import dataclasses
import os
from pathlib import Path

import privai_tf
from privai_tf.errors import CheckpointError
from privai_tf.generators.checkpoint import (
  CONFIG_FILE,
  Checkpoint,
  is_checkpoint,
  read_checkpoint,
)
from privai_tf.generators.discriminator import Discriminator
from privai_tf.generators.families import create_generator
from privai_tf.generators.generator import Generator
from privai_tf.runtime.files import shown

CHECKPOINTS = Path(privai_tf.__file__).resolve().parents[1] / "checkpoints"


def load_generator(
  path_or_name: str | os.PathLike, network: str = "Gs", *, jit: str = "auto"
) -> Generator:
  """Loads a generator.

  Args:
    path_or_name: an official pickle, a converted folder, or a name in `checkpoints/`.
    network: which generator of a pickle: "Gs" (the averaged weights, which make the better images)
      or "G".
    jit: XLA policy, "auto", "on" or "off".

  Raises:
    CheckpointError: if there is none, or it is damaged or of another kind.
  """
  found = _find(path_or_name, network)
  generator = create_generator(found.config, found.weights, found.provenance, jit=jit)
  generator.folder = found.folder
  return generator


def load_discriminator(
  path_or_name: str | os.PathLike, network: str = "D", *, jit: str = "auto"
) -> Discriminator:
  """Loads a discriminator, or one of NVIDIA's attribute classifiers; see `load_generator`."""
  found = _find(path_or_name, network)
  return Discriminator(found.config, found.weights, found.provenance, jit=jit)


def available_checkpoints() -> list[str]:
  """The names that `load_generator` knows."""
  return sorted(folder.name for folder in CHECKPOINTS.glob("*") if is_checkpoint(folder))


def _find(path_or_name: str | os.PathLike, network: str) -> Checkpoint:
  path = Path(path_or_name)
  if not path.exists() and path.name == str(path_or_name):
    path = CHECKPOINTS / path.name
  if path.is_file() and path.name != CONFIG_FILE:
    return _convert(path, network)
  folder = path.parent if path.is_file() else path
  # A file with several networks is converted to a folder for each.
  for candidate in (folder / network, folder):
    if is_checkpoint(candidate):
      found = read_checkpoint(candidate)
      provenance = {"source": str(path_or_name), **found.provenance}
      return dataclasses.replace(found, provenance=provenance)
  names = ", ".join(available_checkpoints()) or "none"
  problem = f"holds no {CONFIG_FILE}" if folder.is_dir() else "does not exist"
  raise CheckpointError(
    f"Checkpoint {shown(path_or_name)} {problem}; give an official pickle, a folder made by "
    f"`python -m converters`, or a name in checkpoints/ ({names})."
  )


def _convert(path: Path, network: str) -> Checkpoint:
  # Late: most runs read converted folders and need no reader of pickles.
  from converters.convert import convert_network
  from converters.download import check_recorded
  from converters.reading import read_any_file

  file = read_any_file(path)
  check_recorded(path, file.sha256)
  record = file.network(network)
  converted = convert_network(record)
  provenance = {"source": path.name, "source_sha256": file.sha256, "network": record.name}
  return Checkpoint(converted.config, converted.weights, provenance)
