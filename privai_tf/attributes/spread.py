"""Directions along which an attribute shows not in where codes lie, but in how far they spread.

A release takes out how codes move on average when the coordinate moves. What is left is how the
*shape* of the rest depends on the side: only men's beards can be seen, so that the beard's direction
varies for one side and stands still for the other. Linear probes and null-space projection do not see
that; with M1 and M0 the second moments of the whitened rest on the two sides, the eigenvectors of
M1 - M0 with the largest eigenvalues do. Protected together with the attribute, they close the leak.
"""

import numpy as np

from privai_tf.artifacts import PublicCodes
from privai_tf.attributes.boundary import Boundary
from privai_tf.errors import ConfigurationError, InputError
from privai_tf.privacy.split import fit_split
from privai_tf.privacy.subspace import attribute_basis

_LEAST_VARIANCE = 1e-6
_LEAST_OF_A_SIDE = 20


def spread_directions(public: PublicCodes, boundary: Boundary, count: int = 1) -> list[Boundary]:
  """The directions to protect beside an attribute's own.

  Args:
    public: codes of the release path, of "W" or "Z".
    boundary: of the attribute.
    count: how many.

  Returns:
    A boundary each, through the codes' mean, named NAME_spread_1, ...; the largest difference first,
    which their provenance states (0: both sides spread alike; 1: one spreads about twice as much).

  Raises:
    ConfigurationError: if codes have layers, or there are not so many directions.
    InputError: if too few codes lie on one side.
  """
  codes = np.asarray(public.codes, np.float64)
  if codes.ndim != 2:
    raise ConfigurationError("Spread directions are found in W or Z; give codes [n, d].")
  sides = boundary.coordinate(codes) > 0
  if min(sides.sum(), (~sides).sum()) < _LEAST_OF_A_SIDE:
    raise InputError(
      f"Fewer than {_LEAST_OF_A_SIDE} of {len(codes)} public codes lie on one side of "
      f"'{boundary.name}'; make more."
    )
  split = fit_split(public, attribute_basis([boundary]), tied=True)
  _, rest = split.parts(codes)
  rest = rest - rest.mean(axis=0)
  variances, axes = np.linalg.eigh(rest.T @ rest / len(rest))
  kept = variances > _LEAST_VARIANCE * variances[-1]
  if not 1 <= count <= kept.sum():
    raise ConfigurationError(f"count is {count}; it must be from 1 to {kept.sum()}.")
  whiten = axes[:, kept] / np.sqrt(variances[kept])
  white = rest @ whiten
  # White, the sides' second moments have a mean of I, by their shares: one eigenbasis serves both,
  # and what is most of the one is least of the other (Fukunaga and Koontz 1970).
  moments = [white[side].T @ white[side] / side.sum() for side in (sides, ~sides)]
  sizes, vectors = np.linalg.eigh(moments[0] - moments[1])
  order = np.argsort(-np.abs(sizes))[:count]
  center = codes.mean(axis=0)
  stated = {
    key: value for key, value in boundary.provenance.items() if key.startswith("checkpoint")
  }
  found = []
  for number, index in enumerate(order, start=1):
    normal = split.rest_basis @ (whiten @ vectors[:, index])
    normal = normal / np.linalg.norm(normal)
    provenance = {**stated, "difference_of_second_moments": float(sizes[index])}
    name = f"{boundary.name}_spread_{number}"
    found.append(Boundary(normal, -float(normal @ center), boundary.latent_space, name, provenance))
  return found
