"""Many releases of one pure epsilon: the worst case, which randomized response attains.

The losses of `n` of them are `(n - 2l) epsilon` with `l` binomial (Kairouz, Oh and Viswanath 2015,
Theorem 3.3). Only the likely `l` are computed, some hundred standard deviations of a million at most
ten thousand: from the likeliest one outwards, by the ratios of neighbours, divided by their sum.
"""

import functools
import math

import numpy as np

from privai_tf.privacy.accounting.checks import (
  check_delta,
  check_epsilon,
  check_positive,
  check_releases,
)
from privai_tf.privacy.accounting.losses import Losses

# Beyond so many standard deviations, and so many flips, a binomial is below 1e-300.
_DEVIATIONS = 40
_FLIPS = 400


def pure_delta(epsilon: float, pure: float, releases: int = 1) -> float:
  """Worst case of `releases` mechanisms that are each `pure`-DP, rounded up.

  `sum_l C(n, l) max(0, e^((n-l) pure) - e^(epsilon + l pure)) / (1 + e^pure)^n`

  Args:
    epsilon: where to evaluate, >= 0.
    pure: pure epsilon of each.
    releases: how many.

  Raises:
    ConfigurationError: for an argument out of its range.
  """
  epsilon = check_epsilon(epsilon, allow_zero=True)
  return _losses(check_positive("pure", pure), check_releases(releases)).delta(epsilon)


def pure_composed(delta: float, pure: float, releases: int = 1) -> float:
  """Inverse of `pure_delta`: least epsilon of all releases at `delta`, rounded up.

  Args:
    delta: in [0, 1); at 0 the answer is `releases * pure`.
    pure: pure epsilon of each.
    releases: how many.

  Raises:
    ConfigurationError: for an argument out of its range.
  """
  delta, pure, releases = check_delta(delta), check_positive("pure", pure), check_releases(releases)
  if delta == 0:
    return releases * pure
  return min(releases * pure, _losses(pure, releases).epsilon(delta))


@functools.lru_cache(maxsize=16)
def _losses(pure: float, count: int) -> Losses:
  """The losses' sum, with the least likely ends counted as infinite."""
  # A loss is +pure, or -pure with this probability: l flips of n leave (n - 2l) pure.
  flip = math.exp(-pure) / (1 + math.exp(-pure))
  mode = min(count, int((count + 1) * flip))
  reach = int(_DEVIATIONS * math.sqrt(count * flip * (1 - flip))) + _FLIPS
  low, high = max(0, mode - reach), min(count, mode + reach)
  down, up = np.arange(mode, low, -1.0), np.arange(mode + 1.0, high + 1)
  # Each flip more is (n - l + 1) / (l e^pure) times as likely.
  falling = np.cumprod(down / (count - down + 1) * math.exp(min(pure, 700.0)))
  rising = np.cumprod((count - up + 1) / up * math.exp(-pure))
  weights = np.concatenate([falling[::-1], [1.0], rising])
  total = float(weights.sum())
  # Fewer flips than `low` are less likely by more than the last ratio, time after time.
  rest = float(weights[0]) / total * count if low > 0 else 0.0
  return Losses(
    start=(count - 2 * high) * pure,
    step=2 * pure,
    probabilities=weights[::-1] / total,
    infinity=rest,
    error=1e-15 * (len(weights) + 4),
  )
