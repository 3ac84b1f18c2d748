"""Each mechanism draws what it promises: by its exact distribution, and by samples.

Statistical tests here fail by chance with probability 1e-8 for each comparison (about 50 of them).
"""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from privai_tf.privacy.clipping import clip_integers
from privai_tf.privacy.grid import CELLS, to_grid
from privai_tf.privacy.mechanisms import mechanism_class, mechanism_names
from privai_tf.privacy.sampling import SystemSource

_FALSE_ALARM = 1e-8
_SMALLEST = 2.0**-8  # the least clip radius: 256 steps
_CLAMPED = ("exponential", "gaussian", "gaussian_classic", "l2_laplace", "laplace")


def _exponential_probabilities(mechanism, step):
  outputs = np.arange(-mechanism.radius_steps, mechanism.radius_steps + 1)
  weights = np.exp(-np.abs(outputs - step) / float(mechanism.scale_steps))
  return outputs, weights / weights.sum()


@pytest.mark.parametrize("epsilon", [0.01, 1.0, 4.0, 30.0])
def test_exponential_is_purely_private_between_any_two_inputs(simple_mechanism, epsilon):
  mechanism = simple_mechanism("exponential", epsilon, _SMALLEST)
  exact = Fraction(2 * mechanism.radius_steps) / Fraction(epsilon)
  assert exact <= mechanism.scale_steps <= exact + Fraction(1, 1024)
  tables = [_exponential_probabilities(mechanism, step)[1] for step in (-256, -100, 0, 17, 256)]
  ratios = [np.log(first / second).max() for first, second in itertools.permutations(tables, 2)]
  # Tight: at the ends all of epsilon is spent, up to the rounding of the scale.
  assert 0.99 * epsilon < max(ratios) <= epsilon + 1e-12


@pytest.mark.parametrize("radius", [1, 2, 3, 7, 12])
@pytest.mark.parametrize(
  "q", [Fraction(1, 50), Fraction(1, 2), Fraction(9, 10), Fraction(999, 1000)]
)
def test_exponential_weights_need_no_more_than_two_radii(radius, q):
  """In rationals, with q = exp(-1 / t): no probability ratio exceeds q^(-2R) = exp(2R / t)."""
  places = range(-radius, radius + 1)
  weights = {a: [q ** abs(o - a) for o in places] for a in places}
  table = {a: [w / sum(row) for w in row] for a, row in weights.items()}
  pairs = itertools.product(places, places)
  ratios = [p / other for a, b in pairs for p, other in zip(table[a], table[b], strict=True)]
  assert max(ratios) == q ** (-2 * radius)


@pytest.mark.parametrize("epsilon", [0.3, 6.0])
@pytest.mark.parametrize("step", [-256, 30])
def test_exponential_draws_its_exact_probabilities(simple_mechanism, epsilon, step):
  mechanism = simple_mechanism("exponential", epsilon, _SMALLEST)
  outputs, probabilities = _exponential_probabilities(mechanism, step)
  drawn = mechanism.release(np.full((30_000, 1), step))[:, 0]
  bins = np.searchsorted(np.cumsum(probabilities), np.linspace(0, 1, 31)[1:-1])
  expected = np.add.reduceat(probabilities, [0, *(bins + 1)]) * 30_000
  edges = outputs[bins] + 0.5
  counts = np.bincount(np.searchsorted(edges, drawn), minlength=len(expected))
  statistic = ((counts - expected) ** 2 / expected).sum()
  assert stats.chi2.sf(statistic, len(expected) - 1) > _FALSE_ALARM


def test_exponential_is_uniform_as_epsilon_vanishes(simple_mechanism):
  mechanism = simple_mechanism("exponential", 1e-6, 1.0)
  drawn = mechanism.release_values(np.full((7000, 1), 1.0))[:, 0]
  assert stats.kstest(drawn, "uniform", args=(-1, 2)).pvalue > _FALSE_ALARM


@pytest.mark.parametrize("epsilon", [0.1, 1.0, 3.0])
def test_randomized_response_says_one_of_two_public_values(simple_mechanism, epsilon):
  mechanism = simple_mechanism("randomized_response", epsilon)
  assert mechanism.side_values == (-0.5, 1.0)
  keep = math.exp(epsilon) / (1 + math.exp(epsilon))
  for value, side in ((0.26, 1.0), (9.0, 1.0), (0.25, -0.5), (-7.0, -0.5)):
    drawn = mechanism.release_values(np.full((6000, 1), value))
    assert set(drawn.ravel()) <= {-0.5, 1.0}
    kept = int((drawn == side).sum())
    assert stats.binomtest(kept, 6000, keep).pvalue > _FALSE_ALARM


def test_l2_laplace_on_one_axis_is_laplace(simple_mechanism):
  one, other = simple_mechanism("l2_laplace"), simple_mechanism("laplace")
  assert one.scale_steps == other.scale_steps
  assert one.event() == other.event()
  points = np.linspace(-9, 9, 7)[:, np.newaxis]
  np.testing.assert_allclose(
    one.distribution().log_prob(points), other.distribution().log_prob(points), rtol=1e-12
  )


@pytest.mark.parametrize("dimensions", [2, 5])
def test_l2_laplace_radius_and_scale(simple_mechanism, dimensions):
  mechanism = simple_mechanism("l2_laplace", 1.0, 2.0, dimensions)
  assert mechanism.noise_scale >= mechanism.sensitivity >= 4 + math.sqrt(dimensions) / CELLS
  noise = mechanism._noise(4500, SystemSource())
  radius = np.linalg.norm(noise, axis=1) / CELLS
  gamma = stats.gamma(dimensions, scale=mechanism.noise_scale)
  assert stats.kstest(radius, gamma.cdf).pvalue > _FALSE_ALARM


