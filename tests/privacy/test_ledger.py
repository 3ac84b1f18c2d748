"""The ledger: exact arithmetic, refusals, rules of composition, bad files."""

import fractions
import math
import os
import sqlite3
import stat
import threading

import dp_accounting
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privai_tf.errors import ConfigurationError, PrivaiError
from privai_tf.privacy import accounting
from privai_tf.privacy import ledger as errors
from privai_tf.privacy.ledger import Ledger, amounts, schema, stored_events


@pytest.fixture
def path(tmp_path):
  return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path):
  with Ledger.open(path) as opened:
    yield opened


# Arithmetic


def test_ten_tenths_fit_and_an_eleventh_does_not(ledger):
  ledger.grant("ada", 1.0)
  for _ in range(10):
    ledger.charge("ada", None, 0.1)
  assert ledger.remaining("ada").epsilon == 0
  with pytest.raises(errors.BudgetExceededError, match="epsilon 0, delta 0 are left"):
    ledger.charge("ada", None, 1e-12)
  assert ledger.remaining("ada").releases == 10


@settings(max_examples=40, deadline=None)
@given(
  st.lists(st.floats(1e-6, 10, allow_subnormal=False), min_size=1, max_size=12),
  st.floats(1e-3, 30),
)
def test_budget_arithmetic_never_undercounts(tmp_path_factory, epsilons, budget):
  with Ledger.open(tmp_path_factory.mktemp("ledger") / "l.db") as ledger:
    ledger.grant("ada", budget)
    accepted = fractions.Fraction(0)
    limit = fractions.Fraction(repr(budget))
    for epsilon in epsilons:
      cost = fractions.Fraction(repr(epsilon))
      try:
        left = ledger.charge("ada", None, epsilon).remaining
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
  ledger.charge("ada", None, 1, 1e-5)
  ledger.charge("ada", None, 1, 1e-5)
  with pytest.raises(errors.BudgetExceededError, match=r"delta 0 are left of \(10, 2e-05\)"):
    ledger.charge("ada", None, 1, 1e-12)
  ledger.charge("ada", None, 1, 0)


def test_subject_without_budget_is_refused_unless_there_is_a_default(path):
  with Ledger.open(path) as ledger, pytest.raises(errors.BudgetExceededError, match="grant one"):
    ledger.charge("ada", None, 1)
  with Ledger.open(path, default_epsilon=1.5) as ledger:
    assert ledger.remaining("ada").epsilon == 1.5
    assert ledger.subjects() == []
    ledger.charge("ada", None, 1)
    assert ledger.subjects() == ["ada"]


def test_a_runs_default_tightens_a_budget_and_never_widens_it(path):
  with Ledger.open(path) as ledger:
    ledger.grant("ada", 2)
    ledger.charge("ada", None, 1)
  with Ledger.open(path, default_epsilon=1.2) as ledger:
    assert ledger.remaining("ada").epsilon == 0.2
    with pytest.raises(errors.BudgetExceededError):
      ledger.charge("ada", None, 0.5)
  with Ledger.open(path, default_epsilon=100) as ledger:
    assert ledger.remaining("ada").epsilon == 1
    with pytest.raises(errors.BudgetExceededError):
      ledger.charge("ada", None, 1.5)


def test_a_resumed_job_does_not_pay_twice(ledger):
  ledger.grant("ada", 1)
  first = ledger.charge("ada", None, 0.6, release_id="photo-1")
  again = ledger.charge("ada", None, 0.6, release_id="photo-1")
  assert (first.repeated, again.repeated) == (False, True)
  assert again.remaining.epsilon == 0.4
  with pytest.raises(errors.LedgerConflictError, match="other values"):
    ledger.charge("ada", None, 0.1, release_id="photo-1")
  ledger.grant("eve", 1)
  assert not ledger.charge("eve", None, 0.6, release_id="photo-1").repeated


def test_metric_releases_have_no_epsilon_to_charge(ledger):
  ledger.grant("ada", 1)
  with pytest.raises(ConfigurationError, match="per unit of distance"):
    ledger.charge("ada", None, 0.1, scope="metric")
  with pytest.raises(ConfigurationError, match="cannot count it"):
    ledger.charge("ada", dp_accounting.UnsupportedDpEvent(), 0.1)


def test_an_event_that_costs_more_than_the_claim_is_refused(ledger):
  ledger.grant("ada", 5, 1e-5)
  with pytest.raises(ConfigurationError, match="charge what the release costs"):
    ledger.charge("ada", dp_accounting.LaplaceDpEvent(1.0), 0.5)
  ledger.charge("ada", dp_accounting.LaplaceDpEvent(1 / 0.3), 0.3)
  ledger.charge("ada", accounting.pure_event(0.3), 0.3)
  multiplier = accounting.gaussian_multiplier(1.0, 1e-5)
  ledger.charge("ada", dp_accounting.GaussianDpEvent(multiplier), 1.0, 1e-5)


