"""Clipping to a norm ball: what bounds the sensitivity, done before any noise.

Both norms clip by scaling towards the origin, so a coordinate keeps its direction. The integer
version is exact: what it returns lies in the ball, by integer arithmetic.
"""

import numpy as np

_DIGIT = 18
_MASK = (1 << _DIGIT) - 1


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
  """Scales rows of integers into the ball, exactly, in work that is the same for every row.

  A row outside is scaled in double precision to a hair less than the radius, then rounded towards
  zero. Conversion, norm, quotient and product are each off by few units of 2^-53 of themselves, a
  sum of k numbers by k of them: together less than the (2k + 32) 2^-53 that the hair takes away.

  Args:
    coordinates: int64 [n, k].
    radius: R in grid steps, a whole number.
    norm: "l1" or "l2".

  Returns:
    int64 [n, k]; rows inside the ball are unchanged.
  """
  if coordinates.shape[-1] == 1:
    return np.clip(coordinates, -radius, radius)
  rows = coordinates.astype(np.float64)
  hair = (2 * coordinates.shape[-1] + 32) * 2.0**-53
  # Rows inside may be zero, and are not scaled in the end.
  scale = radius * (1 - hair) / np.maximum(_float_norm(rows, norm), 1.0)
  scaled = np.trunc(rows * np.minimum(scale, 1.0)).astype(np.int64)
  return np.where(within(coordinates, radius, norm)[:, np.newaxis], coordinates, scaled)


def within(coordinates: np.ndarray, radius: int, norm: str) -> np.ndarray:
  """Which rows of integers lie in the ball, by integer arithmetic; bool [n].

  Args:
    coordinates: int64 [n, k], k at most 2^20.
    radius: at most 2^36.
    norm: "l1" or "l2".
  """
  # Comparing both signs: the absolute value of the least int64 is itself.
  box = ((coordinates <= radius) & (coordinates >= -radius)).all(axis=-1)
  rows = np.abs(np.where(box[:, np.newaxis], coordinates, 0))
  if norm == "l1":
    return box & (rows.sum(axis=-1) <= radius)
  # Squares in digits of base 2^18, which fit int64 for sums of a million: the same work for all.
  high, low = rows >> _DIGIT, rows & _MASK
  parts = (low * low).sum(axis=-1), (2 * high * low).sum(axis=-1), (high * high).sum(axis=-1)
  middle = parts[1] + (parts[0] >> _DIGIT)
  top = parts[2] + (middle >> _DIGIT)
  bottom = ((middle & _MASK) << _DIGIT) + (parts[0] & _MASK)
  most_top, most_bottom = divmod(radius * radius, 1 << 2 * _DIGIT)
  return box & ((top < most_top) | ((top == most_top) & (bottom <= most_bottom)))


def _float_norm(rows: np.ndarray, norm: str) -> np.ndarray:
  """float64 [n, 1]."""
  if norm == "l1":
    return np.abs(rows).sum(axis=-1, keepdims=True)
  # Scaled first, so that squares neither overflow nor vanish.
  largest = np.maximum(np.abs(rows).max(axis=-1, keepdims=True), np.finfo(float).tiny)
  return largest * np.sqrt(((rows / largest) ** 2).sum(axis=-1, keepdims=True))
