"""Exact trade-off curves delta(epsilon) of single mechanisms, in units of the sensitivity.

`delta(epsilon)` is the hockey-stick divergence `sup_S P(S) - e^epsilon Q(S)` of the outputs on the
two worst neighbours; a mechanism is (epsilon, delta)-DP exactly when its curve is at most delta.
"""

import math

from privai_tf.privacy.accounting.checks import check_delta, check_epsilon, check_positive

_ROUNDING = 1e-15


def laplace_delta(epsilon: float, pure: float) -> float:
  """Laplace: `max(0, 1 - exp((epsilon - pure) / 2))`.

  Args:
    epsilon: where to evaluate, >= 0.
    pure: sensitivity / scale, the mechanism's pure epsilon.

  Raises:
    ConfigurationError: for an argument out of its range.
  """
  epsilon = check_epsilon(epsilon, allow_zero=True)
  # Balle, Barthe and Gaboardi, "Privacy Amplification by Subsampling", NeurIPS 2018.
  return max(0.0, -math.expm1((epsilon - check_positive("pure", pure)) / 2))


def laplace_epsilon(delta: float, pure: float) -> float:
  """Laplace, inverse: `max(0, pure + 2 ln(1 - delta))`.

  Args:
    delta: in [0, 1).
    pure: sensitivity / scale, the mechanism's pure epsilon.

  Raises:
    ConfigurationError: for an argument out of its range.
  """
  return max(0.0, check_positive("pure", pure) + 2 * math.log1p(-check_delta(delta)))


def gaussian_delta(epsilon: float, multiplier: float) -> float:
  """Gaussian (Balle and Wang 2018, eq. 6): `Phi(1/2s - es) - e^e Phi(-1/2s - es)`.

  Args:
    epsilon: where to evaluate, >= 0.
    multiplier: `s`, standard deviation / sensitivity.

  Returns:
    In [0, 1], rounded up.

  Raises:
    ConfigurationError: for an argument out of its range.
  """
  from scipy import special

  epsilon = check_epsilon(epsilon, allow_zero=True)
  multiplier = check_positive("multiplier", multiplier)
  half, slope = 0.5 / multiplier, epsilon * multiplier
  # Both terms share the factor exp(-(slope - half)^2 / 2), because 2 half slope = epsilon.
  near, far = (slope - half) / math.sqrt(2), (slope + half) / math.sqrt(2)
  if near > -20:
    log_factor = -near * near - math.log(2)
    terms = special.erfcx(near), special.erfcx(far)
    difference = float(terms[0] - terms[1])
    # The subtraction magnifies the terms' rounding: round up, so that a calibration that asks for
    # delta never gets more.
    rounding = _ROUNDING * (float(terms[0]) + abs(log_factor) * difference)
    return min(1.0, math.exp(log_factor) * (difference + rounding))
  log_far = epsilon + float(special.log_ndtr(-half - slope))
  return min(1.0, float(special.ndtr(half - slope)) - math.exp(log_far) + _ROUNDING)


def gaussian_epsilon(delta: float, multiplier: float) -> float:
  """Gaussian, inverse, by `dp_accounting.get_epsilon_gaussian` and nudged to the safe side.

  Args:
    delta: in (0, 1).
    multiplier: standard deviation / sensitivity.

  Returns:
    The least epsilon >= 0 whose delta is at most `delta`, but for rounding to the safe side.

  Raises:
    ConfigurationError: for an argument out of its range.
  """
  from dp_accounting import gaussian_mechanism

  delta = check_delta(delta, allow_zero=False)
  multiplier = check_positive("multiplier", multiplier)
  epsilon = float(gaussian_mechanism.get_epsilon_gaussian(multiplier, delta))
  # The solver stops within 1e-12 on either side of the root: step up until the curve is below delta.
  step = 2e-16 * max(1.0, epsilon)
  while gaussian_delta(epsilon, multiplier) > delta:
    epsilon += step
    step *= 2
  # Noise that was calibrated for epsilon = 1 should cost 1, not 1 and a rounding error.
  tidy = round(epsilon, 10)
  return tidy if tidy < epsilon and gaussian_delta(tidy, multiplier) <= delta else epsilon
