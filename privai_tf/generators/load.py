"""A path or a name -> a network ready for use."""

import dataclasses
import os

from privai_tf.generators.checkpoint import Checkpoint, read_checkpoint
from privai_tf.generators.discriminator import Discriminator
from privai_tf.generators.families import create_generator
from privai_tf.generators.generator import Generator
from privai_tf.generators.places import available_checkpoints, checkpoint_place
from privai_tf.runtime.foreign_files import foreign_reader
from privai_tf.runtime.keras_settings import require_keras

__all__ = ["available_checkpoints", "load_discriminator", "load_generator"]


def load_generator(
  path_or_name: str | os.PathLike, network: str = "Gs", *, jit: str = "auto"
) -> Generator:
  """Loads a generator.

  Args:
    path_or_name: an official pickle, a `.pth` of InterFaceGAN or genforce, a converted folder, or a
      name; see `places`.
    network: which generator of a file: "Gs" (the averaged weights, which make the better images) or
      "G".
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


def _find(path_or_name: str | os.PathLike, network: str) -> Checkpoint:
  require_keras()
  place = checkpoint_place(path_or_name, (network,))
  if place.is_file():
    return foreign_reader("foreign_network")(place, network)
  found = read_checkpoint(place)
  return dataclasses.replace(found, provenance={"source": str(path_or_name), **found.provenance})
