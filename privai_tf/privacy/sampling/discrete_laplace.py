"""Discrete Laplace noise: P(n) proportional to exp(-|n| / scale) on the integers.

#### References
Canonne, Kamath and Steinke (2020), algorithm 2.
"""

from fractions import Fraction

import numpy as np

from privai_tf.privacy.sampling.bernoulli import bernoulli_exp, successes_exp1
from privai_tf.privacy.sampling.source import SystemSource
from privai_tf.privacy.sampling.uniform import LARGEST_FAST, fair_bits, uniform_below

# Draws are cut off here. The caller clamps far below, so the cut changes nothing it can see.
LARGEST_DRAW = 1 << 61


def discrete_laplace(scale: Fraction, count: int, source: SystemSource) -> np.ndarray:
  """Independent draws.

  Args:
    scale: > 0, exact.
    count: how many.
    source: the random words.

  Returns:
    int64 [count], beyond +-2^61 cut off.
  """
  result = np.zeros(count, np.int64)
  missing = np.arange(count)
  while missing.size:
    values, accepted = _attempt(scale, missing.size, source)
    result[missing[accepted]] = values[accepted]
    missing = missing[~accepted]
  return result


def _attempt(scale: Fraction, count: int, source: SystemSource) -> tuple[np.ndarray, np.ndarray]:
  """One round of rejection: candidate values int64 [count], and which of them stand."""
  top, bottom = scale.numerator, scale.denominator
  # Geometric with ratio exp(-1 / top), as top * v + u with P(u) ∝ exp(-u / top), P(v) ∝ exp(-v).
  low = uniform_below(top, count, source)
  accepted = bernoulli_exp(low, top, source)
  high = successes_exp1(count, source)
  if top * (int(high.max(initial=0)) + 1) > LARGEST_FAST:
    high = high.astype(object)
  size = np.minimum((low + top * high) // bottom, LARGEST_DRAW).astype(np.int64)
  negative = fair_bits(count, source)
  # Zero has two signs; one of them is turned away.
  accepted &= ~(negative & (size == 0))
  return np.where(negative, -size, size), accepted
