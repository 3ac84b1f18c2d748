"""Many pure releases: exact sums, sums by transform, and the search that turns them around."""

import dp_accounting
import pytest

from privai_tf.privacy import accounting
from privai_tf.privacy.accounting import (
  PrivacyParameters,
  compose,
  loss_distribution,
  losses,
  pure,
)

LAPLACE = dp_accounting.LaplaceDpEvent


@pytest.mark.parametrize("count", [1, 2, 7, 100])
@pytest.mark.parametrize("epsilon", [0.01, 1.0, 12.0])
def test_equal_pure_releases_cost_what_a_sum_in_high_precision_says(epsilon, count):
  mpmath = pytest.importorskip("mpmath")
  with mpmath.workdps(60):

    def exact(total):
      ways = [
        mpmath.binomial(count, flips)
        * (mpmath.exp((count - flips) * mpmath.mpf(epsilon)) - mpmath.exp(total + flips * epsilon))
        for flips in range(count + 1)
        if (count - 2 * flips) * epsilon > total
      ]
      return mpmath.fsum(ways) / (1 + mpmath.exp(mpmath.mpf(epsilon))) ** count

    for share in (0.0, 0.2, 0.9):
      total = share * epsilon * count
      assert exact(total) <= accounting.pure_delta(total, epsilon, count) <= exact(total) + 2e-13
    for delta in (1e-2, 1e-5, 1e-9):
      total = accounting.pure_composed(delta, epsilon, count)
      assert exact(mpmath.mpf(total)) <= delta
      assert total == 0 or exact(mpmath.mpf(total) * (1 - mpmath.mpf(1e-10))) > delta


@pytest.mark.parametrize("count", [10, 1000, 100_000])
@pytest.mark.parametrize("delta", [1e-3, 1e-7, 1e-9])
def test_sums_by_transform_are_never_below_the_binomial_ones(count, delta):
  """Without the margin for rounding, 10,000 at delta 1e-9 would be 1e-5 too low."""
  event = PrivacyParameters(0.01)
  step = loss_distribution.choose_grid([(0.01, count)], 1e-4, 400_000)
  together = losses.added([(loss_distribution.event_losses(event, step), count)]).epsilon(delta)
  exact = pure._losses(0.01, count).epsilon(delta)
  assert exact <= together <= exact * (1 + 2e-3)


def test_a_million_releases_cost_what_their_gaussian_limit_says():
  """Ten thousand nats of plain addition: losses far beyond a double's exponent, too."""
  for event, epsilon in ((accounting.pure_event(0.01), 0.01), (LAPLACE(100.0), 0.01)):
    total = compose([dp_accounting.SelfComposedDpEvent(event, 1_000_000)], 1e-5)
    assert total == pytest.approx(accounting.gaussian_epsilon(1e-5, 1 / (1000 * epsilon)), rel=5e-3)
  many = [dp_accounting.SelfComposedDpEvent(accounting.pure_event(0.5), 10_000)]
  assert 1200 < compose(many, 1e-5) < 1500


def test_many_pure_releases_get_many_times_the_plain_share():
  """The search starts at plain addition's share, and has to leave it far behind."""
  each = accounting.pure_epsilon(1.0, 1e-5, 1000)
  assert pure.pure_delta(1.0, each, 1000) <= 1e-5 < pure.pure_delta(1.0, each * 1.001, 1000)
  assert each > 4 / 1000
