"""Moves codes to given distances from a boundary."""

from collections.abc import Sequence

import numpy as np

from privai_tf.attributes.boundary import Boundary
from privai_tf.shapes import Codes


def codes_at_distances(
  codes: Codes, boundary: Boundary, distances: Sequence[float], *, relative: bool = False
) -> np.ndarray:
  """Moves each code along a boundary's normal to each of the distances.

  A W+ code moves as a whole: every layer by the same step, such that the mean of the layers'
  distances is the one given. What sets its layers apart stays.

  Args:
    codes: [n, d], or [n, L, d] for W+, of the boundary's space.
    boundary: the attribute.
    distances: signed, in latent units, [steps].
    relative: distances are steps from each code instead (what InterFaceGAN does to W+ codes).

  Returns:
    float32 [n, steps, d] or [n, steps, L, d].

  Raises:
    LatentSpaceError: if the codes' width is not the boundary's.
  """
  codes = np.asarray(codes, np.float64)
  now = boundary.coordinate(codes)
  if codes.ndim == 3:
    now = now.mean(axis=1)
  steps = np.tile(np.asarray(distances, np.float64), (len(codes), 1))
  if not relative:
    steps -= now[:, np.newaxis]
  moves = steps[..., np.newaxis] * boundary.normal
  if codes.ndim == 3:
    moves = moves[:, :, np.newaxis]
  return (codes[:, np.newaxis] + moves).astype(np.float32)
