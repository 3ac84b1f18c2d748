"""Clipping to a norm ball: what bounds the sensitivity, done before any noise.

Both norms clip by scaling towards the origin, so a coordinate keeps its direction. The integer
version is exact: what it returns lies in the ball, by integer arithmetic.
"""

import numpy as np

_INT64_LIMIT = 1 << 63
_STEP_BACK = 2.0**-40


def clip(coordinates: np.ndarray, radius: float, norm: str) -> np.ndarray:
  """Scales rows into the ball, in float64 (simulations, and the first step of an encoding).

  Args:
    coordinates: [n, k], finite.
    radius: R >= 0.
    norm: "l1" or "l2".

  Returns:
    float64 [n, k]; rows inside the ball are unchanged.
  """
  coordinates = np.asarray(coordinates, np.float64)
  if coordinates.shape[-1] == 1:
    return np.clip(coordinates, -radius, radius)
  norms = _float_norm(coordinates, norm)
  return coordinates * np.minimum(1.0, radius / np.maximum(norms, np.finfo(float).tiny))


def clip_integers(coordinates: np.ndarray, radius: int, norm: str) -> np.ndarray:
  """Scales rows of integers into the ball, exactly.

  Args:
    coordinates: int64 [n, k].
    radius: R in grid steps, a whole number.
    norm: "l1" or "l2".

  Returns:
    int64 [n, k], rounded towards zero; rows inside the ball are unchanged.
  """
  if coordinates.shape[-1] == 1:
    return np.clip(coordinates, -radius, radius)
  inside = within(coordinates, radius, norm)
  if inside.all():
    return coordinates
  result = coordinates.copy()
  outside = np.flatnonzero(~inside)
  factor = 1.0
  while outside.size:
    rows = coordinates[outside].astype(np.float64)
    scale = factor * radius / _float_norm(rows, norm)
    result[outside] = np.trunc(rows * scale).astype(np.int64)
    # The float may have been rounded up by a hair: check in integers, and step back if so.
    outside = outside[~within(result[outside], radius, norm)]
    factor -= _STEP_BACK
  return result


def within(coordinates: np.ndarray, radius: int, norm: str) -> np.ndarray:
  """Which rows of integers lie in the ball, by integer arithmetic; bool [n]."""
  # Comparing both signs: the absolute value of the least int64 is itself.
  box = ((coordinates <= radius) & (coordinates >= -radius)).all(axis=-1)
  rows = np.abs(np.where(box[:, np.newaxis], coordinates, 0))
  if norm == "l1":
    return box & (rows.sum(axis=-1) <= radius)
  if radius * radius * rows.shape[-1] >= _INT64_LIMIT:
    rows = rows.astype(object)
  return box & np.asarray((rows * rows).sum(axis=-1) <= radius * radius, bool)


def _float_norm(rows: np.ndarray, norm: str) -> np.ndarray:
  """float64 [n, 1]."""
  if norm == "l1":
    return np.abs(rows).sum(axis=-1, keepdims=True)
  # Scaled first, so that squares neither overflow nor vanish.
  largest = np.maximum(np.abs(rows).max(axis=-1, keepdims=True), np.finfo(float).tiny)
  return largest * np.sqrt(((rows / largest) ** 2).sum(axis=-1, keepdims=True))
