"""Conditional boundaries: a direction that leaves other attributes as they are."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from privai_tf.attributes.boundary import Boundary
from privai_tf.errors import InputError

_LEAST_ANGLE = 1e-6


def condition(
  boundary: Boundary, conditions: Sequence[Boundary], center: np.ndarray | None = None
) -> Boundary:
  """Projects a boundary onto the complement of any number of others.

  Moving along the result changes no condition's distance: with Q an orthonormal basis of the
  conditions' normals, the new normal is `(I - Q Q^T) n`, scaled to length one. (InterFaceGAN,
  section 2.3 of arXiv:1907.10786, which has one condition in the formula and two in the code.)

  Args:
    boundary: the attribute to edit.
    conditions: the attributes to keep; they may depend on one another.
    center: float [d], where the two planes shall meet: the new plane goes through the point of the
      old one that is nearest to it. The mean of the codes is a good choice; None: the origin.

  Returns:
    The boundary, named `NAME_c_CONDITION_...`; without conditions the one given. It has no
    calibration, which was the old plane's.

  Raises:
    LatentSpaceError: if a condition is for another space or width.
    InputError: if the boundary lies in the conditions' span.
  """
  if not conditions:
    return boundary
  for other in conditions:
    other.require_space(boundary.latent_space, boundary.width)
  names = [other.name for other in conditions]
  basis = _orthonormal(np.stack([other.normal for other in conditions], axis=1))
  normal = boundary.normal - basis @ (basis.T @ boundary.normal)
  length = float(np.linalg.norm(normal))
  if length < _LEAST_ANGLE:
    raise InputError(
      f"Boundary '{boundary.name}' points along {', '.join(f'{n!r}' for n in names)} (collinear): "
      "keeping them leaves no direction to move in; leave a condition out."
    )
  normal = normal / length
  # Once more: what rounding left along the conditions is divided by a small length, too.
  normal = normal - basis @ (basis.T @ normal)
  center = np.zeros(boundary.width) if center is None else np.asarray(center, np.float64)
  foot = center - float(boundary.coordinate(center)) * boundary.normal
  cosines = {
    name: float(boundary.normal @ other.normal)
    for name, other in zip(names, conditions, strict=True)
  }
  return dataclasses.replace(
    boundary,
    normal=normal,
    intercept=-float(normal @ foot),
    name="_c_".join([boundary.name, "_".join(names)]),
    provenance={**boundary.provenance, "conditions": cosines, "length_left": length},
    calibration=None,
  )


def _orthonormal(normals: np.ndarray) -> np.ndarray:
  """float64 [d, r]: a basis of the span of columns, which may depend on one another."""
  left, sizes, _ = np.linalg.svd(normals, full_matrices=False)
  return left[:, sizes > _LEAST_ANGLE * sizes[0]]
