"""Discrete Gaussian noise: P(n) proportional to exp(-n^2 / (2 sigma^2)) on the integers.

#### References
Canonne, Kamath and Steinke (2020), algorithm 3.
"""

from fractions import Fraction

import numpy as np

from privai_tf.privacy.sampling.bernoulli import bernoulli_exp
from privai_tf.privacy.sampling.discrete_laplace import discrete_laplace
from privai_tf.privacy.sampling.source import SystemSource

# (|n| - sigma)^2 must fit int64 for every draw that can be accepted at all.
_LARGEST_FAST_SIGMA = 1 << 24


def discrete_gaussian(sigma: int, count: int, source: SystemSource) -> np.ndarray:
  """Independent draws.

  Args:
    sigma: >= 1, in integer steps.
    count: how many.
    source: the random words.

  Returns:
    int64 [count].
  """
  result = np.zeros(count, np.int64)
  missing = np.arange(count)
  while missing.size:
    values = discrete_laplace(Fraction(sigma), missing.size, source)
    # exp(-n^2 / 2s^2) / exp(-|n| / s) = exp(1/2) * exp(-(|n| - s)^2 / 2s^2).
    distance = np.abs(values) - sigma
    if sigma > _LARGEST_FAST_SIGMA or int(distance.max(initial=0)) > 1 << 30:
      distance = distance.astype(object)
    accepted = bernoulli_exp(distance * distance, 2 * sigma * sigma, source)
    result[missing[accepted]] = values[accepted]
    missing = missing[~accepted]
  return result
