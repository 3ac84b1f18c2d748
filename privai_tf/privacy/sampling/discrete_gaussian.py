"""Discrete Gaussian noise: P(n) proportional to exp(-n^2 / (2 sigma^2)) on the integers.

#### References
Canonne, Kamath and Steinke (2020), algorithm 3.
"""

from fractions import Fraction

import numpy as np

from privai_tf.privacy.sampling.coins import bernoulli_exp
from privai_tf.privacy.sampling.discrete_laplace import discrete_laplace
from privai_tf.privacy.sampling.source import SystemSource
from privai_tf.privacy.sampling.surplus import surplus

# (|n| - sigma)^2 must fit int64 for every draw that can be accepted at all.
_LARGEST_FAST_SIGMA = 1 << 24
# e^(-1/2) sum exp(-n^2 / 2s^2) / sum exp(-|n| / s): 0.7026 at s = 1, 0.7602 as s grows.
_SHARE = 0.7
_BLOCK = 1 << 13  # Draws at a time.


def discrete_gaussian(sigma: int, count: int, source: SystemSource) -> np.ndarray:
  """Independent draws, from a public number of candidates that are all worked on.

  A candidate stands by a coin of its own, so neither how many stand nor which says anything about
  the values of those that do.

  Args:
    sigma: >= 1, in integer steps.
    count: how many.
    source: the random words.

  Returns:
    int64 [count].
  """
  result = np.zeros(count, np.int64)
  for start in range(0, count, _BLOCK):
    block = result[start : start + _BLOCK]
    filled = 0
    while filled < len(block):
      values = _standing(sigma, surplus(len(block) - filled, _SHARE), source)
      values = values[: len(block) - filled]
      block[filled : filled + len(values)] = values
      filled += len(values)
  return result


def _standing(sigma: int, candidates: int, source: SystemSource) -> np.ndarray:
  values = discrete_laplace(Fraction(sigma), candidates, source)
  # At the scale s, not floor(s) + 1 as in algorithm 3, exponents are whole numbers over 2s^2:
  # exp(-n^2 / 2s^2) / exp(-|n| / s) = exp(1/2) * exp(-(|n| - s)^2 / 2s^2).
  distance = np.abs(values) - sigma
  if sigma > _LARGEST_FAST_SIGMA or int(distance.max(initial=0)) > 1 << 30:
    distance = distance.astype(object)
  return values[bernoulli_exp(distance * distance, 2 * sigma * sigma, source)]
