"""L2 Laplace noise, rounded to the grid: density ∝ exp(-|x|_2 / scale) in k dimensions, exactly.

`x = scale * (E_1 + ... + E_k) * g / |g|` with exponential E_i and normal g_i has a uniform direction
and a Gamma(k) radius. Its coordinates are rounded to integers, and every rounding is the right one:
where double precision cannot tell, integer arithmetic does, with as many digits of E and g as it
takes. Rounding noise around a grid point is rounding the noisy point: it is post-processing, and the
integers are as private as the real numbers.
"""

import math
from fractions import Fraction

import numpy as np

from privai_tf.privacy.sampling.discrete_laplace import LARGEST_DRAW
from privai_tf.privacy.sampling.reals import Reals, exponential_reals, half_normal_reals
from privai_tf.privacy.sampling.source import SystemSource
from privai_tf.privacy.sampling.uniform import fair_bits

_WORD = 64
_DOUBLE = 2.0**-53
# This near to a tie double precision is not asked.
_MARGIN = 1e-9


def radial_laplace(
  scale: Fraction, dimensions: int, count: int, source: SystemSource
) -> np.ndarray:
  """Independent draws.

  Args:
    scale: > 0, exact.
    dimensions: k.
    count: how many.
    source: the random words.

  Returns:
    int64 [count, k], beyond +-2^61 cut off.
  """
  size = count * dimensions
  exponentials, normals = exponential_reals(size, source), half_normal_reals(size, source)
  lengths = normals.floats().reshape(count, dimensions)
  with np.errstate(divide="ignore", invalid="ignore"):
    # A Gamma(k) radius over the direction's length (docs/proofs.md, section 4, step 5).
    stretch = exponentials.floats().reshape(count, dimensions).sum(axis=1)
    stretch = (float(scale) * stretch / np.linalg.norm(lengths, axis=1))[:, np.newaxis]
    values = stretch * lengths
    # Sums of k numbers, each right to 2^-53 of itself and 2^-64, and a few operations more.
    error = values * ((4 * dimensions + 64) * _DOUBLE) + _MARGIN
    error += (stretch + float(scale)) * ((dimensions + 4) * 2.0**-_WORD)
    clear = np.abs(values - np.floor(values) - 0.5) > error  # False for NaN too.
  rounded = np.where(clear, np.floor(np.where(clear, values, 0.0) + 0.5), 0.0).astype(np.int64)
  for row in np.flatnonzero(~clear.all(axis=1)).tolist():
    numbers = _Row(scale, dimensions, row, exponentials, normals, source)
    for axis in np.flatnonzero(~clear[row]).tolist():
      rounded[row, axis] = numbers.rounded(axis)
  negative = fair_bits(size, source).reshape(count, dimensions)
  return np.where(negative, -rounded, rounded)


class _Row:
  """One draw in integer arithmetic."""

  def __init__(
    self,
    scale: Fraction,
    dimensions: int,
    row: int,
    exponentials: Reals,
    normals: Reals,
    source: SystemSource,
  ):
    self._scale = scale
    self._places = range(row * dimensions, (row + 1) * dimensions)
    self._exponentials = exponentials
    self._normals = normals
    self._source = source
    self._set_bits(_WORD)

  def _set_bits(self, bits: int) -> None:
    """Bounds of the numbers times 2^bits: each lies between what is stored and one more."""
    self._bits = bits
    self._lengths = [self._normals.fixed(i, bits, self._source) for i in self._places]
    self._total = sum(self._exponentials.fixed(i, bits, self._source) for i in self._places)
    self._shortest = math.isqrt(sum(length**2 for length in self._lengths))
    self._longest = math.isqrt(sum((length + 1) ** 2 for length in self._lengths)) + 1

  def rounded(self, axis: int) -> int:
    """One coordinate's size, rounded to the nearest integer."""
    while True:
      top, bottom = self._scale.numerator, self._scale.denominator << self._bits
      length, count = self._lengths[axis], len(self._lengths)
      if self._shortest:
        # Each is known to 2^-bits: either both ends round alike, or more digits are drawn.
        low = _nearest(top * self._total * length, bottom * self._longest)
        high = _nearest(top * (self._total + count) * (length + 1), bottom * self._shortest)
        if low == high or low >= LARGEST_DRAW:
          return min(low, LARGEST_DRAW)
      self._set_bits(self._bits + _WORD)


def _nearest(numerator: int, denominator: int) -> int:
  """The integer next to a fraction; halves upwards (they have probability zero)."""
  return (2 * numerator + denominator) // (2 * denominator)
