"""Exact coins: Bernoulli(exp(-x)) for rational x, and the coin of randomized response.

#### References
Canonne, Kamath and Steinke (2020), algorithm 1; Forsythe's (1972) method behind it.
"""

from fractions import Fraction

import numpy as np

from privai_tf.privacy.sampling.source import SystemSource
from privai_tf.privacy.sampling.uniform import LARGEST_FAST, fair_bits, uniform_below


def bernoulli_exp(numerators: np.ndarray, denominator: int, source: SystemSource) -> np.ndarray:
  """Coins that are true with probability `exp(-numerators / denominator)`.

  Args:
    numerators: int64 or object [n], >= 0.
    denominator: > 0, one for all.
    source: the random words.

  Returns:
    bool [n].
  """
  if denominator > LARGEST_FAST and numerators.dtype != object:
    numerators = numerators.astype(object)
  whole = numerators // denominator
  result = np.ones(len(numerators), bool)
  above = np.flatnonzero(whole > 0)
  if above.size:
    # exp(-whole) is the chance of so many successes of Bernoulli(exp(-1)) in a row.
    result[above] = successes_exp1(above.size, source) >= whole[above]
  left = np.flatnonzero(result)
  result[left] = _bernoulli_exp_fraction((numerators % denominator)[left], denominator, source)
  return result


def _bernoulli_exp_fraction(
  numerators: np.ndarray, denominator: int, source: SystemSource
) -> np.ndarray:
  """As `bernoulli_exp`, for numerators of at most the denominator.

  With x = numerator / denominator, runs of coins of probability x/1, x/2, x/3, ... until the first
  that fails, the K-th: P(K > k) = x^k / k!, so P(K odd) = exp(-x).
  """
  result = np.zeros(len(numerators), bool)
  active = np.arange(len(numerators))
  step = 1
  while active.size:
    hit = (uniform_below(denominator, active.size, source) < numerators[active]).astype(bool)
    if step > 1:
      # x / step as the product of two coins: no number larger than the denominator arises.
      hit &= uniform_below(step, active.size, source) == 0
    result[active[~hit]] = step % 2 == 1
    active = active[hit]
    step += 1
  return result


def successes_exp1(count: int, source: SystemSource) -> np.ndarray:
  """Successes of Bernoulli(exp(-1)) before the first failure: P(v) = (1 - 1/e) exp(-v).

  Returns:
    int64 [count].
  """
  result = np.zeros(count, np.int64)
  active = np.arange(count)
  while active.size:
    hit = _bernoulli_exp_fraction(np.ones(active.size, np.int64), 1, source)
    active = active[hit]
    result[active] += 1
  return result


def keep_side(epsilon: Fraction, count: int, source: SystemSource) -> np.ndarray:
  """Coins that are true with probability `e^epsilon / (1 + e^epsilon)`.

  A race: heads of a fair coin ends it as true; tails ends it as false with probability
  `exp(-epsilon)`, else it runs again. So true to false is 1 to `exp(-epsilon)`.

  Args:
    epsilon: > 0, exact.
    count: how many.
    source: the random words.

  Returns:
    bool [count].
  """
  result = np.zeros(count, bool)
  active = np.arange(count)
  while active.size:
    heads = fair_bits(active.size, source)
    result[active[heads]] = True
    active = active[~heads]
    numerators = np.full(active.size, epsilon.numerator, _integer_type(epsilon))
    ended = bernoulli_exp(numerators, epsilon.denominator, source)
    active = active[~ended]
  return result


def _integer_type(value: Fraction) -> type:
  fast = value.numerator <= LARGEST_FAST and value.denominator <= LARGEST_FAST
  return np.int64 if fast else object
