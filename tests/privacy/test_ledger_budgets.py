"""Budgets and charges: exact arithmetic, and what is refused."""

import dataclasses
import fractions
import math

import dp_accounting
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privai_tf.errors import ConfigurationError
from privai_tf.privacy import accounting
from privai_tf.privacy import ledger as errors
from privai_tf.privacy.ledger import Ledger, amounts
from privai_tf.privacy.relation import Relation

RELATION = Relation.unknown_image()


@pytest.fixture(params=["file", "postgres"])
def path(request, make_ledger):
  return make_ledger(request.param)


# Arithmetic


def test_ten_tenths_fit_and_an_eleventh_does_not(ledger):
  ledger.grant("ada", 1.0)
  for _ in range(10):
    ledger.charge("ada", None, 0.1, relation=RELATION)
  assert ledger.remaining("ada").epsilon == 0
  with pytest.raises(errors.BudgetExceededError, match="epsilon 0, delta 0 are left"):
    ledger.charge("ada", None, 1e-12, relation=RELATION)
  assert ledger.remaining("ada").releases == 10


@settings(max_examples=40, deadline=None)
@given(
  st.lists(st.floats(1e-6, 10, allow_subnormal=False), min_size=1, max_size=12),
  st.floats(1e-3, 30),
)
def test_budget_arithmetic_never_undercounts(tmp_path_factory, epsilons, budget):
  with Ledger.create(tmp_path_factory.mktemp("ledger") / "l.db") as ledger:
    ledger.grant("ada", budget)
    accepted = fractions.Fraction(0)
    limit = fractions.Fraction(repr(budget))
    for epsilon in epsilons:
      cost = fractions.Fraction(repr(epsilon))
      try:
        left = ledger.charge("ada", None, epsilon, relation=RELATION).remaining
      except errors.BudgetExceededError:
        assert accepted + cost > limit - fractions.Fraction(1, 10**25)
        continue
      accepted += cost
      assert accepted <= limit
      assert fractions.Fraction(repr(left.epsilon)) <= limit - accepted
      assert fractions.Fraction(repr(left.spent_epsilon)) >= accepted


@settings(max_examples=200, deadline=None)
@given(st.floats(0, 1e3, allow_nan=False))
def test_amounts_round_to_the_safe_side(value):
  exact = fractions.Fraction(repr(value))
  assert fractions.Fraction(amounts.units_down(value), 10**30) <= exact
  assert fractions.Fraction(amounts.units_up(value), 10**30) >= exact
  assert fractions.Fraction(repr(amounts.number_down(amounts.units_down(value)))) <= exact
  assert fractions.Fraction(repr(amounts.number_up(amounts.units_up(value)))) >= exact
  assert fractions.Fraction(amounts.text(amounts.units_up(value))) >= exact


# Charges


def test_delta_is_a_budget_of_its_own(ledger):
  ledger.grant("ada", 10, 2e-5)
  ledger.charge("ada", None, 1, 1e-5, relation=RELATION)
  ledger.charge("ada", None, 1, 1e-5, relation=RELATION)
  with pytest.raises(errors.BudgetExceededError, match=r"delta 0 are left of \(10, 2e-05\)"):
    ledger.charge("ada", None, 1, 1e-12, relation=RELATION)
  ledger.charge("ada", None, 1, 0, relation=RELATION)


def test_subject_without_budget_is_refused_unless_there_is_a_default(path):
  with Ledger.open(path) as ledger, pytest.raises(errors.BudgetExceededError, match="grant one"):
    ledger.charge("ada", None, 1, relation=RELATION)
  with Ledger.open(path, default_epsilon=1.5) as ledger:
    assert ledger.remaining("ada").epsilon == 1.5
    assert ledger.subjects() == []
    ledger.charge("ada", None, 1, relation=RELATION)
    assert ledger.subjects() == ["ada"]


def test_a_runs_default_tightens_a_budget_and_never_widens_it(path):
  with Ledger.open(path) as ledger:
    ledger.grant("ada", 2)
    ledger.charge("ada", None, 1, relation=RELATION)
  with Ledger.open(path, default_epsilon=1.2) as ledger:
    assert ledger.remaining("ada").epsilon == 0.2
    with pytest.raises(errors.BudgetExceededError):
      ledger.charge("ada", None, 0.5, relation=RELATION)
  with Ledger.open(path, default_epsilon=100) as ledger:
    assert ledger.remaining("ada").epsilon == 1
    with pytest.raises(errors.BudgetExceededError):
      ledger.charge("ada", None, 1.5, relation=RELATION)


