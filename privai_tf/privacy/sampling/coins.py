"""Exact coins in fixed work: random bits against the binary digits of a public probability.

A coin of probability p shows heads if a uniform number U lies below p. The first 16 digits of U and
p decide, unless they are equal (probability 2^-16); then further digits of both are compared until
they differ. No number is ever rounded, and what a coin costs depends neither on p nor on how it falls.
"""

import dataclasses
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache

import numpy as np

from privai_tf.privacy.sampling.digits import exp_digits, logistic_digits
from privai_tf.privacy.sampling.source import SystemSource

_FIRST = 16
_WORD = 64
# exp(-64) < 2^-92: beyond this exponent a coin's first digits are zeros.
_FAR = 64
# Tosses at a time: what is drawn for them fits a processor's cache.
_BLOCK = 1 << 12


@dataclasses.dataclass(frozen=True, eq=False)
class Coins:
  """Coins of public probabilities below 1.

  Attributes:
    digits: (index, bits) -> floor(2^bits p) of one coin.
    first: uint16 [m], the first 16 digits of each.
  """

  digits: Callable[[int, int], int]
  first: np.ndarray

  @classmethod
  def make(cls, digits: Callable[[int, int], int], count: int) -> "Coins":
    """The coins 0 to count - 1 of a rule."""
    return cls(digits, np.array([digits(index, _FIRST) for index in range(count)], np.uint16))


def toss(coins: Coins, count: int, source: SystemSource) -> np.ndarray:
  """Tosses each coin `count` times, independently.

  Args:
    coins: m of them.
    count: how often each.
    source: the random words.

  Returns:
    bool [count, m].
  """
  kinds = len(coins.first)
  # Heads if U < p; where 16 digits do not tell, more do (docs/proofs.md, section 4, step 1).
  words = short_words(count * kinds, source).reshape(count, kinds)
  heads = words < coins.first
  for place in np.flatnonzero(words == coins.first).tolist():
    row, kind = divmod(place, kinds)
    heads[row, kind] = _decide(lambda bits, kind=kind: coins.digits(kind, bits), source)
  return heads


def as_integers(digits: np.ndarray) -> np.ndarray:
  """Rows of binary digits, the least first, as numbers.

  Args:
    digits: bool [n, places].

  Returns:
    int64 [n]; for more than 62 places an object array of Python integers.
  """
  count, places = digits.shape
  packed = np.packbits(digits, axis=1, bitorder="little")
  if places > 62:
    return np.array([int.from_bytes(row.tobytes(), "little") for row in packed], object)
  whole = np.zeros((count, 8), np.uint8)
  whole[:, : packed.shape[1]] = packed
  return whole.view("<i8")[:, 0].astype(np.int64)


def short_words(count: int, source: SystemSource) -> np.ndarray:
  """Independent uniform 16-bit numbers.

  Args:
    count: how many, >= 0.
    source: the random words.

  Returns:
    uint16 [count].
  """
  return source.words(-(-count // 4)).view(np.uint16)[:count]


def _decide(digits: Callable[[int], int], source: SystemSource) -> bool:
  """U < p, where the first 16 digits of the two are the same."""
  bits, uniform = _FIRST, digits(_FIRST)
  while True:
    bits += _WORD
    uniform = (uniform << _WORD) | int(source.words(1)[0])
    probability = digits(bits)
    if uniform != probability:
      return uniform < probability


def bernoulli_exp(numerators: np.ndarray, denominator: int, source: SystemSource) -> np.ndarray:
  """Coins that are true with probability `exp(-numerators / denominator)`.

  With the binary digits n_i of a numerator, it is the chance that all coins of probabilities
  `exp(-2^i / denominator)` with n_i = 1 show heads. All of them are tossed, whatever the digits.

  Args:
    numerators: int64 or object [n], >= 0.
    denominator: > 0, one for all.
    source: the random words.

  Returns:
    bool [n].
  """
  places = (_FAR * denominator - 1).bit_length()  # 2^places / denominator >= 64
  if places > 62:
    numerators = numerators.astype(object)
  coins, result = _exp_coins(denominator, places), np.ones(len(numerators), bool)
  for start in range(0, len(numerators), _BLOCK):
    block = slice(start, start + _BLOCK)
    low = numerators[block] & ((1 << places) - 1)
    heads = as_integers(toss(coins, len(low), source))
    # exp(-n / d) is a product over n's set digits (docs/proofs.md, section 4): all must show heads.
    result[block] = (low & ~heads) == 0
  # What lies above has a coin whose first digits are zeros.
  high, words = numerators >> places, short_words(len(numerators), source)
  near = (high == 0).astype(bool)
  for row in np.flatnonzero(~near & (words == 0)).tolist():
    exponent = Fraction(int(high[row]) << places, denominator)
    near[row] = _decide(lambda bits, x=exponent: exp_digits(x, bits), source)
  return result & near


@lru_cache(maxsize=64)
def _exp_coins(denominator: int, places: int) -> Coins:
  return Coins.make(lambda i, bits: exp_digits(Fraction(1 << i, denominator), bits), places)


def keep_side(epsilon: Fraction, count: int, source: SystemSource) -> np.ndarray:
  """Coins that are true with probability `e^epsilon / (1 + e^epsilon)`.

  Args:
    epsilon: > 0, exact.
    count: how many.
    source: the random words.

  Returns:
    bool [count].
  """
  return ~toss(_flip_coin(epsilon), count, source)[:, 0]


@lru_cache(maxsize=64)
def _flip_coin(epsilon: Fraction) -> Coins:
  return Coins.make(lambda _, bits: logistic_digits(epsilon, bits), 1)