def test_metric_laplace_noise_depends_on_epsilon_only(simple_mechanism):
  mechanism = simple_mechanism("metric_laplace", 2.0, dimensions=2)
  assert 0.5 <= mechanism.noise_scale <= 0.5 * (1 + 1e-6)
  assert (mechanism.sensitivity, mechanism.clip_radius) == (None, None)
  far = np.full((1000, 2), 100.0)
  assert abs(np.median(mechanism.release_values(far)) - 100) < 0.5


def test_reference_keeps_the_coordinate_in_sight(simple_mechanism):
  mechanism = simple_mechanism("reference_postclip", 1.0, 0.5)
  drawn = mechanism.release_values(np.full((2000, 1), 40.0))[:, 0]
  at_ends = float(np.isin(drawn, [39.5, 40.5]).mean())
  assert set(np.abs(drawn - 40) <= 0.5) == {True}
  expected = 2 * stats.norm.sf(0.5 / mechanism.noise_scale)
  assert abs(at_ends - expected) < 0.06
  assert mechanism.sensitivity is None


@pytest.mark.parametrize("name", _CLAMPED)
def test_outputs_lie_in_the_clip_set_exactly(simple_mechanism, name):
  for dimensions in (1, 4) if name != "exponential" else (1,):
    mechanism = simple_mechanism(name, 0.5, 1.3, dimensions)
    wild = np.full((300, dimensions), 2**60)
    wild[:100] = 0
    wild[100:200] = -(2**60)
    outputs = mechanism.release(wild)
    limit = mechanism.radius_steps
    if mechanism.norm == "l1":
      assert int(np.abs(outputs).sum(axis=1).max()) <= limit
    else:
      assert max(sum(int(v) ** 2 for v in row) for row in outputs) <= limit**2


@pytest.mark.parametrize("name", sorted({*_CLAMPED, "metric_laplace", "randomized_response"}))
def test_simulation_and_release_agree(simple_mechanism, name):
  """The density of plots and simulations is that of what is released."""
  tf = pytest.importorskip("tensorflow")
  for dimensions in (1, 3):
    limit = mechanism_class(name).largest_dimensions
    if limit is not None and dimensions > limit:
      continue
    mechanism = simple_mechanism(name, 1.0, 1.0, dimensions)
    inputs = np.full((6000, dimensions), 0.8 / dimensions)
    simulated = mechanism.simulate(tf.constant(inputs), tf.constant([1, dimensions])).numpy()
    released = mechanism.release_values(inputs)
    for view in (lambda x: x[:, 0], lambda x: np.linalg.norm(x, axis=1)):
      # To 2^-12, so that clamped points of the two fall on one another.
      first, second = (np.rint(view(x) * 4096) for x in (simulated, released))
      assert stats.ks_2samp(first, second, method="asymp").pvalue > _FALSE_ALARM


def test_densities_integrate_to_one(simple_mechanism):
  line = np.linspace(-60, 60, 240_001)[:, np.newaxis]
  for name in ("laplace", "gaussian", "l2_laplace"):
    density = np.exp(simple_mechanism(name, 4.0, 1.0).distribution().log_prob(line))
    assert abs(np.trapezoid(density, line[:, 0]) - 1) < 1e-4
  exponential = simple_mechanism("exponential", 3.0, 1.0)
  inside = np.linspace(-1, 1, 20_001)[:, np.newaxis]
  for center in (-1.0, 0.3):
    distribution = exponential.distribution(np.array([center]))
    density = np.exp(distribution.log_prob(inside))
    assert abs(np.trapezoid(density, inside[:, 0]) - 1) < 1e-6
    assert distribution.log_prob(np.array([1.001])).numpy() == -math.inf
  axis = np.linspace(-12, 12, 481)
  plane = np.stack(np.meshgrid(axis, axis), axis=-1)
  density = np.exp(simple_mechanism("l2_laplace", 4.0, 1.0, 2).distribution().log_prob(plane))
  assert abs(density.sum() * (axis[1] - axis[0]) ** 2 - 1) < 2e-3


def test_encode_clips_before_it_rounds(simple_mechanism):
  mechanism = simple_mechanism("laplace", 1.0, 2.0)
  assert mechanism.encode(np.array([[5.0], [-1e300], [0.1]])).tolist() == [
    [2 * CELLS],
    [-2 * CELLS],
    [int(to_grid(0.1))],
  ]


@pytest.mark.parametrize("dimensions", [1, 3])
@pytest.mark.parametrize("name", ["laplace", "l2_laplace", "gaussian", "gaussian_classic"])
def test_release_clips_whatever_integers_it_is_handed(
  simple_mechanism, name, dimensions, pinned_source
):
  """Rounding an encoded row to the grid can lift it out of the ball: the release itself must clip."""
  mechanism = simple_mechanism(name, dimensions=dimensions)
  far = np.full((1, dimensions), 40 * mechanism.radius_steps)
  edge = clip_integers(far, mechanism.radius_steps, mechanism.norm)
  assert (edge < far).all()
  released = [mechanism.release(row, pinned_source(5)) for row in (far, edge)]
  np.testing.assert_array_equal(*released)


@pytest.mark.parametrize("name", mechanism_names())
def test_a_release_is_its_noisy_number_clamped(simple_mechanism, name, pinned_source):
  """Of every mechanism, also of those that clip nothing."""
  mechanism = simple_mechanism(name)
  inputs = mechanism.encode(np.linspace(-9, 9, 40)[:, np.newaxis])
  noisy = mechanism.noisy(inputs, pinned_source(7))
  np.testing.assert_array_equal(mechanism.clamp(noisy), mechanism.release(inputs, pinned_source(7)))
