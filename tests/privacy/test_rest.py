"""The noise of the rest: exact, within its share of the total, and enough for what it covers."""

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.accounting import compose
from privai_tf.privacy.rest import (
  REST_CELLS,
  rest_cost,
  rest_from_grid,
  rest_noise,
  rest_to_grid,
  rounding_radius,
)
from privai_tf.privacy.sampling.source import SystemSource

_RHO = 2.0**-17


@pytest.mark.parametrize("epsilon", [1e-6, 0.001, 0.01, 0.1, 1.0, 2.0, 8.0, 500.0])
def test_the_share_is_small_and_never_rounded_up(epsilon):
  cost = rest_cost(epsilon)
  assert 0 < Fraction(cost) <= Fraction(epsilon) / 4
  assert cost <= 0.04
  if epsilon >= 0.125:
    assert cost <= epsilon / 50


def test_an_epsilon_too_small_to_share_is_refused():
  with pytest.raises(ConfigurationError, match="shares it between the coordinate and the rest"):
    rest_noise(1e-6, 0.0, 4, _RHO, 1.0)


@pytest.mark.parametrize("dimensions", [1, 13, 500])
@pytest.mark.parametrize("lipschitz", [1.0, 2.5])
def test_pure_noise_covers_every_pair_that_differs_by_rho(dimensions, lipschitz):
  """In rationals: the largest L1 distance on the grid over the scale is at most epsilon."""
  noise = rest_noise(1.0, 0.0, dimensions, _RHO, lipschitz)
  distance = math.sqrt(dimensions) * _RHO * lipschitz * REST_CELLS
  steps = math.floor(distance) + dimensions  # Rounding both sides: one step a number.
  assert Fraction(steps) / noise.scale_steps <= Fraction(noise.epsilon)
  assert noise.delta == 0
  assert compose([noise.event()], 0.0) == pytest.approx(noise.epsilon, rel=1e-9)
  # And not more than it must: a quarter of it would break the promise.
  assert Fraction(steps) / (noise.scale_steps / 4) > Fraction(noise.epsilon)


def test_gaussian_noise_where_there_is_a_delta():
  noise = rest_noise(1.0, 1e-5, 13, _RHO, 1.5)
  assert 0 < noise.delta <= 1e-6
  least = (_RHO * 1.5 * REST_CELLS + math.sqrt(13)) * math.sqrt(2 * math.log(1 / noise.delta))
  assert noise.sigma_steps > 0.5 * least / noise.epsilon
  assert compose([noise.event()], noise.delta) <= noise.epsilon * (1 + 1e-9)


@pytest.mark.parametrize("delta", [0.0, 1e-5])
def test_draws_follow_the_stated_distribution(delta):
  """Kolmogorov-Smirnov over 30,000 numbers; fails by chance with probability 1e-8 for each delta."""
  noise = rest_noise(1.0, delta, 4, _RHO, 1.0)
  rest = np.full((7500, 4), 12345, np.int64)
  drawn = (noise.draw(rest, SystemSource()) - rest).ravel() / REST_CELLS
  name = "laplace" if delta == 0 else "norm"
  assert stats.kstest(drawn, name, args=(0, noise.noise_scale)).pvalue > 1e-8


def test_the_grid_is_fine_and_saturates():
  values = np.array([0.0, 1.5, -(2.0**-25) * 1.2, 1e30, -1e30])
  again = rest_from_grid(rest_to_grid(values))
  np.testing.assert_allclose(again[:3], values[:3], atol=2.0**-25)
  np.testing.assert_array_equal(again[3:], [2.0**24, -(2.0**24)])


def test_rho_covers_rounding_to_float32():
  random = np.random.default_rng(0)
  codes = random.normal(size=(500, 512)) + 3
  moved = np.linalg.norm(codes.astype(np.float32) - codes, axis=1)
  rho = rounding_radius(codes.astype(np.float32))
  assert moved.max() <= rho
  assert math.log2(rho) == int(math.log2(rho))
  assert rho < 20 * moved.max()
