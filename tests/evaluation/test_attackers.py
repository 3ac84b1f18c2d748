"""Attackers on synthetic releases: each reaches what is known, and the ceiling is one."""

import numpy as np
import pytest
from scipy import stats

from privai_tf.errors import ConfigurationError
from privai_tf.evaluation.attackers import ATTACKERS, Known, Observed, make_attacker
from privai_tf.evaluation.attackers.bayes import ceiling
from privai_tf.evaluation.experiments.intervals import mean, share
from privai_tf.privacy.accounting.attackers import attacker_bound, best_attacker
from privai_tf.privacy.grid import from_grid
from privai_tf.privacy.mechanisms import make_mechanism
from privai_tf.privacy.plan import Block

_FACES = 4000


class _Prepared:
  """All that attackers on coordinates look at."""

  def __init__(self, mechanism):
    self.mechanism, self.blocks = mechanism, (Block([0], mechanism),)


def _ends(count: int) -> tuple[np.ndarray, np.ndarray]:
  """Coordinates at both ends of the clip set [-1, 1], half of each, and their sides."""
  sides = np.arange(count) % 2 == 0
  return np.where(sides, 1.0, -1.0)[:, np.newaxis], sides


def _observed(mechanism, numbers: np.ndarray, releases: int = 1) -> Observed:
  encoded = mechanism.encode(numbers)
  noisy = np.stack([from_grid(mechanism.noisy(encoded)) for _ in range(releases)])
  return Observed(noisy, noisy)


@pytest.mark.parametrize("name", ["laplace", "gaussian", "exponential", "randomized_response"])
def test_the_ceiling_at_the_clip_sets_ends_is_the_closed_form(name):
  delta = 1e-5 if name == "gaussian" else 0.0
  made = make_mechanism(name, epsilon=1.0, delta=delta, clip_radius=1.0, side_distance=1.0)
  numbers, sides = _ends(200)
  assert ceiling(made, numbers, sides) == pytest.approx(best_attacker(name, 1.0, delta), abs=2e-3)


def test_the_ceiling_is_below_the_promise_for_faces_that_are_closer():
  samples = stats.norm.ppf((np.arange(1000) + 0.5) / 1000)
  made = make_mechanism("extremal", epsilon=1.0, samples=samples)
  assert 0.6 < ceiling(made, samples[:, np.newaxis], samples > 0) < attacker_bound(1.0)


@pytest.mark.parametrize("name", ["laplace", "randomized_response"])
def test_bayes_reaches_the_ceiling_and_learners_do_not_exceed_it(name):
  made = make_mechanism(name, epsilon=1.0, clip_radius=1.0, side_distance=1.0)
  numbers, sides = _ends(_FACES)
  known = Known(_Prepared(made), numbers[:500], sides[:500])
  seen = _observed(made, numbers)
  half = np.arange(_FACES) < _FACES // 2
  best = best_attacker(name, 1.0)
  # One in 10^6 runs at most for each of the two comparisons: 5 standard deviations.
  slack = 5 * 0.5 / np.sqrt(_FACES // 2)
  for attacker_name in ("bayes", "boosting", "linear"):
    attacker = make_attacker(attacker_name, known)
    attacker.fit(seen.rows(half), seen.rows(half), sides[half])
    accuracy = (attacker.guess(seen.rows(~half)) == sides[~half]).mean()
    assert accuracy < best + slack
    if attacker_name == "bayes":
      assert accuracy > best - slack


def test_many_releases_are_multiplied_or_averaged():
  made = make_mechanism("laplace", epsilon=0.5, clip_radius=1.0)
  numbers, sides = _ends(1000)
  known = Known(_Prepared(made), numbers[:100], sides[:100])
  for name in ("bayes", "averaging"):
    accuracies = []
    for releases in (1, 64):
      seen, attacker = _observed(made, numbers, releases), make_attacker(name, known)
      attacker.fit(seen, seen, sides)
      accuracies.append((attacker.guess(seen) == sides).mean())
    assert accuracies[1] > 0.85
    assert accuracies[1] > accuracies[0] + 0.1


def test_two_sided_reads_clipped_noise_where_the_sign_alone_does_not():
  """tau exceeds every coordinate, so most releases tell them exactly."""
  random = np.random.default_rng(0)
  numbers = random.normal(size=(2000, 1)) * 0.4
  sides = numbers[:, 0] > 0
  made = make_mechanism("reference_postclip", epsilon=0.2, delta=1e-5, clip_radius=1.5)
  known = Known(_Prepared(made), numbers[:1000], sides[:1000])
  seen = _observed(made, numbers).rows(np.arange(1000, 2000))
  attacker = make_attacker("two_sided", known)
  attacker.fit(seen, seen, sides[1000:])
  assert (attacker.guess(seen) == sides[1000:]).mean() > 0.93
  assert ((seen.noisy[0, :, 0] > 0) == sides[1000:]).mean() < 0.65
  laplace = Known(
    _Prepared(make_mechanism("laplace", epsilon=1.0, clip_radius=1.0)), numbers, sides
  )
  with pytest.raises(ConfigurationError, match="laplace clips no noise"):
    make_attacker("two_sided", laplace)


def test_majority_is_right_half_of_the_time_and_fixed_learns_on_originals():
  numbers, sides = _ends(400)
  originals, releases = Observed(numbers[np.newaxis]), Observed(-numbers[np.newaxis])
  for name, accuracy in (("majority", 0.5), ("fixed", 0.0), ("linear", 1.0)):
    attacker = make_attacker(name, Known(None, numbers, sides))
    attacker.fit(originals, releases, sides)
    assert (attacker.guess(releases) == sides).mean() == accuracy


@pytest.mark.very_slow
def test_networks_learn_a_picture_of_any_size():
  sides = np.arange(160) % 2 == 0
  pictures = (
    np.zeros((160, 32, 32, 3), np.float32) + np.where(sides, 0.5, -0.5)[:, None, None, None]
  )
  nothing = np.zeros((1, 160, 1))
  seen, grey = Observed(nothing, pictures=lambda: pictures), Observed(nothing)
  for name in ("network", "fixed_network"):
    attacker = make_attacker(name, Known(None, nothing[0], sides))
    attacker.fit(seen, seen if name == "network" else grey, sides)
    assert (attacker.guess(seen) == sides).mean() > 0.9


def test_names_are_looked_up():
  assert all(name == attacker.name for name, attacker in ATTACKERS.items())
  with pytest.raises(ConfigurationError, match="use one of majority"):
    make_attacker("nonsense", Known(None, np.zeros((0, 1)), np.zeros(0, bool)))


def test_intervals_hold_what_they_say():
  assert str(share(50, 100)) == "50.0% [36.9, 63.1]"
  found = mean(np.random.default_rng(1).normal(size=2000))
  assert found.low < found.value < found.high
  assert found.high - found.low == pytest.approx(2 * 2.576 / np.sqrt(2000), rel=0.15)
