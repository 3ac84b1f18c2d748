"""Splits latents into the coordinates that are released and the rest, and puts them together again.

The encoded pair is what neighbours are defined on: coordinates and rest are rounded to the public
grid once, and everything after is a function of those integers alone. (In floating point the rest
of two codes that differ along Q only differs in its low bits, and would tell them apart.)
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from privai_tf.attributes.boundary import Boundary
from privai_tf.errors import InputError
from privai_tf.privacy.grid import from_grid, to_grid

# Sine of the least angle between a boundary's normal and those before it. Along the axis that is left
# of it, a plane lies 1 / sine as far from the mean as along its normal, and so do the public values
# of randomized response: ten times at most, where codes still are faces. (What is refused is within
# 6 degrees of what is protected already.)
_LEAST_SINE = 0.1


@dataclasses.dataclass(frozen=True, eq=False)
class Subspace:
  """The public directions of one release, and how codes are laid out on them.

  Attributes:
    mean: float64 [d], mu.
    basis: float64 [d, k], Q, orthonormal columns.
    scales: float64 [k], latent units to one unit of the coordinate (1 unless whitened).
    keeps_rest: whether r is carried into the output (scope attribute) or dropped.
    layers: L for W+ codes [n, L, d]; None for [n, d].
    tied: W+ only: one coordinate for all layers (their mean) instead of one a layer.
  """

  mean: np.ndarray
  basis: np.ndarray
  scales: np.ndarray
  keeps_rest: bool = True
  layers: int | None = None
  tied: bool = True

  @property
  def numbers(self) -> int:
    """How many numbers one release holds: k, or k * L per layer."""
    copies = 1 if self.layers is None or self.tied else self.layers
    return self.basis.shape[1] * copies

  def axis_numbers(self, axis: int) -> list[int]:
    """Positions of one direction's numbers (one a layer if they are apart)."""
    return list(range(axis, self.numbers, self.basis.shape[1]))

  def coordinates(self, latents: np.ndarray) -> np.ndarray:
    """a = Q^T (w - mu), in units of `scales`.

    Args:
      latents: float64 [n, d] or [n, L, d].

    Returns:
      float64 [n, numbers].
    """
    if self.layers is not None and self.tied:
      latents = latents.mean(axis=1)
    coordinates = (latents - self.mean) @ self.basis / self.scales
    return coordinates.reshape(len(latents), -1)

  def rest(self, latents: np.ndarray) -> np.ndarray | None:
    """r = (I - Q Q^T)(w - mu), rounded to the grid once: int64 like latents; None if dropped.

    A W+ layer's own coordinate is removed here in both modes.
    """
    if not self.keeps_rest:
      return None
    centred = latents - self.mean
    return to_grid(centred - (centred @ self.basis) @ self.basis.T)

  def assemble(self, coordinates: np.ndarray, rest: np.ndarray | None) -> np.ndarray:
    """w~ = mu + r + Q a~, a function of its two arguments alone.

    Args:
      coordinates: float64 [n, numbers], released.
      rest: int64 [n, d] or [n, L, d], None for the public mean.

    Returns:
      float32 [n, d] or [n, L, d].
    """
    count, directions = len(coordinates), self.basis.shape[1]
    shaped = coordinates.reshape(count, -1, directions) * self.scales
    codes = self.mean + shaped @ self.basis.T
    if self.layers is None:
      codes = codes[:, 0]
    elif self.tied:
      codes = np.repeat(codes, self.layers, axis=1)
    if rest is not None:
      codes = codes + from_grid(rest)
    return codes.astype(np.float32)


def attribute_basis(boundaries: Sequence[Boundary]) -> np.ndarray:
  """Orthonormal basis of the boundaries' normals by QR; the first column is the first normal.

  Args:
    boundaries: of one latent space and width; later ones lose what they share with earlier ones.

  Returns:
    float64 [d, k].

  Raises:
    InputError: if a normal lies in the span of those before it, or within 6 degrees of it.
  """
  normals = np.stack([boundary.normal for boundary in boundaries], axis=1)
  if normals.shape[1] == 1:
    return normals
  basis, triangle = np.linalg.qr(normals)
  # QR leaves the signs open: keep each column on its boundary's positive side.
  pivots = np.diag(triangle)
  for index, pivot in enumerate(pivots):
    if abs(pivot) < _LEAST_SINE:
      earlier = ", ".join(f"'{boundary.name}'" for boundary in boundaries[:index])
      raise InputError(
        f"Boundary '{boundaries[index].name}' points along {earlier} (collinear): less than 6 "
        "degrees of it are its own; leave it out."
      )
  return basis * np.sign(pivots)