@pytest.mark.parametrize(
  ("epsilon", "delta"),
  [(math.nan, 0), (math.inf, 0), (0, 0), (-1, 0), (1, -1), (1, 1), (1, math.nan)],
)
def test_bad_amounts_are_refused(ledger, epsilon, delta):
  with pytest.raises(ConfigurationError):
    ledger.grant("ada", epsilon, delta)
  ledger.grant("ada", 1)
  with pytest.raises(ConfigurationError):
    ledger.charge("ada", None, epsilon, delta)
  assert ledger.remaining("ada").releases == 0


@pytest.mark.parametrize("subject", ["", "  ", "a\nb", "x" * 501])
def test_bad_subjects_are_refused(ledger, subject):
  with pytest.raises(ConfigurationError, match="subject"):
    ledger.grant(subject, 1)


def test_pixels_make_a_keyed_subject(tmp_path):
  pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
  with Ledger.open(tmp_path / "a.db") as one, Ledger.open(tmp_path / "b.db") as other:
    subject = one.subject_of_pixels(pixels)
    assert subject == one.subject_of_pixels(pixels.copy())
    assert subject != one.subject_of_pixels(pixels.reshape(2, 8, 3))
    assert subject != other.subject_of_pixels(pixels)  # each ledger has its own key
    one.grant(subject, 1)
    with pytest.raises(ConfigurationError, match="uint8"):
      one.subject_of_pixels(pixels / 255.0)


# Rules of composition


def count_charges(ledger, subject, *charge):
  for index in range(10_000):
    try:
      ledger.charge(subject, *charge)
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
    ledger.charge("ada", None, 0.1, 1e-6)  # no event: no Gaussian parameter
  multiplier = accounting.gaussian_multiplier(1.0, 1e-5)
  ledger.charge("ada", dp_accounting.GaussianDpEvent(multiplier), 1.0, 1e-5)


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
    ledger.charge("ada", dp_accounting.LaplaceDpEvent(10), 0.1)
    events.append(dp_accounting.LaplaceDpEvent(10))
  event = dp_accounting.GaussianDpEvent(accounting.gaussian_multiplier(0.8, 1e-6))
  left = ledger.charge("ada", event, 0.8, 1e-6).remaining
  assert left.spent_epsilon <= 2.0
  # A thirteenth fits only because the sum is not what is spent.
  left = ledger.charge("ada", dp_accounting.LaplaceDpEvent(10), 0.1).remaining
  events += [event, dp_accounting.LaplaceDpEvent(10)]
  assert left.spent_epsilon == pytest.approx(accounting.compose(events, 1e-5), rel=1e-9)


def test_a_rule_is_kept_once_something_was_charged(ledger):
  ledger.grant("ada", 1)
  ledger.grant("ada", 1, 1e-5, composition="planned")
  ledger.charge("ada", None, 0.1)
  with pytest.raises(errors.LedgerConflictError, match="--composition=planned"):
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


# Files


def test_the_file_is_for_its_owner_only(path):
  with Ledger.open(path, default_epsilon=1) as ledger:
    ledger.charge("ada", None, 0.1)
    for file in path.parent.iterdir():
      assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
  path.chmod(0o644)
  with pytest.raises(errors.LedgerPermissionError, match="chmod 600"):
    Ledger.open(path)


def test_read_only_is_refused(path):
  with Ledger.open(path, default_epsilon=1) as ledger:
    path.chmod(0o400)
    with pytest.raises(errors.LedgerReadOnlyError, match="read-only"):
      ledger.charge("ada", None, 0.1)
  with pytest.raises(errors.LedgerReadOnlyError):
    Ledger.open(path)
  with pytest.raises(errors.LedgerReadOnlyError, match="folder that exists"):
    Ledger.open(path.parent / "missing" / "ledger.db")
  with pytest.raises(errors.LedgerReadOnlyError):
    Ledger.open(path.parent / "other.db", create=False)


def test_locked_beyond_the_timeout_is_refused(path):
  with Ledger.open(path, default_epsilon=1, timeout=0.1) as ledger:
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(errors.LedgerLockedError, match="for over"):
      ledger.charge("ada", None, 0.1)
    blocker.execute("ROLLBACK")
    blocker.close()
    assert ledger.charge("ada", None, 0.1).remaining.releases == 1


@pytest.mark.parametrize(
  "content", [b"not a database", b"SQLite format 3\x00" + bytes(range(256)) * 20]
)
def test_garbage_is_refused(path, content):
  path.write_bytes(content)
  path.chmod(0o600)
  with pytest.raises(errors.LedgerCorruptError, match="Restore the last backup"):
    Ledger.open(path)
  assert path.read_bytes() == content


def test_damaged_pages_are_refused(path):
  with Ledger.open(path, default_epsilon=1000) as ledger:
    for index in range(200):
      ledger.charge("ada", None, 0.1, release_id=f"release {index}")
  content = bytearray(path.read_bytes())
  for start in range(4096, len(content), 4096):
    content[start : start + 200] = b"\xff" * 200
  path.write_bytes(content)
  with pytest.raises(errors.LedgerCorruptError):
    Ledger.open(path)


