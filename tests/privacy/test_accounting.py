"""Calibration never gives less privacy than asked; composition never reports less than is spent."""

import math
import subprocess
import sys

import dp_accounting
import numpy as np
import pytest
from dp_accounting.pld import privacy_loss_distribution
from hypothesis import given, settings
from hypothesis import strategies as st

from privai_tf.errors import ConfigurationError
from privai_tf.privacy import accounting
from privai_tf.privacy.accounting import (
  PrivacyParameters,
  compose,
  compose_delta,
  loss_distribution,
  losses,
)
from privai_tf.privacy.accounting.loss_distribution import _discrete_laplace_curve

LAPLACE = dp_accounting.LaplaceDpEvent
GAUSSIAN = dp_accounting.GaussianDpEvent


def exact_gaussian_delta(epsilon, multiplier):
  mpmath = pytest.importorskip("mpmath")
  with mpmath.workdps(50):
    epsilon, sigma = mpmath.mpf(epsilon), mpmath.mpf(multiplier)
    high = mpmath.ncdf(1 / (2 * sigma) - epsilon * sigma)
    return high - mpmath.exp(epsilon) * mpmath.ncdf(-1 / (2 * sigma) - epsilon * sigma)


@settings(max_examples=60, deadline=None)
@given(st.floats(-3, 1.5), st.floats(-12, -1))
def test_gaussian_noise_is_never_less_than_needed_nor_much_more(log_epsilon, log_delta):
  epsilon, delta = 10**log_epsilon, 10**log_delta
  multiplier = accounting.gaussian_multiplier(epsilon, delta)
  assert exact_gaussian_delta(epsilon, multiplier) <= delta
  assert exact_gaussian_delta(epsilon, multiplier * (1 - 1e-9)) > delta
  back = accounting.gaussian_epsilon(delta, multiplier)
  assert exact_gaussian_delta(back, multiplier) <= delta
  assert back == pytest.approx(epsilon, rel=1e-6, abs=1e-9)


def test_gaussian_sigma_scales_with_the_sensitivity():
  assert accounting.gaussian_sigma(1, 1e-5) == pytest.approx(3.730631634815942, rel=2e-13)
  assert accounting.gaussian_sigma(1, 1e-5, 6.0) >= 6 * accounting.gaussian_sigma(1, 1e-5)


@pytest.mark.parametrize("releases", [1, 2, 10])
@pytest.mark.parametrize("delta", [0.0, 1e-5])
def test_noise_for_n_releases_meets_the_target_and_is_not_wasteful(releases, delta):
  multiplier = accounting.laplace_multiplier(1.0, delta, releases)
  assert compose([LAPLACE(multiplier)] * releases, delta) <= 1 + 1e-12
  assert compose([LAPLACE(multiplier * 0.999)] * releases, delta) > 1
  each = accounting.pure_epsilon(1.0, delta, releases)
  assert compose([accounting.pure_event(each)] * releases, delta) <= 1 + 1e-12
  assert compose([accounting.pure_event(each * 1.001)] * releases, delta) > 1
  if delta:
    multiplier = accounting.gaussian_multiplier(1.0, delta, releases)
    assert compose([GAUSSIAN(multiplier)] * releases, delta) <= 1 + 1e-11


def test_mixed_sequences_lie_between_their_parts_and_plain_addition():
  events = [LAPLACE(2.0), GAUSSIAN(4.0), accounting.pure_event(0.3), PrivacyParameters(0.2, 1e-6)]
  total = compose(events, 1e-5)
  alone = [compose([event], 1e-5) for event in events]
  assert max(alone) < total <= 0.5 + 0.3 + 0.2 + compose([GAUSSIAN(4.0)], 9e-6) + 1e-9
  # Order and nesting do not matter.
  nested = dp_accounting.ComposedDpEvent(events[1:])
  assert compose([nested, events[0]], 1e-5) == pytest.approx(total, abs=1e-12)
  # The curve read the other way round.
  assert compose_delta(events, total) == pytest.approx(1e-5, rel=1e-3)


@pytest.mark.parametrize(
  "events",
  [
    [GAUSSIAN(2.0)] * 5,
    [LAPLACE(5.0)] * 20,
    [LAPLACE(5.0)] * 10 + [GAUSSIAN(3.0)] * 2,
  ],
)
def test_renyi_accounting_is_the_looser_cross_check(events):
  tight, renyi = compose(events, 1e-5), accounting.compose_rdp(events, 1e-5)
  assert tight <= renyi <= 1.4 * tight


def test_worst_case_of_pure_claims_bounds_laplace_from_above():
  for count in (1, 3, 10):
    for epsilon in (0.0, 0.5, 1.5):
      laplace = compose_delta([LAPLACE(2.0)] * count, epsilon)
      assert laplace <= compose_delta([PrivacyParameters(0.5)] * count, epsilon) + 1e-9
      assert laplace <= accounting.pure_delta(epsilon, 0.5, count) + 1e-9


