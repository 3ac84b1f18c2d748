"""What is asked of the ledger, checked before the file is touched."""

import dataclasses
import functools
from typing import Any

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.ledger import amounts, rules, stored_events
from privai_tf.privacy.ledger.records import Budget
from privai_tf.privacy.relation import Relation

_EVENT_TOLERANCE = 1e-9


@dataclasses.dataclass(frozen=True)
class Entry:
  """A release to be charged; amounts in units, the event as JSON, the relation's digest."""

  mechanism: str
  scope: str
  epsilon: int
  delta: int
  event: str
  relation: str


def check_budget(epsilon: amounts.Amount, delta: amounts.Amount, composition: str) -> Budget:
  """A valid budget, rounded down to units of 1e-30.

  Args:
    epsilon: > 0.
    delta: in [0, 1).
    composition: one of `rules.RULES`.

  Raises:
    ConfigurationError: for an amount out of its range, or another rule.
  """
  _check_range("budget epsilon", epsilon, delta)
  rule = rules.check_rule(composition)
  return Budget(amounts.units_down(epsilon), amounts.units_down(delta), rule)


def check_entry(
  event: Any,
  epsilon: amounts.Amount,
  delta: amounts.Amount,
  mechanism: str,
  relation: Relation | None,
) -> Entry:
  """A valid charge, whose event does not cost more than is claimed.

  Args:
    event: of `dp_accounting`, or `PrivacyParameters`; None: only the claim is known.
    epsilon: > 0; rounded up to units of 1e-30.
    delta: in [0, 1); rounded up likewise.
    mechanism: its name, for the record.
    relation: what the epsilon is about.

  Raises:
    ConfigurationError: for an amount out of its range, no relation or one of scope "metric", an
      event that the ledger cannot count, or one that costs more than epsilon at delta by over 1e-9
      of it.
  """
  _check_range("epsilon", epsilon, delta)
  if not isinstance(relation, Relation):
    raise ConfigurationError(
      f"relation is {relation!r}: an epsilon adds up with others only where it is known what it is "
      "about; give the release's own, as prepare(...).relation"
    )
  if relation.scope == "metric":
    raise ConfigurationError(
      "scope metric: its epsilon is per unit of distance and cannot be charged to a budget; "
      "use scope attribute or image, or run without a ledger"
    )
  encoded = stored_events.to_json(event)
  if encoded:
    actual = _event_epsilon(encoded, float(delta))
    # Events hold doubles, calibrated from the claim: agreement is to rounding, no better.
    if actual > float(epsilon) * (1 + _EVENT_TOLERANCE):
      raise ConfigurationError(
        f"epsilon is {epsilon}, delta {delta}: the event {encoded} costs epsilon {actual:.6g}; "
        "charge what the release costs"
      )
  units = amounts.units_up(epsilon), amounts.units_up(delta)
  return Entry(mechanism, relation.scope, *units, encoded, relation.digest)


@functools.lru_cache(maxsize=256)
def _event_epsilon(encoded: str, delta: float) -> float:
  from privai_tf.privacy.accounting.composition import compose

  return compose([stored_events.from_json(encoded)], delta)


def _check_range(name: str, epsilon: amounts.Amount, delta: amounts.Amount) -> None:
  if amounts.exact(epsilon) <= 0:
    raise ConfigurationError(f"{name} is {epsilon}: must be finite and positive, for example 1.0")
  if not 0 <= amounts.exact(delta) < 1:
    raise ConfigurationError(f"delta is {delta}: must be in [0, 1), for example 1e-5")
