"""How well any attacker can guess a private attribute from one release.

From the two inequalities of (epsilon, delta)-DP on the event "guess 1" and on its complement:
`(p + r) (1 + e^epsilon) <= 2 e^epsilon + 2 delta`, with `p`, `r` the accuracies on the two classes.
Randomized response attains it.
"""

import decimal
import itertools
import math
from collections.abc import Sequence
from fractions import Fraction

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.accounting.checks import check_delta, check_epsilon
from privai_tf.privacy.accounting.curves import laplace_delta
from privai_tf.privacy.accounting.l2_laplace import l2_laplace_delta

_DIGITS = 50
# Far above the rounding of so many digits, far below a double's.
_SLACK = decimal.Decimal(10) ** -40

# (P(outputs | one input), P(outputs | the other)) for each ratio of the two: all that an attacker
# who decides between the two inputs can use.
Pairs = Sequence[tuple[Fraction, Fraction]]


def attacker_bound(
  epsilon: float, delta: float = 0.0, *, classes: int = 2, prior: float | None = None
) -> float:
  """Best accuracy of any attacker against any (epsilon, delta)-DP release.

  Args:
    epsilon: > 0.
    delta: in [0, 1).
    classes: number of equally likely attribute values.
    prior: probability of the likelier of two values, in [1/2, 1); None: equally likely.

  Returns:
    Accuracy in [1/classes, 1]: `(e^epsilon + (m-1) delta) / (e^epsilon + m - 1)`, the next double
    that is no less: a bound stays one.

  Raises:
    ConfigurationError: for an argument out of its range, or a prior of other than two classes.
  """
  epsilon, delta = check_epsilon(epsilon), check_delta(delta)
  if int(classes) != classes or classes < 2:
    raise ConfigurationError(f"classes is {classes}: must be a whole number, at least 2")
  with decimal.localcontext() as context:
    context.prec, context.rounding = _DIGITS, decimal.ROUND_CEILING
    # Over all pairs of classes as for two in docs/proofs.md, section 10.
    # Divided by e^epsilon so that a large epsilon does not overflow.
    others = (classes - 1) * decimal.Decimal(-epsilon).exp()
    exact = (1 + others * decimal.Decimal(delta)) / (1 + others) + _SLACK
  accuracy = float(exact)
  if decimal.Decimal(accuracy) < exact:
    accuracy = math.nextafter(accuracy, math.inf)
  accuracy = min(1.0, accuracy)
  if prior is None:
    return accuracy
  if classes != 2 or not 0.5 <= prior < 1:
    raise ConfigurationError(f"prior is {prior}: must be in [0.5, 1), and needs two classes")
  # prior p + (1 - prior) r is linear, so largest at a corner of the two inequalities: p = r, or
  # p = 1 and r = delta, who always guesses the likelier value.
  return min(1.0, max(accuracy, prior + (1 - prior) * delta))


def joint_bound(variations: Sequence[float], epsilon: float, delta: float = 0.0) -> float:
  """Best accuracy of any attacker who sees several independent parts of one release.

  An attacker who sees outputs at a total variation distance of T is right in (1 + T) / 2, and the
  overlap 1 - T of a joint output is at least the product of its parts' overlaps.

  Args:
    variations: upper bounds of each part's total variation, in [0, 1].
    epsilon, delta: of the whole release, which bound the accuracy, too.

  Returns:
    Accuracy in [1/2, 1], rounded up.

  Raises:
    ConfigurationError: for an epsilon or delta out of its range.
  """
  overlap = decimal.Decimal(1)
  with decimal.localcontext() as context:
    context.prec, context.rounding = _DIGITS, decimal.ROUND_FLOOR
    for variation in variations:
      overlap *= 1 - decimal.Decimal(variation)
    exact = 1 - (overlap - _SLACK) / 2
  accuracy = float(exact)
  if decimal.Decimal(accuracy) < exact:
    accuracy = math.nextafter(accuracy, math.inf)
  return min(1.0, accuracy, attacker_bound(epsilon, delta))


def product_variation(parts: Sequence[Pairs]) -> Fraction:
  """Exact total variation of independent parts that are seen together, by summation over all ratios.

  Args:
    parts: of each part, its outputs' probabilities under the two inputs, by ratio.

  Returns:
    In [0, 1].
  """
  total = Fraction(0)
  for joint in itertools.product(*parts):
    one = math.prod((pair[0] for pair in joint), start=Fraction(1))
    other = math.prod((pair[1] for pair in joint), start=Fraction(1))
    total += max(one - other, Fraction(0))
  return total


def best_attacker(
  mechanism: str, epsilon: float, delta: float = 0.0, *, dimensions: int = 1, releases: int = 1
) -> float:
  """Exact accuracy of the best attacker on the mechanism's two worst inputs (opposite clip ends).

  It is `(1 + TV) / 2` with the total variation of the two output distributions: what an unlimited
  attacker who sees nothing but the release reaches on a balanced binary attribute. Inputs that are
  closer together are guessed less well.

  Args:
    mechanism: "laplace", "l2_laplace", "metric_laplace" (epsilon then stands for epsilon times the
      distance), "gaussian", "gaussian_classic", "randomized_response" or "exponential" (one axis).
    epsilon: of one release.
    delta: of one release; for the Gaussian mechanisms.
    dimensions: axes of the release, for `l2_laplace` and `metric_laplace`.
    releases: independent releases of the same input; more than 1 for the Gaussian only.

  Returns:
    Accuracy in [1/2, 1].

  Raises:
    ConfigurationError: for an argument out of its range (`gaussian_classic`: epsilon above 1),
      several releases of noise that is not Gaussian, or a mechanism without a formula ("extremal":
      its own `total_variation` knows).
  """
  epsilon = check_epsilon(epsilon)
  if releases != 1 and not mechanism.startswith("gaussian"):
    raise ConfigurationError(f"releases={releases}: several releases are exact for gaussian only")
  # A curve's delta at epsilon 0 is the total variation.
  if mechanism == "laplace":
    return (1 + laplace_delta(0.0, epsilon)) / 2
  if mechanism in ("l2_laplace", "metric_laplace"):
    return (1 + l2_laplace_delta(0.0, epsilon, dimensions)) / 2
  if mechanism == "randomized_response":
    return attacker_bound(epsilon)
  if mechanism == "exponential":
    # P(output on the side of the input), density ∝ exp(-epsilon |o - R| / 2R) on [-R, R].
    return 1 / (1 + math.exp(-epsilon / 2))
  if mechanism == "extremal":
    raise ConfigurationError(
      "extremal depends on its public samples: see `total_variation` of the mechanism made from them"
    )
  if mechanism in ("gaussian", "gaussian_classic"):
    from privai_tf.privacy.accounting.calibration import classic_multiplier, gaussian_multiplier

    calibrate = gaussian_multiplier if mechanism == "gaussian" else classic_multiplier
    multiplier = calibrate(epsilon, check_delta(delta, allow_zero=False))
    # Phi(1 / 2s): two normals one sensitivity apart; n releases are one at s / sqrt(n).
    return 0.5 * math.erfc(-math.sqrt(releases) / (2 * multiplier) / math.sqrt(2))
  raise ConfigurationError(f"mechanism '{mechanism}': no exact attacker is known for it")