def test_a_shift_spread_over_axes_is_bounded_by_one_axis():
  """In L1 the worst neighbours differ along one axis: its curve bounds those of all splits."""
  for parts in ([0.5, 0.5], [0.8, 0.2], [0.25] * 4):
    events = [LAPLACE(1 / part) for part in parts]
    for epsilon in np.linspace(0, 0.9, 4):
      split = compose_delta(events, float(epsilon))
      assert split <= accounting.laplace_delta(float(epsilon), 1.0) + 1e-8


def test_discrete_laplace_curve_equals_brute_force():
  rate, shift = 0.3, 7
  outputs = np.arange(-300, 301)
  noise = math.tanh(rate / 2) * np.exp(-rate * np.abs(outputs))
  moved = math.tanh(rate / 2) * np.exp(-rate * np.abs(outputs - shift))
  losses = np.linspace(0, rate * shift, 40)
  brute = [np.maximum(noise - math.exp(loss) * moved, 0).sum() for loss in losses]
  np.testing.assert_allclose(_discrete_laplace_curve(losses, rate, shift), brute, atol=1e-12)


def test_discrete_laplace_event_is_the_limit_of_laplace():
  fine = accounting.discrete_laplace_event(2**17, 2**17)
  assert compose([fine] * 3, 1e-5) == pytest.approx(compose([LAPLACE(1.0)] * 3, 1e-5), abs=1e-7)
  coarse = accounting.discrete_laplace_event(2.0, 3)
  assert compose([coarse], 0.0) == pytest.approx(1.5)


def test_l2_laplace_is_laplace_on_one_axis_and_gains_from_many():
  assert accounting.l2_laplace_delta(0.3, 1.0, 1) == accounting.laplace_delta(0.3, 1.0)
  curve = [accounting.l2_laplace_delta(0.3, 1.0, k) for k in (1, 2, 5, 50)]
  assert sorted(curve, reverse=True) == curve


@pytest.mark.parametrize("epsilon", [0.1, 1.0, 4.0])
def test_no_exact_attacker_beats_the_bound(epsilon):
  bound = accounting.attacker_bound(epsilon)
  for mechanism in ("laplace", "l2_laplace", "metric_laplace", "exponential"):
    assert 0.5 < accounting.best_attacker(mechanism, epsilon) < bound
  assert accounting.best_attacker("randomized_response", epsilon) == bound
  gaussian = accounting.best_attacker("gaussian", epsilon, 1e-5)
  assert 0.5 < gaussian < accounting.attacker_bound(epsilon, 1e-5)


def test_exact_attackers_by_simulation():
  """200,000 draws a side: off by more than 0.005 with probability below 1e-5 in each comparison."""
  generator = np.random.default_rng(0)
  epsilon, count = 1.5, 200_000
  laplace = generator.laplace(scale=2 / epsilon, size=count) + 1 > 0
  assert laplace.mean() == pytest.approx(accounting.best_attacker("laplace", epsilon), abs=0.005)
  radius = generator.gamma(3, 1 / epsilon, count)
  direction = generator.standard_normal((count, 3))
  noise = radius[:, None] * direction / np.linalg.norm(direction, axis=1, keepdims=True)
  ball = noise[:, 0] + 0.5 > 0
  expected = accounting.best_attacker("l2_laplace", epsilon, dimensions=3)
  assert ball.mean() == pytest.approx(expected, abs=0.005)
  outputs = np.linspace(-1, 1, 20_001)
  weights = np.exp(-epsilon * np.abs(outputs - 1) / 2)
  side = weights[outputs > 0].sum() / weights.sum()
  assert side == pytest.approx(accounting.best_attacker("exponential", epsilon), abs=1e-3)


def test_large_losses_get_a_coarser_grid_and_small_ones_the_finest():
  steps = 4_000_000
  assert loss_distribution.choose_grid([(1.0, 100)], 1e-4, steps) == 1e-4
  # The sum of many keeps near its mean: a million of 0.01 reach no further than a few hundred.
  assert loss_distribution.choose_grid([(0.01, 1_000_000)], 1e-4, steps) == 1e-4
  for loss, count in ((50, 2), (200, 2), (5000, 1), (1, 1000)):
    grid = loss_distribution.choose_grid([(loss, count)], 1e-4, steps)
    assert loss / grid <= 50_000
    assert loss * count**0.5 / grid <= steps / 16
    assert grid > 1e-4


