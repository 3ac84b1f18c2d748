"""Rules of composition, and the events that they compose."""

import math

import dp_accounting
import numpy as np
import pytest

from privai_tf.errors import ConfigurationError
from privai_tf.privacy import accounting
from privai_tf.privacy import ledger as errors
from privai_tf.privacy.ledger import stored_events
from privai_tf.privacy.relation import Relation

RELATION = Relation.unknown_image()


@pytest.fixture(params=["file", "postgres"])
def path(request, make_ledger):
  return make_ledger(request.param)


def count_charges(ledger, subject, *charge):
  for index in range(10_000):
    try:
      ledger.charge(subject, *charge, relation=RELATION)
    except errors.BudgetExceededError:
      return index
  raise AssertionError("never refused")


def test_tight_rules_allow_more_and_stay_within_the_exact_cost(ledger):
  counts = {}
  for rule in ("basic", "adaptive", "planned"):
    ledger.grant(rule, 1.0, 1e-5, composition=rule)
    multiplier = accounting.gaussian_multiplier(0.25, 1e-7)
    charge = dp_accounting.GaussianDpEvent(multiplier), 0.25, 1e-7
    counts[rule] = count_charges(ledger, rule, *charge)
    exact = accounting.gaussian_epsilon(1e-5, multiplier / math.sqrt(counts[rule]))
    assert exact <= 1
    spent = ledger.remaining(rule).spent_epsilon
    assert spent == pytest.approx(1.0 if rule == "basic" else exact, abs=1e-9)
  assert counts["basic"] == 4
  assert counts["adaptive"] == counts["planned"] == 21


@pytest.mark.parametrize("rule", ["adaptive", "planned"])
@pytest.mark.parametrize("releases", [1, 4, 7])
def test_noise_made_for_n_releases_fits_n_times(ledger, rule, releases):
  ledger.grant("ada", 1.0, 1e-5, composition=rule)
  event = dp_accounting.GaussianDpEvent(accounting.gaussian_multiplier(1.0, 1e-5, releases))
  claim = math.nextafter(accounting.compose([event], 1e-5), math.inf)
  assert count_charges(ledger, "ada", event, claim, 1e-5) == releases


def test_adaptive_adds_pure_releases_plainly_if_that_is_less(ledger):
  ledger.grant("ada", 1.0, 1e-5, composition="adaptive")
  assert count_charges(ledger, "ada", None, 0.5) == 2


def test_adaptive_does_not_spend_delta_twice(ledger):
  """Plain addition of (epsilon, delta) and the Gaussian filter would each spend the whole delta."""
  ledger.grant("ada", 1.0, 1e-5, composition="adaptive")
  with pytest.raises(errors.BudgetExceededError):
    ledger.charge("ada", None, 0.1, 1e-6, relation=RELATION)  # no event: no Gaussian parameter
  multiplier = accounting.gaussian_multiplier(1.0, 1e-5)
  ledger.charge("ada", dp_accounting.GaussianDpEvent(multiplier), 1.0, 1e-5, relation=RELATION)


def test_a_pure_release_is_gaussian_private_with_the_parameter_used():
  """The trade-off curve of mu-GDP lies below that of epsilon-DP, and touches it at its kink."""
  from scipy import stats

  from privai_tf.privacy.ledger.rules import _gaussian_parameter

  for epsilon in (0.01, 0.5, 2.0, 6.0):
    mu = _gaussian_parameter(epsilon)
    alpha = np.linspace(1e-6, 1 - 1e-6, 2001)
    pure = np.maximum(0, np.maximum(1 - np.exp(epsilon) * alpha, np.exp(-epsilon) * (1 - alpha)))
    assert (stats.norm.cdf(stats.norm.isf(alpha) - mu) <= pure + 1e-12).all()
    kink = 1 / (1 + math.exp(epsilon))
    assert stats.norm.cdf(stats.norm.isf(kink) - mu) == pytest.approx(kink)


def test_planned_composes_mixed_events(ledger):
  ledger.grant("ada", 2.0, 1e-5, composition="planned")
  events = []
  for _ in range(12):
    ledger.charge("ada", dp_accounting.LaplaceDpEvent(10), 0.1, relation=RELATION)
    events.append(dp_accounting.LaplaceDpEvent(10))
  event = dp_accounting.GaussianDpEvent(accounting.gaussian_multiplier(0.8, 1e-6))
  left = ledger.charge("ada", event, 0.8, 1e-6, relation=RELATION).remaining
  assert left.spent_epsilon <= 2.0
  # A thirteenth fits only because the sum is not what is spent.
  left = ledger.charge("ada", dp_accounting.LaplaceDpEvent(10), 0.1, relation=RELATION).remaining
  events += [event, dp_accounting.LaplaceDpEvent(10)]
  assert left.spent_epsilon == pytest.approx(accounting.compose(events, 1e-5), rel=1e-9)


def test_a_rule_is_kept_once_something_was_charged(ledger):
  ledger.grant("ada", 1)
  ledger.grant("ada", 1, 1e-5, composition="planned")
  ledger.charge("ada", None, 0.1, relation=RELATION)
  with pytest.raises(errors.LedgerConflictError, match="composition=planned"):
    ledger.grant("ada", 1, 1e-5)
  assert ledger.grant("ada", 3, 1e-5, composition="planned").epsilon == 2.9
  with pytest.raises(ConfigurationError, match="one of basic, adaptive, planned"):
    ledger.grant("eve", 1, composition="best")


@pytest.mark.parametrize(
  "event",
  [
    dp_accounting.GaussianDpEvent(1.5),
    dp_accounting.LaplaceDpEvent(0.1),
    accounting.discrete_laplace_event(7.5, 3),
    accounting.pure_event(1.0),
    accounting.PrivacyParameters(1.0, 1e-5),
    dp_accounting.ComposedDpEvent(
      [dp_accounting.SelfComposedDpEvent(dp_accounting.LaplaceDpEvent(2.0), 3)]
    ),
    None,
  ],
)
def test_events_survive_storage(event):
  assert stored_events.from_json(stored_events.to_json(event)) == event
