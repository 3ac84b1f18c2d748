"""The trade-off curve of the L2 mechanism, whose noise has a uniform direction, by one integral."""

import functools
import itertools
import math
from collections.abc import Callable
from typing import Any

from privai_tf.privacy.accounting.checks import (
  check_delta,
  check_epsilon,
  check_positive,
  check_releases,
)
from privai_tf.privacy.accounting.curves import laplace_delta


def l2_laplace_delta(epsilon: float, pure: float, dimensions: int) -> float:
  """Mechanism with density `∝ exp(-pure * |n|_2)` in `dimensions` axes, inputs at distance 1.

  With privacy loss `L = pure (|n - u| - |n|)`: `delta = P(L > epsilon) - e^epsilon P(L < -epsilon)`.
  Given the radius, the cosine to `u` has a symmetric beta distribution; the radius is integrated.

  Args:
    epsilon: where to evaluate, >= 0.
    pure: pure epsilon (1 / scale).
    dimensions: number of axes k.

  Raises:
    ConfigurationError: for an argument out of its range.
  """
  epsilon = check_epsilon(epsilon, allow_zero=True)
  pure, dimensions = check_positive("pure", pure), check_releases(dimensions)
  if dimensions == 1:
    return laplace_delta(epsilon, pure)
  if epsilon >= pure:
    return 0.0
  import numpy as np
  from scipy import special

  shape = (dimensions - 1) / 2
  log_normalizer = math.lgamma(dimensions) - dimensions * math.log(pure)

  def exceeds(level: float, lengths: np.ndarray) -> np.ndarray:
    """P(|n - u| - |n| > level | |n| = length)."""
    # |n - u|^2 = |n|^2 - 2 |n| c + 1 solved for the cosine c; (c + 1) / 2 has a beta distribution.
    cosines = (1 - 2 * lengths * level - level * level) / (2 * lengths)
    return special.betainc(shape, shape, np.clip((cosines + 1) / 2, 0.0, 1.0))

  def density(lengths: np.ndarray) -> np.ndarray:
    gain = exceeds(epsilon / pure, lengths)
    loss = 1 - exceeds(-epsilon / pure, lengths)
    log_radius = (dimensions - 1) * np.log(lengths) - pure * lengths - log_normalizer
    return np.exp(log_radius) * (gain - math.exp(epsilon) * loss)

  # Kinks where a cosine reaches an end of [-1, 1].
  kinks = (1 - epsilon / pure) / 2, (1 + epsilon / pure) / 2
  low = float(special.gammaincinv(dimensions, 1e-18)) / pure
  high = float(special.gammainccinv(dimensions, 1e-18)) / pure
  edges = [low, *[kink for kink in kinks if low < kink < high], high]
  total = math.fsum(_integral(density, *edge) for edge in itertools.pairwise(edges))
  return min(1.0, max(0.0, total))


@functools.lru_cache(maxsize=4)
def _legendre(nodes: int) -> tuple[Any, Any]:
  import numpy as np

  return np.polynomial.legendre.leggauss(nodes)


def _integral(function: Callable[[Any], Any], left: float, right: float, nodes: int = 400) -> float:
  """Gauss-Legendre after `x = left + (right - left) sin^2(pi t / 2)`, which tames roots at the ends."""
  import numpy as np

  points, weights = _legendre(nodes)
  angles = math.pi * (points + 1) / 4
  values = function(left + (right - left) * np.sin(angles) ** 2)
  return float(np.sum(weights * values * np.sin(2 * angles)) * (right - left) * math.pi / 4)


def l2_laplace_epsilon(delta: float, pure: float, dimensions: int) -> float:
  """Inverse of `l2_laplace_delta`: least epsilon whose delta is at most `delta`, to within 2e-10.

  Args:
    delta: in [0, 1).
    pure: pure epsilon (1 / scale).
    dimensions: number of axes k.

  Raises:
    ConfigurationError: for an argument out of its range.
  """
  from scipy import optimize

  delta, pure = check_delta(delta), check_positive("pure", pure)
  if delta == 0:
    return pure
  if l2_laplace_delta(0.0, pure, dimensions) <= delta:
    return 0.0

  def gap(epsilon: float) -> float:
    return l2_laplace_delta(epsilon, pure, dimensions) - delta

  return min(pure, float(optimize.brentq(gap, 0.0, pure, xtol=1e-10)) + 1e-10)