@pytest.mark.parametrize(("own", "of_the_run"), [(1e-5, 1e-3), (1e-3, 1e-5)])
def test_of_two_deltas_the_lesser_holds_and_is_shown(path, own, of_the_run):
  with Ledger.open(path, default_epsilon=2, default_delta=of_the_run) as ledger:
    ledger.grant("ada", 2, own)
    left = ledger.remaining("ada")
    assert left.budget_delta == 1e-5
    left = ledger.charge("ada", None, 0.5, 4e-6, relation=RELATION).remaining
    assert (left.delta, left.spent_delta) == (pytest.approx(6e-6), pytest.approx(4e-6))
    with pytest.raises(errors.BudgetExceededError, match="delta 6e-06 are left of"):
      ledger.charge("ada", None, 0.5, 9e-6, relation=RELATION)


def test_a_resumed_job_does_not_pay_twice(ledger):
  ledger.grant("ada", 1)
  first = ledger.charge("ada", None, 0.6, release_id="photo-1", relation=RELATION)
  again = ledger.charge("ada", None, 0.6, release_id="photo-1", relation=RELATION)
  assert (first.repeated, again.repeated) == (False, True)
  assert again.remaining.epsilon == 0.4
  with pytest.raises(errors.LedgerConflictError, match="other values"):
    ledger.charge("ada", None, 0.1, release_id="photo-1", relation=RELATION)
  ledger.grant("eve", 1)
  assert not ledger.charge("eve", None, 0.6, release_id="photo-1", relation=RELATION).repeated


def test_metric_releases_have_no_epsilon_to_charge(ledger):
  ledger.grant("ada", 1)
  metric = dataclasses.replace(RELATION, scope="metric")
  with pytest.raises(ConfigurationError, match="per unit of distance"):
    ledger.charge("ada", None, 0.1, relation=metric)
  with pytest.raises(ConfigurationError, match="cannot count it"):
    ledger.charge("ada", dp_accounting.UnsupportedDpEvent(), 0.1, relation=RELATION)


def test_a_charge_without_a_relation_is_refused(ledger):
  ledger.grant("ada", 1)
  with pytest.raises(ConfigurationError, match="relation is None"):
    ledger.charge("ada", None, 0.1, relation=None)
  assert ledger.remaining("ada").releases == 0


def test_an_event_that_costs_more_than_the_claim_is_refused(ledger):
  ledger.grant("ada", 5, 1e-5)
  with pytest.raises(ConfigurationError, match="charge what the release costs"):
    ledger.charge("ada", dp_accounting.LaplaceDpEvent(1.0), 0.5, relation=RELATION)
  ledger.charge("ada", dp_accounting.LaplaceDpEvent(1 / 0.3), 0.3, relation=RELATION)
  ledger.charge("ada", accounting.pure_event(0.3), 0.3, relation=RELATION)
  multiplier = accounting.gaussian_multiplier(1.0, 1e-5)
  ledger.charge("ada", dp_accounting.GaussianDpEvent(multiplier), 1.0, 1e-5, relation=RELATION)


@pytest.mark.parametrize(
  ("epsilon", "delta"),
  [(math.nan, 0), (math.inf, 0), (0, 0), (-1, 0), (1, -1), (1, 1), (1, math.nan)],
)
def test_bad_amounts_are_refused(ledger, epsilon, delta):
  with pytest.raises(ConfigurationError):
    ledger.grant("ada", epsilon, delta)
  ledger.grant("ada", 1)
  with pytest.raises(ConfigurationError):
    ledger.charge("ada", None, epsilon, delta, relation=RELATION)
  assert ledger.remaining("ada").releases == 0


@pytest.mark.parametrize("subject", ["", "  ", "a\nb", "x" * 501])
def test_bad_subjects_are_refused(ledger, subject):
  with pytest.raises(ConfigurationError, match="subject"):
    ledger.grant(subject, 1)


def test_pixels_make_a_keyed_subject(tmp_path):
  pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
  with Ledger.create(tmp_path / "a.db") as one, Ledger.create(tmp_path / "b.db") as other:
    subject = one.subject_of_pixels(pixels)
    assert subject == one.subject_of_pixels(pixels.copy())
    assert subject != one.subject_of_pixels(pixels.reshape(2, 8, 3))
    assert subject != other.subject_of_pixels(pixels)  # each ledger has its own key
    one.grant(subject, 1)
    with pytest.raises(ConfigurationError, match="uint8"):
      one.subject_of_pixels(pixels / 255.0)
