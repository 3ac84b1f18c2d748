"""What users call attributes -> boundaries: one rule for every command.

A file is itself, `CHECKPOINT/ATTRIBUTE` the boundary of that name, and a bare ATTRIBUTE that of the
checkpoint in use. A subspace's file stands for a boundary for each of its directions.
"""

from collections.abc import Iterable
from pathlib import Path

from privai_tf.attributes.boundary import Boundary
from privai_tf.attributes.subspaces import AttributeSubspace

_FILES = (".npy", ".npz")


def boundary_source(attribute: str, checkpoint: str) -> str:
  """What `Boundary.load` takes.

  Args:
    attribute: a boundary's `.npy` or a subspace's `.npz` file, CHECKPOINT/ATTRIBUTE, or ATTRIBUTE.
    checkpoint: the checkpoint in use, a name or a path.
  """
  if attribute.endswith(_FILES) or "/" in attribute:
    return attribute
  return f"{Path(checkpoint).name}/{attribute}"


def load_boundaries(
  attributes: Iterable[str], checkpoint: str, latent_space: str
) -> list[Boundary]:
  """The boundaries that attributes stand for.

  Args:
    attributes: see `boundary_source`.
    checkpoint: the checkpoint in use, a name or a path.
    latent_space: "W", "W+" or "Z".

  Returns:
    One an attribute, or, for a subspace, one a direction.

  Raises:
    InputError, LatentSpaceError: see `Boundary.load`, `AttributeSubspace.load`.
  """
  boundaries = []
  for attribute in attributes:
    source = boundary_source(attribute, checkpoint)
    if source.endswith(".npz"):
      boundaries += AttributeSubspace.load(source, latent_space).boundaries()
    else:
      boundaries.append(Boundary.load(source, latent_space=latent_space))
  return boundaries