@pytest.mark.parametrize("count", [2, 10])
def test_a_coarser_grid_stays_an_upper_bound_and_hardly_looser(monkeypatch, count):
  events = [LAPLACE(1 / 4)] * count
  fine = compose(events, 1e-5)
  monkeypatch.setattr(loss_distribution, "_LARGEST_RELEASE", 2500)
  coarse = compose(events, 1e-5)
  assert fine < coarse < fine * (1 + 1e-6)


@pytest.mark.parametrize("multiplier", [0.5, 1.0, 10.0])
def test_our_laplace_distribution_is_the_accountants(multiplier, monkeypatch):
  """But for the margin that we add for the transforms' rounding."""
  monkeypatch.setattr(losses, "_NOISE", 0.0)
  ours = losses.added([(loss_distribution.event_losses(LAPLACE(multiplier), 1e-3), 3)])
  theirs = privacy_loss_distribution.from_laplace_mechanism(
    multiplier, value_discretization_interval=1e-3
  ).self_compose(3)
  for delta in (1e-3, 1e-5, 1e-8):
    expected = theirs.get_epsilon_for_delta(delta)
    assert ours.epsilon(delta) == pytest.approx(expected, rel=1e-11)


def test_many_different_scales_cost_no_less_than_as_many_of_the_largest_scale():
  events = [LAPLACE(float(scale)) for scale in np.linspace(5, 10, 64)]
  together = compose(events, 1e-5)
  assert compose([LAPLACE(10.0)] * 64, 1e-5) < together < compose([LAPLACE(5.0)] * 64, 1e-5)


def test_claims_with_a_delta_lose_everything_where_one_does():
  event = PrivacyParameters(0.1, 1e-8)
  lost = 1 - (1 - 1e-8) ** 100
  total = compose([event] * 100, 1e-5)
  left = compose([accounting.pure_event(0.1)] * 100, (1e-5 - lost) / (1 - lost))
  assert total == pytest.approx(left, rel=1e-9)
  assert compose_delta([event] * 100, total) == pytest.approx(1e-5, rel=1e-9)
  assert compose([dp_accounting.SelfComposedDpEvent(event, 10_000)], 1e-5) == math.inf


def test_infinite_where_nothing_holds():
  assert compose([GAUSSIAN(1.0)], 0.0) == math.inf
  assert compose([PrivacyParameters(1.0, 1e-3)], 1e-5) == math.inf
  assert compose([], 1e-5) == 0.0
  assert compose([dp_accounting.NoOpDpEvent()], 0.0) == 0.0


@pytest.mark.parametrize("event", [dp_accounting.NonPrivateDpEvent(), GAUSSIAN(0.0)])
def test_unbounded_events_are_refused(event):
  with pytest.raises(ConfigurationError):
    compose([event, event], 1e-5)


@pytest.mark.parametrize("epsilon", [math.nan, math.inf, -1.0, 0.0])
def test_bad_epsilon_is_refused(epsilon):
  for call in (
    lambda: accounting.attacker_bound(epsilon),
    lambda: accounting.gaussian_sigma(epsilon, 1e-5),
    lambda: accounting.pure_event(epsilon),
    lambda: PrivacyParameters(epsilon),
  ):
    with pytest.raises(ConfigurationError, match="epsilon"):
      call()


@pytest.mark.parametrize("delta", [math.nan, math.inf, -1e-9, 1.0])
def test_bad_delta_is_refused(delta):
  for call in (
    lambda: accounting.attacker_bound(1.0, delta),
    lambda: accounting.gaussian_sigma(1.0, delta),
    lambda: compose([LAPLACE(1.0)], delta),
  ):
    with pytest.raises(ConfigurationError, match="delta"):
      call()


def test_classic_calibration_is_refused_above_one():
  assert accounting.classic_multiplier(1.0, 1e-5) > accounting.gaussian_multiplier(1.0, 1e-5)
  with pytest.raises(ConfigurationError, match="use gaussian"):
    accounting.classic_multiplier(1.01, 1e-5)


def test_imports_are_late():
  code = (
    "import sys, privai_tf.privacy.accounting, privai_tf.ledger\n"
    "late = {'tensorflow', 'keras', 'scipy', 'dp_accounting'} & set(sys.modules)\n"
    "sys.exit(', '.join(late) or 0)"
  )
  subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_delta_of_one_gaussian_is_exact_and_of_two_kinds_that_of_both():
  alone = accounting.compose_delta([GAUSSIAN(4.0)], 0.2)
  assert alone == accounting.gaussian_delta(0.2, 4.0)
  both = accounting.compose_delta([GAUSSIAN(4.0), accounting.pure_event(0.3)], 0.2)
  assert accounting.compose([GAUSSIAN(4.0), accounting.pure_event(0.3)], both * 1.01) <= 0.2 + 1e-3
  assert both > 2 * alone
