"""Discrete Laplace noise: P(n) proportional to exp(-|n| / scale) on the integers.

It is the difference of two geometric numbers of the same scale:
`sum_j e^(-(j + |n|) / t) e^(-j / t)` is proportional to `e^(-|n| / t)`.
"""

from fractions import Fraction

import numpy as np

from privai_tf.privacy.sampling.geometric import geometric
from privai_tf.privacy.sampling.source import SystemSource
from privai_tf.privacy.sampling.uniform import fair_bits

# Draws are cut off here. The caller clamps far below, so the cut changes nothing it can see.
LARGEST_DRAW = 1 << 61


def discrete_laplace(scale: Fraction, count: int, source: SystemSource) -> np.ndarray:
  """Independent draws, in work that does not depend on what is drawn.

  Args:
    scale: > 0, exact.
    count: how many.
    source: the random words.

  Returns:
    int64 [count], beyond +-2^61 cut off.
  """
  # One less the other, see above (docs/proofs.md, section 4, step 3).
  pairs = geometric(scale, 2 * count, source)
  difference = pairs[:count] - pairs[count:]
  return np.clip(difference, -LARGEST_DRAW, LARGEST_DRAW).astype(np.int64)


def laplace_within(
  scale: Fraction, reach: int, count: int, source: SystemSource
) -> tuple[np.ndarray, np.ndarray]:
  """Candidates for discrete Laplace noise cut to [-reach, reach].

  The remainder of a geometric number by `reach + 1` is geometric on 0 to `reach`; a sign makes it
  two-sided. Zero has two signs, and one of them does not stand.

  Args:
    scale: > 0, exact.
    reach: >= 0.
    count: how many.
    source: the random words.

  Returns:
    int64 [count], and which of them stand, bool [count].
  """
  # g = q (reach + 1) + r: exp(-g / t) factors, so r is geometric whatever q is.
  sizes = (geometric(scale, count, source) % (reach + 1)).astype(np.int64)
  negative = fair_bits(count, source)
  return np.where(negative, -sizes, sizes), ~(negative & (sizes == 0))
