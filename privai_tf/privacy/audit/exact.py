"""Exact event probabilities of the mechanisms on one axis, to know what an audit could reach.

Inputs are the two ends of the clip set; outputs are clamped to it. Continuous noise stands for the
grid's, whose step of 2^-16 is far below what an audit can see.
"""

import functools
import math
from collections.abc import Callable

import numpy as np

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.audit.bounds import epsilon_lower_bound
from privai_tf.privacy.audit.neighbours import STAND_INS

_THRESHOLDS = 400
_QUANTILES = 10_000

Survival = Callable[[float, int], float]


def survival(mechanism: str, epsilon: float, delta: float = 0.0) -> Survival:
  """P(output >= t | input is the upper (+1) or lower (-1) end), in units of the clip radius.

  For `extremal` the coordinate is normal and the unit its largest output. For `metric_laplace` the
  inputs are one unit of distance apart, at +-1/2, and nothing is clamped.

  Args:
    mechanism: name.
    epsilon, delta: the claim that calibrates it.

  Returns:
    Function of `t` and the input's sign.

  Raises:
    ConfigurationError: for another mechanism, or a claim that its calibration refuses.
  """
  from privai_tf.privacy.accounting.calibration import classic_multiplier, gaussian_multiplier

  if mechanism in ("laplace", "l2_laplace"):
    return lambda t, side: _laplace_tail((t - side) * epsilon / 2)
  if mechanism == "metric_laplace":
    return lambda t, side: _laplace_tail((t - side / 2) * epsilon)
  if mechanism in ("gaussian", "gaussian_classic"):
    calibrate = gaussian_multiplier if mechanism == "gaussian" else classic_multiplier
    sigma = 2 * calibrate(epsilon, delta)
    return lambda t, side: 0.5 * math.erfc((t - side) / sigma / math.sqrt(2))
  if mechanism == "randomized_response":
    return lambda t, side: 1 / (1 + math.exp(-side * epsilon))
  if mechanism == "extremal":
    return _extremal(epsilon)
  if mechanism == "subset_selection":  # One of the K faces of the upper input, at every threshold.
    size = STAND_INS["subset_size"]
    others = STAND_INS["codebook_size"] - size
    return lambda t, side: (
      size * (1.0 if side > 0 else math.exp(-epsilon)) / (size + others * math.exp(-epsilon))
    )
  if mechanism == "exponential":
    whole = -math.expm1(-epsilon)

    def exponential(t: float, side: int) -> float:
      if side > 0:
        return -math.expm1(-epsilon * (1 - t) / 2) / whole
      return math.exp(-epsilon * (1 + t) / 2) * -math.expm1(-epsilon * (1 - t) / 2) / whole

    return exponential
  raise ConfigurationError(f"mechanism '{mechanism}': its event probabilities are not known")


@functools.cache
def _extremal(epsilon: float) -> Survival:
  """Of a normal coordinate; inputs in its first and last cell, units of the largest output.

  The same for every scale: the program's sets and probabilities depend on the distribution's form.
  """
  from scipy import stats

  from privai_tf.privacy.mechanisms import make_mechanism

  levels = (np.arange(_QUANTILES) + 0.5) / _QUANTILES
  table = make_mechanism("extremal", epsilon=epsilon, samples=stats.norm.ppf(levels)).table
  places = table.outputs / np.abs(table.outputs).max()
  return lambda t, side: float(table.shares[-1 if side > 0 else 0][places >= t].sum())


def _laplace_tail(x: float) -> float:
  """P(standard Laplace >= x)."""
  return 0.5 * math.exp(-x) if x >= 0 else 1 - 0.5 * math.exp(x)


def reachable_epsilon(
  mechanism: str,
  epsilon: float,
  delta: float = 0.0,
  *,
  samples: int | None = None,
  confidence: float = 0.95,
) -> float:
  """The largest epsilon that tail events `{output >= t}` show, from exact probabilities.

  Less than the claim where the clamp hides the telling tail (Gaussian).

  Args:
    mechanism, epsilon, delta: see `survival`.
    samples: draws on each side: then the Clopper-Pearson bound at the expected counts; None: the
      value itself, `ln((P - delta) / P')`.
    confidence: of the bound.
  """
  tail = survival(mechanism, epsilon, delta)
  best = 0.0
  for step in range(_THRESHOLDS + 1):
    threshold = -1 + 2 * step / _THRESHOLDS
    likelier, other = tail(threshold, 1), tail(threshold, -1)
    if samples is not None:
      counts = samples * likelier, samples * other
      best = max(best, epsilon_lower_bound(*counts, samples, delta, confidence))
    elif likelier > delta and other > 0:
      best = max(best, math.log((likelier - delta) / other))
  return best
