"""The directions that scopes "image" and "metric" release; everything else is the public mean.

Coordinates are rounded to the public grid once, and everything after is a function of those integers.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from privai_tf.attributes.boundary import Boundary
from privai_tf.errors import InputError
from privai_tf.shapes import Codes

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
    layers: L for W+ codes [n, L, d]; None for [n, d].
    tied: W+ only: one coordinate for all layers (their mean) instead of one a layer.
  """

  mean: np.ndarray
  basis: np.ndarray
  scales: np.ndarray
  layers: int | None = None
  tied: bool = True

  @property
  def numbers(self) -> int:
    """How many numbers one release holds: k, or k * L per layer."""
    copies = 1 if self.layers is None or self.tied else self.layers
    return self.basis.shape[1] * copies

  def parts(self, latents: Codes) -> tuple[np.ndarray, None]:
    """a = Q^T (w - mu), in units of `scales`; there is no rest.

    Args:
      latents: float64 [n, d] or [n, L, d].

    Returns:
      float64 [n, numbers], and None.
    """
    if self.layers is not None and self.tied:
      latents = latents.mean(axis=1)
    coordinates = (latents - self.mean) @ self.basis / self.scales
    return coordinates.reshape(len(latents), -1), None

  def assemble(self, numbers: np.ndarray, rest: None = None) -> np.ndarray:
    """w~ = mu + Q a~, a function of its argument alone.

    Args:
      numbers: float64 [n, numbers], released.
      rest: nothing.

    Returns:
      float32 [n, d] or [n, L, d].
    """
    count, directions = len(numbers), self.basis.shape[1]
    shaped = numbers.reshape(count, -1, directions) * self.scales
    codes = self.mean + shaped @ self.basis.T
    if self.layers is None:
      codes = codes[:, 0]
    elif self.tied:
      codes = np.repeat(codes, self.layers, axis=1)
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
