"""Exact continuous draws, as numbers whose binary digits are drawn only when somebody asks.

A real is a whole part and 64 digits of its fraction; the digits after these are still uniform, as
long as nothing was decided by them. Decisions are made in double precision where it can tell, with
a margin far above its errors, and in decimal arithmetic with more digits where it cannot.

#### References
Karney, "Sampling exactly from the normal distribution", ACM TOMS 2016.
"""

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from privai_tf.privacy.sampling.digits import exp_bounds
from privai_tf.privacy.sampling.geometric import geometric
from privai_tf.privacy.sampling.source import SystemSource
from privai_tf.privacy.sampling.surplus import surplus

_WORD = 64
# Errors of the double-precision probabilities below are under 1e-14.
_MARGIN = 1e-9
_DIGITS = 60

Bounds = Callable[[Fraction, Fraction], tuple[Fraction, Fraction]]


class Reals:
  """Non-negative reals with lazily drawn digits."""

  def __init__(self, whole: np.ndarray, first: np.ndarray, digits: dict[int, tuple[int, int]]):
    """Wraps draws.

    Args:
      whole: int64 [n], whole parts.
      first: uint64 [n], the first 64 digits of the fractions.
      digits: for numbers of which more is known: index -> (digits known, all of it as an integer).
    """
    self.whole = whole
    self.first = first
    self._digits = digits

  def floats(self) -> np.ndarray:
    """float64 [n], to within 2^-53 of their size plus 2^-64."""
    return self.whole + self.first.astype(np.float64) * 2.0**-_WORD

  def fixed(self, index: int, bits: int, source: SystemSource) -> int:
    """floor(x * 2^bits) of one number, drawing the digits that are missing.

    Args:
      index: which number.
      bits: a multiple of 64.
      source: of the digits.
    """
    known, value = self._digits.get(
      index, (_WORD, (int(self.whole[index]) << _WORD) | int(self.first[index]))
    )
    while known < bits:
      value = (value << _WORD) | int(source.words(1)[0])
      known += _WORD
    self._digits[index] = known, value
    return value >> (known - bits)

  def put(self, places: np.ndarray, others: "Reals", chosen: np.ndarray) -> None:
    """Copies numbers of another set, with all their known digits.

    Args:
      places: int [m], where to.
      others: where from.
      chosen: int [m], which.
    """
    self.whole[places] = others.whole[chosen]
    self.first[places] = others.first[chosen]
    if others._digits:
      for place, index in zip(places.tolist(), chosen.tolist(), strict=True):
        if index in others._digits:
          self._digits[place] = others._digits[index]


def exponential_reals(count: int, source: SystemSource) -> Reals:
  """Independent standard exponential numbers.

  The whole part is geometric; the fraction, independent of it, has density `∝ exp(-x)` on [0, 1).

  Args:
    count: how many.
    source: the random words.

  Returns:
    `count` numbers of density `exp(-x)` on [0, infinity).
  """

  def propose(size: int) -> Reals:
    return Reals(np.zeros(size, np.int64), source.words(size), {})

  def bounds(low: Fraction, high: Fraction) -> tuple[Fraction, Fraction]:
    return exp_bounds(-high, _DIGITS)[0], exp_bounds(-low, _DIGITS)[1]

  # exp(-(n + x)) = exp(-n) exp(-x): whole part and fraction are drawn apart (Karney 2016).
  # 1 - 1/e of them stand.
  result = _rejection(count, propose, lambda x: np.exp(-x), bounds, 0.63, source)
  whole = geometric(Fraction(1), count, source)
  for index, (known, value) in result._digits.items():
    result._digits[index] = known, value + (int(whole[index]) << known)
  result.whole = whole
  return result


def half_normal_reals(count: int, source: SystemSource) -> Reals:
  """Independent absolute values of standard normal numbers.

  By rejection from the exponential: `exp(-x^2 / 2) / exp(-x) ∝ exp(-(x - 1)^2 / 2)`.

  Args:
    count: how many.
    source: the random words.

  Returns:
    `count` numbers of density `∝ exp(-x^2 / 2)` on [0, infinity).
  """

  def bounds(low: Fraction, high: Fraction) -> tuple[Fraction, Fraction]:
    ends = [exp_bounds(-((x - 1) ** 2) / 2, _DIGITS) for x in (low, high)]
    top = Fraction(1) if low <= 1 <= high else max(end[1] for end in ends)
    return min(end[0] for end in ends), top

  return _rejection(
    count,
    lambda size: exponential_reals(size, source),
    lambda x: np.exp(-((x - 1) ** 2) / 2),
    bounds,
    0.76,  # exp(-1/2) sqrt(pi / 2)
    source,
  )


def _rejection(
  count: int,
  propose: Callable[[int], Reals],
  probability: Callable[[np.ndarray], np.ndarray],
  bounds: Bounds,
  share: float,
  source: SystemSource,
) -> Reals:
  """Proposals x, each kept with probability `probability(x)` exactly.

  Args:
    count: how many to keep.
    propose: makes so many.
    probability: in double precision.
    bounds: of the probability between two rationals.
    share: of the proposals that are kept, or less; see `surplus`.
    source: the random words.
  """
  result = Reals(np.zeros(count, np.int64), np.zeros(count, np.uint64), {})
  missing = np.arange(count)
  while missing.size:
    size = surplus(missing.size, share)
    proposals, words = propose(size), source.words(size)
    difference = probability(proposals.floats()) - words.astype(np.float64) * 2.0**-_WORD
    # U < p(x), both to 64 digits; nearer than the margin exact arithmetic says.
    kept = difference > 0
    for index in np.flatnonzero(np.abs(difference) < _MARGIN).tolist():
      kept[index] = _decide(proposals, index, int(words[index]), bounds, source)
    chosen = np.flatnonzero(kept)[: missing.size]
    result.put(missing[: chosen.size], proposals, chosen)
    missing = missing[chosen.size :]
  return result


def _decide(
  proposals: Reals, index: int, uniform: int, bounds: Bounds, source: SystemSource
) -> bool:
  """Whether a uniform number, of which 64 digits are known, is below a proposal's probability."""
  bits = _WORD
  while True:
    unit = Fraction(1, 1 << bits)
    x = proposals.fixed(index, bits, source)
    low, high = bounds(x * unit, (x + 1) * unit)
    if (uniform + 1) * unit <= low:
      return True
    if uniform * unit >= high:
      return False
    uniform = (uniform << _WORD) | int(source.words(1)[0])
    bits += _WORD
