"""The inverse of accounting: how much noise a target needs. Never gives less privacy than asked."""

import math
from collections.abc import Callable

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.accounting.checks import (
  check_delta,
  check_epsilon,
  check_positive,
  check_releases,
)
from privai_tf.privacy.accounting.curves import gaussian_delta

_RELATIVE_TOLERANCE = 1e-9


def gaussian_multiplier(epsilon: float, delta: float, releases: int = 1) -> float:
  """Noise multiplier of the analytic Gaussian mechanism so that `releases` cost (epsilon, delta).

  `n` Gaussian releases at multiplier `s` are exactly one at `s / sqrt(n)`.

  Args:
    epsilon: > 0, any size.
    delta: in (0, 1).
    releases: how many releases together meet the target.

  Returns:
    sigma / sensitivity, rounded so that the curve at `epsilon` is at most `delta`.

  Raises:
    ConfigurationError: for an argument out of its range.

  #### References
  Balle and Wang, "Improving the Gaussian Mechanism for Differential Privacy", ICML 2018.
  """
  from dp_accounting import gaussian_mechanism

  epsilon, delta = check_epsilon(epsilon), check_delta(delta, allow_zero=False)
  releases = check_releases(releases)
  multiplier = float(gaussian_mechanism.get_sigma_gaussian(epsilon, delta))
  # The solver stops within 1e-12 on either side of the root: step up until the curve is below delta.
  step = 1e-15 * max(1.0, multiplier)
  while gaussian_delta(epsilon, multiplier) > delta:
    multiplier += step
    step *= 2
  if releases == 1:
    return multiplier
  # The last digits cover the rounding of whoever adds up n such releases.
  return multiplier * math.sqrt(releases) * (1 + 1e-13)


def gaussian_sigma(epsilon: float, delta: float, sensitivity: float = 1.0) -> float:
  """Standard deviation of the analytic Gaussian mechanism for one release.

  Args:
    epsilon: > 0, any size.
    delta: in (0, 1).
    sensitivity: L2 distance of the two furthest inputs (2R after clipping to R).

  Returns:
    sigma, in the units of `sensitivity`.

  Raises:
    ConfigurationError: for an argument out of its range.
  """
  sensitivity = check_positive("sensitivity", sensitivity)
  multiplier = gaussian_multiplier(epsilon, delta)
  return multiplier if sensitivity == 1 else math.nextafter(multiplier * sensitivity, math.inf)


def classic_multiplier(epsilon: float, delta: float) -> float:
  """The textbook `sqrt(2 ln(1.25 / delta)) / epsilon`; a guarantee for epsilon <= 1 only.

  Args:
    epsilon: in (0, 1].
    delta: in (0, 1).

  Returns:
    sigma / sensitivity.

  Raises:
    ConfigurationError: for an argument out of its range.

  #### References
  Dwork and Roth, "The Algorithmic Foundations of Differential Privacy", 2014, theorem 3.22.
  """
  epsilon, delta = check_epsilon(epsilon), check_delta(delta, allow_zero=False)
  if epsilon > 1:
    raise ConfigurationError(
      f"epsilon is {epsilon}: gaussian_classic is a guarantee up to 1 only; use gaussian"
    )
  return math.sqrt(2 * math.log(1.25 / delta)) / epsilon


def pure_epsilon(epsilon: float, delta: float, releases: int) -> float:
  """Largest pure epsilon of each of `releases` so that together they cost (epsilon, delta).

  Valid for every pure mechanism, whatever its noise (Kairouz, Oh and Viswanath's worst case);
  exact for randomized response.

  Args:
    epsilon: the total, > 0.
    delta: the total, in [0, 1); at 0 the answer is epsilon / releases.
    releases: how many.

  Raises:
    ConfigurationError: for an argument out of its range.
  """
  epsilon, delta = check_epsilon(epsilon), check_delta(delta)
  releases = check_releases(releases)
  if releases == 1 or delta == 0:
    return _share(epsilon, releases)
  from privai_tf.privacy.accounting.pure import pure_delta

  return _largest(lambda each: pure_delta(epsilon, each, releases) <= delta, epsilon, releases)


def laplace_multiplier(epsilon: float, delta: float = 0.0, releases: int = 1) -> float:
  """Least Laplace noise multiplier b / sensitivity so that `releases` cost (epsilon, delta).

  Args:
    epsilon: the total, > 0.
    delta: the total, in [0, 1).
    releases: how many.

  Returns:
    b / sensitivity, rounded up.

  Raises:
    ConfigurationError: for an argument out of its range.
  """
  epsilon, delta = check_epsilon(epsilon), check_delta(delta)
  releases = check_releases(releases)
  if delta == 0:
    return math.nextafter(1 / _share(epsilon, releases), math.inf)
  if releases == 1:
    # `laplace_delta` solved for its pure epsilon.
    return math.nextafter(1 / (epsilon - 2 * math.log1p(-delta)), math.inf)
  import dp_accounting

  from privai_tf.privacy.accounting.composition import compose

  def feasible(each: float) -> bool:
    return compose([dp_accounting.LaplaceDpEvent(1 / each)] * releases, delta) <= epsilon

  return math.nextafter(1 / _largest(feasible, epsilon, releases), math.inf)


def _share(epsilon: float, releases: int) -> float:
  """epsilon / releases, rounded down."""
  return epsilon if releases == 1 else math.nextafter(epsilon / releases, 0)


def _largest(feasible: Callable[[float], bool], epsilon: float, releases: int) -> float:
  """Bisects for the largest feasible epsilon of each release; the answer itself is feasible."""
  low = _share(epsilon, releases)  # basic composition
  high = 2 * low
  while feasible(high):
    low, high = high, 2 * high
  while high - low > _RELATIVE_TOLERANCE * low:
    middle = (low + high) / 2
    low, high = (middle, high) if feasible(middle) else (low, middle)
  return low
