"""Additive noise is as large as its promise needs, by exact sums, and every event states its cost."""

import math
from fractions import Fraction

import numpy as np
import pytest

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.accounting import (
  attacker_bound,
  compose,
  gaussian_delta,
  gaussian_multiplier,
  joint_bound,
  laplace_delta,
)
from privai_tf.privacy.grid import CELLS
from privai_tf.privacy.mechanisms import mechanism_class, mechanism_names
from privai_tf.privacy.mechanisms.gaussian import discrete_sigma
from privai_tf.privacy.mechanisms.laplace import laplace_steps

_SMALLEST = 2.0**-8  # the least clip radius: 256 steps


def _curve(first, second, epsilon):
  """Hockey-stick divergence of two probability vectors."""
  return float(np.maximum(first - math.exp(epsilon) * second, 0).sum())


@pytest.mark.parametrize("epsilon", [0.1, 0.5, 1.0, 4.0, 20.0])
@pytest.mark.parametrize("radius", [_SMALLEST, 0.7, 3.0])
def test_laplace_scale_is_never_less_than_asked(simple_mechanism, epsilon, radius):
  mechanism = simple_mechanism("laplace", epsilon, radius)
  assert mechanism.clip_radius >= radius
  exact = Fraction(2 * mechanism.radius_steps) / Fraction(epsilon)
  assert exact < mechanism.scale_steps <= exact * (1 + Fraction(1, 10)) + Fraction(1, 100)
  assert mechanism.noise_scale >= mechanism.sensitivity / epsilon
  assert Fraction(1) / Fraction(mechanism.event().noise_multiplier) >= Fraction(epsilon)


@pytest.mark.parametrize("steps", [1, 2, 3, 10, 51])
@pytest.mark.parametrize("epsilon", [0.3, 1.0])
def test_integer_laplace_noise_obeys_the_continuous_curve(steps, epsilon):
  """What `laplace_steps` claims: its event, continuous noise, is an upper bound everywhere."""
  scale = float(laplace_steps(Fraction(steps), Fraction(epsilon)))
  reach = np.arange(-int(60 * scale) - steps, int(60 * scale) + 2 * steps + 1)
  first = np.exp(-np.abs(reach) / scale)
  second = np.exp(-np.abs(reach - steps) / scale) / first.sum()
  first = first / first.sum()
  for level in np.linspace(0, 1.1 * epsilon, 45):
    assert _curve(first, second, level) <= laplace_delta(level, epsilon) + 1e-14


@pytest.mark.parametrize("shares", [(3, 4), (6, 1), (2, 2, 3)])
def test_one_shift_along_an_axis_is_the_worst_for_laplace_noise_on_many(shares):
  """Why one axis' event stands for k: a shift shared among axes has a lower curve everywhere."""
  total, scale = sum(shares), 2.5

  def losses(shift):
    """Distribution of s, which the privacy loss (shift - 2s) / t of one axis is made of."""
    q = math.exp(-1 / scale)
    masses = (1 - q) / (1 + q) * q ** np.arange(shift + 1)
    masses[0], masses[-1] = 1 / (1 + q), q**shift / (1 + q)
    assert abs(masses.sum() - 1) < 1e-12
    return masses

  shared = np.ones(1)
  for share in shares:
    shared = np.convolve(shared, losses(share))
  loss = (total - 2 * np.arange(total + 1)) / scale
  for level in np.linspace(-3, 3, 121):
    gain = np.maximum(1 - np.exp(level - loss), 0)
    assert gain @ shared <= gain @ losses(total) + 1e-14
  # At the points between which both are linear, two axes differ by the formula of `Laplace.event`.
  if len(shares) == 2:
    for s in range(total + 1):
      gain = np.maximum(1 - np.exp(loss[s] - loss), 0)
      overlap = min(s, *shares, total - s)
      factor = gain @ (losses(total) - shared) / math.exp(-s / scale)
      q = math.exp(-1 / scale)
      assert factor == pytest.approx(overlap * (1 - q * q) / (1 + q) ** 2, abs=1e-12)


