"""Geometric numbers, P(g) proportional to exp(-g / scale) on 0, 1, 2, ..., digit by digit.

`exp(-g / t)` is the product of `exp(-2^i / t)` over the binary digits of g that are set, so the digits
are independent coins of probability `1 / (1 + exp(2^i / t))`. There is nothing to reject, and the
work is the same for every number that comes out.
"""

import functools
from fractions import Fraction

import numpy as np

from privai_tf.privacy.sampling.coins import Coins, as_integers, toss
from privai_tf.privacy.sampling.digits import exp_digits, logistic_digits
from privai_tf.privacy.sampling.source import SystemSource

# Up to here numbers and their sums fit int64; beyond, arrays hold Python integers.
_MOST_PLACES = 61
_LARGEST = (1 << 62) - 1
_FAR = 64
_BLOCK = 1 << 12  # Numbers at a time: what is drawn for them fits a processor's cache.


def geometric(scale: Fraction, count: int, source: SystemSource) -> np.ndarray:
  """Independent draws.

  Args:
    scale: t > 0, exact.
    count: how many.
    source: the random words.

  Returns:
    int64 [count]; an object array of Python integers for scales beyond 2^55.
  """
  # The least m with 2^m / t >= 64.
  places = (-(-_FAR * scale.numerator // scale.denominator) - 1).bit_length()
  coins = _coins(scale, places)
  result = np.zeros(count, np.int64 if places <= _MOST_PLACES else object)
  for start in range(0, count, _BLOCK):
    heads = toss(coins, min(_BLOCK, count - start), source)
    result[start : start + _BLOCK] = as_integers(heads[:, :places])
    # Digits beyond the places: g >= 2^places has probability exp(-2^places / t) <= exp(-64).
    for row in np.flatnonzero(heads[:, places]).tolist():
      # Given g >= 2^m, g - 2^m has the law of g: so again (docs/proofs.md, section 4, step 2).
      further = 1
      while toss(coins, 1, source)[0, places]:
        further += 1
      value = int(result[start + row]) + (further << places)
      result[start + row] = value if result.dtype == object else min(value, _LARGEST)
  return result


@functools.lru_cache(maxsize=64)
def _coins(scale: Fraction, places: int) -> Coins:
  """The digits' coins, and last the one that says whether there are more digits than these."""

  def digits(place: int, bits: int) -> int:
    exponent = Fraction(1 << place) / scale
    return exp_digits(exponent, bits) if place == places else logistic_digits(exponent, bits)

  return Coins.make(digits, places + 1)
