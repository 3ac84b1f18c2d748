"""Conditional boundaries by name: a direction that leaves other attributes as they are."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from privai_tf.attributes.boundary import Boundary

_LEAST_ANGLE = 1e-6


def condition(
  boundary: Boundary, conditions: Sequence[Boundary], mean: np.ndarray | None = None
) -> Boundary:
  """Projects a boundary onto the complement of any number of others.

  `Boundary.conditioned_on` for conditions as a user gives them: none at all, or such that depend on
  one another. (InterFaceGAN, arXiv:1907.10786, section 2.3, has one condition in its formula and
  two in its code.)

  Args:
    boundary: the attribute to edit.
    conditions: the attributes to keep.
    mean: [d], the mean of the codes; see `Boundary.conditioned_on`. None: the origin.

  Returns:
    The boundary, named `NAME_c_CONDITION_...`, the cosines with its conditions in its provenance;
    without conditions the one given.

  Raises:
    LatentSpaceError: if a condition is for another space or width.
    InputError: if the boundary lies in the conditions' span.
  """
  if not conditions:
    return boundary
  for other in conditions:
    boundary.require_space(other.latent_space, other.width)
  result = boundary.conditioned_on(_independent(conditions), mean)
  names = [other.name for other in conditions]
  cosines = [float(boundary.normal @ other.normal) for other in conditions]
  provenance = {
    **result.provenance,
    "conditioned_on": names,
    "cosines": dict(zip(names, cosines, strict=True)),
  }
  return dataclasses.replace(
    result, name=f"{boundary.name}_c_{'_'.join(names)}", provenance=provenance
  )


def _independent(conditions: Sequence[Boundary]) -> list[Boundary]:
  """Those that are not in the span of earlier ones, which would add a direction made of rounding."""
  kept: list[Boundary] = []
  basis = np.zeros((0, conditions[0].width))
  for other in conditions:
    rest = other.normal - basis.T @ (basis @ other.normal)
    rest = rest - basis.T @ (basis @ rest)
    length = float(np.linalg.norm(rest))
    if length > _LEAST_ANGLE:
      kept.append(other)
      basis = np.vstack([basis, rest / length])
  return kept
