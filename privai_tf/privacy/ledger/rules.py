"""Composition rules: what a subject's releases cost together, at the budget's delta.

Each rule is a valid privacy filter under what it assumes; a budget keeps one rule for good, since
picking whichever rule happens to pass would need its own proof (two filters may each spend delta).

- `basic`: epsilons and deltas add up. Any mechanisms, chosen at any time, also in view of earlier
  outputs.
- `adaptive`: a Gaussian-DP filter (Smith and Thakurta 2022): `sum mu_i^2 <= mu^2`, where a Gaussian
  release has `mu = sensitivity / sigma`, a pure one `2 Phi^-1(e^eps / (1 + e^eps))`, and `mu` is the
  largest that meets the budget. Also chosen in view of earlier outputs; if no release has a delta,
  plain addition counts if it is less (it holds surely and spends no delta).
- `planned`: tight numerical composition (privacy loss distributions), or `basic` if that is less.
  The mechanisms and their parameters must not depend on earlier outputs; when to stop may.
"""

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.ledger.amounts import number_down, number_up, units_up
from privai_tf.privacy.ledger.records import Budget

RULES = ("basic", "adaptive", "planned")
# Of the losses' grid: composed within some 10 ms, as others wait for the ledger meanwhile.
_STEPS = 1 << 16


@dataclasses.dataclass(frozen=True)
class Spending:
  """What has been released for one subject; amounts in units of `amounts`.

  Attributes:
    epsilon, delta: sums over the releases.
    events: fetches the releases' events, equal ones as one that is composed with itself; slow, so
      only if needed.
  """

  epsilon: int
  delta: int
  events: Callable[[], list[Any]]


def check_rule(rule: str) -> str:
  """Refuses unknown rules.

  Raises:
    ConfigurationError: for other than `RULES`.
  """
  if rule not in RULES:
    raise ConfigurationError(f"composition '{rule}': must be one of {', '.join(RULES)}")
  return rule


def spent_epsilon(budget: Budget, spending: Spending) -> int | None:
  """epsilon of all releases at the budget's delta, in units, rounded up; None: none is finite.

  The tight rules read all events; while plain addition fits the budget it answers for them.
  """
  plain = spending.epsilon if spending.delta <= budget.delta else None
  if budget.composition == "adaptive" and spending.delta > 0:
    plain = None  # would spend delta a second time, see above
  if budget.composition == "basic" or budget.delta == 0:
    return plain
  if plain is not None and plain <= budget.epsilon:
    return plain
  total = _tight_epsilon(budget.composition, spending.events(), number_down(budget.delta))
  candidates = [] if plain is None else [plain]
  if math.isfinite(total):
    candidates.append(units_up(total))
  return min(candidates, default=None)


def _tight_epsilon(rule: str, events: Sequence[Any], delta: float) -> float:
  if not events:
    return 0.0
  if rule == "adaptive":
    return _gaussian_filter(events, delta)
  from privai_tf.privacy.accounting.composition import compose

  return compose(events, delta, steps=_STEPS)


def as_event(event: Any, epsilon: int, delta: int, count: int) -> Any:
  """The stored event, or the worst mechanism that meets the claim; `count` times.

  Args:
    event: what was stored; None: only the claim is known.
    epsilon, delta: the claim, in units of 1e-30.
    count: how many equal releases, >= 1.

  Returns:
    One event, composed with itself where there are several.
  """
  from privai_tf.privacy.accounting.events import PrivacyParameters

  if event is None:
    event = PrivacyParameters(number_up(epsilon), number_up(delta))
  if count == 1:
    return event
  from dp_accounting import dp_event

  return dp_event.SelfComposedDpEvent(event, count)


def _gaussian_filter(events: Sequence[Any], delta: float) -> float:
  """epsilon at `delta` of a mu-GDP interaction with `mu^2` the sum over the releases."""
  from dp_accounting import dp_event

  from privai_tf.privacy.accounting.curves import gaussian_epsilon
  from privai_tf.privacy.accounting.events import event_claim, flatten

  squares = []
  for event, count in flatten(events).items():
    claim = event_claim(event)
    if isinstance(event, dp_event.GaussianDpEvent):
      squares.append(count / event.noise_multiplier**2)
    elif claim is not None and claim.delta == 0:
      squares.append(count * _gaussian_parameter(claim.epsilon) ** 2)
    else:
      return math.inf
  if len(events) == 1 and isinstance(events[0], dp_event.GaussianDpEvent):
    return gaussian_epsilon(delta, events[0].noise_multiplier)
  square = math.fsum(squares) * (1 + 1e-14)  # covers the rounding of its terms
  return gaussian_epsilon(delta, 1 / math.sqrt(square))


def _gaussian_parameter(epsilon: float) -> float:
  """mu such that epsilon-DP implies mu-GDP: the trade-off curves meet at the kink of epsilon-DP."""
  from scipy import special

  return -2 * float(special.ndtri(1 / (1 + math.exp(epsilon)))) if epsilon < 700 else math.inf
