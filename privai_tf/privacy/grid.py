"""The public grid that releases live on: multiples of 2^-16 latent units, counted as integers.

A noisy float betrays what it was added to by its low bits (Mironov 2012). So coordinates become
integers before any noise, and stay integers until nothing private is left in them.

#### References
Mironov, "On significance of the least significant bits for differential privacy", CCS 2012.
"""

import math

import numpy as np

GRID_BITS = 16
CELLS = 1 << GRID_BITS  # grid cells in one latent unit
STEP = 1.0 / CELLS
# Beyond this many latent units no code of any network lies; keeps all sums below within int64.
_LARGEST = float(1 << 24)
_RADIUS_BITS = 8
_LEAST_RADIUS = 2.0**-8


def to_grid(values: np.ndarray) -> np.ndarray:
  """Nearest grid integers (halves to even); saturates at 2^24 units.

  Args:
    values: latent units, any shape, no NaN.

  Returns:
    int64, the same shape.
  """
  values = np.clip(np.asarray(values, np.float64), -_LARGEST, _LARGEST)
  return np.rint(values * CELLS).astype(np.int64)


def from_grid(integers: np.ndarray) -> np.ndarray:
  """The inverse of `to_grid`; exact below 2^53.

  Args:
    integers: on the grid, any shape.

  Returns:
    float64 in latent units, the same shape.
  """
  return np.asarray(integers).astype(np.float64) * STEP


def dyadic_radius(radius: float) -> float:
  """Rounds a clip radius up to a dyadic number of 8 significant bits, on the grid.

  Args:
    radius: in latent units, positive and finite.

  Returns:
    `m * 2^-e >= radius`, at least 2^-8, at most 2^20.

  Raises:
    ValueError: above 2^20, or for NaN.
  """
  radius = max(float(radius), _LEAST_RADIUS)
  if not radius <= 2.0**20:
    raise ValueError(f"a clip radius of {radius} latent units is out of range")
  # radius = f 2^e with f in [1/2, 1): eight bits of f are kept.
  unit = 2.0 ** (math.frexp(radius)[1] - _RADIUS_BITS)
  return math.ceil(radius / unit) * unit
