"""Conditional boundaries by name: a direction that leaves other attributes as they are."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from privai_tf.attributes.boundary import Boundary


def condition(
  boundary: Boundary, conditions: Sequence[Boundary], mean: np.ndarray | None = None
) -> Boundary:
  """Projects a boundary onto the complement of any number of others.

  `Boundary.conditioned_on`, with a record of what was asked. (InterFaceGAN,
  arXiv:1907.10786, section 2.3, has one condition in its formula and two in its code.)

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
  result = boundary.conditioned_on(conditions, mean)
  names = [other.name for other in conditions]
  cosines = [float(boundary.normal @ other.normal) for other in conditions]
  provenance = {
    **result.provenance,
    "cosines": dict(zip(names, cosines, strict=True)),
  }
  return dataclasses.replace(result, provenance=provenance)