@pytest.mark.parametrize(
  ("epsilon", "delta", "shift"),
  [
    (1.0, 1e-5, (10,)),
    (0.3, 1e-3, (5,)),
    (4.0, 1e-8, (40,)),
    (1.0, 1e-4, (6, 8)),
    (2.0, 1e-6, (20, 15)),
  ],
)
def test_integer_gaussian_noise_is_private_as_asked(epsilon, delta, shift):
  """The exact curve of the discrete Gaussian, summed, on grids as coarse as they are allowed."""
  sensitivity = math.hypot(*shift)
  sigma = discrete_sigma(epsilon, delta, sensitivity, len(shift))
  assert sigma >= gaussian_multiplier(epsilon, delta) * sensitivity
  side = np.arange(-12 * sigma, 12 * sigma + 1)
  axis = [np.exp(-((side + step) ** 2) / (2 * sigma**2)) for step in (0, *shift)]
  total = axis[0].sum()
  first, second = axis[0] / total, axis[1] / total
  if len(shift) == 2:
    first = np.outer(first, first)
    second = np.outer(second, axis[2] / total)
  assert _curve(first, second, epsilon) <= delta


def test_gaussian_refuses_a_grid_that_is_too_coarse():
  with pytest.raises(ConfigurationError, match="smaller epsilon"):
    discrete_sigma(50.0, 1e-5, 10.0, 1)


@pytest.mark.parametrize("dimensions", [1, 3, 512])
@pytest.mark.parametrize("epsilon", [0.5, 1.0, 8.0])
def test_gaussian_scale_is_the_analytic_one_rounded_up(simple_mechanism, dimensions, epsilon):
  mechanism = simple_mechanism("gaussian", epsilon, 3.0, dimensions)
  share = math.sqrt(dimensions) / CELLS if dimensions > 1 else 0.0
  assert mechanism.sensitivity == 2 * mechanism.clip_radius + share
  least = gaussian_multiplier(epsilon, 1e-5) * mechanism.sensitivity
  assert least <= mechanism.noise_scale <= least * (1 + 1e-5) + 1 / CELLS
  multiplier = mechanism.event().noise_multiplier
  assert multiplier <= mechanism.noise_scale / mechanism.sensitivity
  assert gaussian_delta(epsilon, multiplier) <= 1e-5


def test_classic_gaussian_is_the_textbook_formula(simple_mechanism):
  mechanism = simple_mechanism("gaussian_classic", 1.0, 2.0)
  textbook = math.sqrt(2 * math.log(1.25e5)) * 4
  assert textbook <= mechanism.noise_scale <= textbook + 1 / CELLS
  assert mechanism.noise_scale > simple_mechanism("gaussian", 1.0, 2.0).noise_scale


@pytest.mark.parametrize("name", mechanism_names())
def test_every_mechanism_states_its_cost(simple_mechanism, name):
  """One release costs what was asked for; what has no plain epsilon cannot be charged as one."""
  event = simple_mechanism(name, 0.75).event()
  delta = 0.0 if mechanism_class(name).pure else 1e-5
  if name in ("metric_laplace", "reference_postclip"):
    with pytest.raises(ConfigurationError, match="cannot be bounded"):
      compose([event], delta)
  elif name == "gaussian_classic":
    assert 0 < compose([event], delta) < 0.75
  else:
    assert compose([event], delta) == pytest.approx(0.75, rel=1e-6)


@pytest.mark.parametrize("epsilon", [0.1, 1.0, 5.0])
def test_the_distance_of_two_inputs_outputs_is_what_enumeration_finds(simple_mechanism, epsilon):
  """On the coarsest clip set, 512 steps: exact for `exponential`, an upper bound for `laplace`."""
  for name in ("exponential", "laplace"):
    mechanism = simple_mechanism(name, epsilon, 2.0**-8)
    radius, scale = mechanism.radius_steps, float(mechanism.scale_steps)
    places = np.arange(-radius, radius + 1)
    if name == "laplace":
      far = int(60 * scale)
      places = np.arange(-far, far + 1)
    rows = [np.exp(-np.abs(places - end) / scale) for end in (-radius, radius)]
    first, second = (row / row.sum() for row in rows)
    distance = np.maximum(first - second, 0).sum()
    assert distance - 1e-12 <= mechanism.total_variation <= distance + 0.3 / scale
    if name == "exponential":
      assert mechanism.total_variation == pytest.approx(distance, rel=1e-9)


def test_no_attacker_is_better_than_the_joint_bound():
  parts = [0.0, 0.4, 0.25]
  assert joint_bound(parts, 3.0) == pytest.approx((1 + 1 - 0.6 * 0.75) / 2)
  assert joint_bound([0.0], 1.0) == pytest.approx(0.5)
  assert joint_bound([0.999], 1.0) == attacker_bound(1.0)
  # Two independent bits, each kept with probability 0.7: by enumeration.
  kept = np.array([0.7, 0.3])
  first, second = np.outer(kept, kept), np.outer(1 - kept, 1 - kept)
  assert np.abs(first - second).sum() / 2 <= 2 * joint_bound([0.4, 0.4], 9.0) - 1