def test_another_programs_database_is_refused(path):
  other = sqlite3.connect(path)
  other.execute("CREATE TABLE notes (text)")
  other.commit()
  other.close()
  path.chmod(0o600)
  with pytest.raises(errors.LedgerCorruptError, match="not a ledger"):
    Ledger.open(path)


def edit(path, statement):
  connection = sqlite3.connect(path)
  connection.execute(statement)
  connection.commit()
  connection.close()


def test_sums_that_disagree_with_the_charges_are_noticed(path):
  with Ledger.open(path, default_epsilon=1) as ledger:
    ledger.charge("ada", None, 0.5)
    edit(path, "UPDATE subjects SET spent_epsilon='0'")
    with pytest.raises(errors.LedgerCorruptError, match="sums disagree"):
      ledger.releases()
    edit(path, "UPDATE subjects SET spent_epsilon='much'")
    with pytest.raises(errors.LedgerCorruptError, match="unreadable"):
      ledger.charge("ada", None, 0.1)


def test_a_newer_schema_is_refused(path):
  Ledger.open(path).close()
  edit(path, f"PRAGMA user_version={len(schema.MIGRATIONS) + 1}")
  with pytest.raises(errors.LedgerVersionError, match="Upgrade privai-tf"):
    Ledger.open(path)


def test_an_older_schema_is_upgraded_with_its_charges(path, monkeypatch):
  with Ledger.open(path, default_epsilon=1) as ledger:
    ledger.charge("ada", None, 0.5)
  newer = [*schema.MIGRATIONS, "ALTER TABLE releases ADD COLUMN remark TEXT"]
  monkeypatch.setattr(schema, "MIGRATIONS", newer)
  with Ledger.open(path) as ledger:
    assert ledger.remaining("ada").epsilon == 0.5
    assert ledger.charge("ada", None, 0.25).remaining.epsilon == 0.25
  monkeypatch.undo()
  with pytest.raises(errors.LedgerVersionError):
    Ledger.open(path)


def test_a_failed_upgrade_changes_nothing(path, monkeypatch):
  Ledger.open(path).close()
  before = path.read_bytes()
  broken = [*schema.MIGRATIONS, "CREATE TABLE extra (x); INSERT INTO nowhere VALUES (1)"]
  monkeypatch.setattr(schema, "MIGRATIONS", broken)
  with pytest.raises(errors.LedgerError):
    Ledger.open(path)
  monkeypatch.undo()
  assert path.read_bytes() == before
  Ledger.open(path).close()


def test_a_clock_that_runs_backwards_is_refused(path):
  now = [1_000_000.0]
  with Ledger.open(path, default_epsilon=1, clock=lambda: now[0]) as ledger:
    ledger.charge("ada", None, 0.1)
    now[0] -= 0.5  # a correction by a time server
    ledger.charge("ada", None, 0.1)
    for wrong in (now[0] - 3600, math.nan):
      now[0], right = wrong, now[0]
      with pytest.raises(errors.LedgerClockError, match="accept_clock"):
        ledger.charge("ada", None, 0.1)
      with pytest.raises(errors.LedgerClockError):
        ledger.grant("ada", 100)
      now[0] = right
    assert ledger.remaining("ada").releases == 2
    now[0] -= 3600
    ledger.accept_clock()
    ledger.charge("ada", None, 0.1)
    times = [row["time"] for row in ledger.releases()]
  assert times[0] == times[1] == 1_000_000.0


def test_a_replaced_file_is_refused(path):
  with Ledger.open(path, default_epsilon=1) as ledger:
    path.rename(path.with_suffix(".old"))
    with pytest.raises(errors.LedgerReadOnlyError):
      ledger.charge("ada", None, 0.1)
    Ledger.open(path).close()
    with pytest.raises(errors.LedgerReplacedError, match="Run again"):
      ledger.charge("ada", None, 0.1)


def test_errors_are_one_line_and_ours():
  for name in errors.__all__:
    kind = getattr(errors, name)
    if name.endswith("Error"):
      assert issubclass(kind, PrivaiError)


def test_threads_take_turns(path):
  with Ledger.open(path, default_epsilon=1) as ledger:
    outcomes = []

    def work():
      for _ in range(10):
        try:
          ledger.charge("ada", None, 0.05)
          outcomes.append(True)
        except errors.BudgetExceededError:
          outcomes.append(False)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
      thread.start()
    for thread in threads:
      thread.join()
    assert (outcomes.count(True), outcomes.count(False)) == (20, 20)


def test_a_forked_child_uses_its_own_connection(path):
  with Ledger.open(path, default_epsilon=1) as ledger:
    ledger.charge("ada", None, 0.1)
    child = os.fork()
    if child == 0:
      code = 1
      try:
        ledger.charge("ada", None, 0.2)
        code = 0
      finally:
        os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    assert ledger.charge("ada", None, 0.1).remaining.epsilon == 0.6
