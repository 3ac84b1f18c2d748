"""Each mechanism keeps its promise: by exact sums where the grid is small, by samples elsewhere.

Statistical tests here fail by chance with probability 1e-6 each (about 25 of them).
"""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.accounting import compose, gaussian_delta, gaussian_multiplier, laplace_delta
from privai_tf.privacy.clipping import clip_integers
from privai_tf.privacy.grid import CELLS, to_grid
from privai_tf.privacy.mechanisms import make_mechanism, mechanism_class, mechanism_names
from privai_tf.privacy.mechanisms.gaussian import discrete_sigma
from privai_tf.privacy.mechanisms.laplace import laplace_steps
from privai_tf.privacy.sampling import SystemSource

_FALSE_ALARM = 1e-6
_SMALLEST = 2.0**-8  # the least clip radius: 256 steps


def _make(name, epsilon=1.0, radius=2.0, dimensions=1):
  delta = 0.0 if mechanism_class(name).pure else 1e-5
  return make_mechanism(
    name,
    epsilon=epsilon,
    delta=delta,
    clip_radius=radius,
    dimensions=dimensions,
    threshold=0.25,
    side_distance=0.75,
  )


def _curve(first, second, epsilon):
  """Hockey-stick divergence of two probability vectors."""
  return float(np.maximum(first - math.exp(epsilon) * second, 0).sum())


@pytest.mark.parametrize("epsilon", [0.1, 0.5, 1.0, 4.0, 20.0])
@pytest.mark.parametrize("radius", [_SMALLEST, 0.7, 3.0])
def test_laplace_scale_is_never_less_than_asked(epsilon, radius):
  mechanism = _make("laplace", epsilon, radius)
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
def test_gaussian_scale_is_the_analytic_one_rounded_up(dimensions, epsilon):
  mechanism = _make("gaussian", epsilon, 3.0, dimensions)
  share = math.sqrt(dimensions) / CELLS if dimensions > 1 else 0.0
  assert mechanism.sensitivity == 2 * mechanism.clip_radius + share
  least = gaussian_multiplier(epsilon, 1e-5) * mechanism.sensitivity
  assert least <= mechanism.noise_scale <= least * (1 + 1e-5) + 1 / CELLS
  multiplier = mechanism.event().noise_multiplier
  assert multiplier <= mechanism.noise_scale / mechanism.sensitivity
  assert gaussian_delta(epsilon, multiplier) <= 1e-5


def test_classic_gaussian_is_the_textbook_formula():
  mechanism = _make("gaussian_classic", 1.0, 2.0)
  textbook = math.sqrt(2 * math.log(1.25e5)) * 4
  assert textbook <= mechanism.noise_scale <= textbook + 1 / CELLS
  assert mechanism.noise_scale > _make("gaussian", 1.0, 2.0).noise_scale


def _exponential_probabilities(mechanism, step):
  outputs = np.arange(-mechanism.radius_steps, mechanism.radius_steps + 1)
  weights = np.exp(-np.abs(outputs - step) / float(mechanism.scale_steps))
  return outputs, weights / weights.sum()


@pytest.mark.parametrize("epsilon", [0.01, 1.0, 4.0, 30.0])
def test_exponential_is_purely_private_between_any_two_inputs(epsilon):
  mechanism = _make("exponential", epsilon, _SMALLEST)
  assert mechanism.noise_scale >= 4 * mechanism.clip_radius / epsilon
  tables = [_exponential_probabilities(mechanism, step)[1] for step in (-256, -100, 0, 17, 256)]
  for first, second in itertools.permutations(tables, 2):
    assert np.log(first / second).max() <= epsilon + 1e-12


@pytest.mark.parametrize("epsilon", [1.0, 6.0])  # one with uniform, one with Laplace proposals
@pytest.mark.parametrize("step", [-256, 30])
def test_exponential_draws_its_exact_probabilities(epsilon, step):
  mechanism = _make("exponential", epsilon, _SMALLEST)
  outputs, probabilities = _exponential_probabilities(mechanism, step)
  drawn = mechanism.release(np.full((20_000, 1), step))[:, 0]
  bins = np.searchsorted(np.cumsum(probabilities), np.linspace(0, 1, 31)[1:-1])
  expected = np.add.reduceat(probabilities, [0, *(bins + 1)]) * 20_000
  edges = outputs[bins] + 0.5
  counts = np.bincount(np.searchsorted(edges, drawn), minlength=len(expected))
  statistic = ((counts - expected) ** 2 / expected).sum()
  assert stats.chi2.sf(statistic, len(expected) - 1) > _FALSE_ALARM


def test_exponential_is_uniform_as_epsilon_vanishes():
  mechanism = _make("exponential", 1e-6, 1.0)
  drawn = mechanism.release_values(np.full((5000, 1), 1.0))[:, 0]
  assert stats.kstest(drawn, "uniform", args=(-1, 2)).pvalue > _FALSE_ALARM


@pytest.mark.parametrize("epsilon", [0.1, 1.0, 3.0])
def test_randomized_response_says_one_of_two_public_values(epsilon):
  mechanism = _make("randomized_response", epsilon)
  assert mechanism.side_values == (-0.5, 1.0)
  keep = math.exp(epsilon) / (1 + math.exp(epsilon))
  for value, side in ((0.26, 1.0), (9.0, 1.0), (0.25, -0.5), (-7.0, -0.5)):
    drawn = mechanism.release_values(np.full((4000, 1), value))
    assert set(drawn.ravel()) <= {-0.5, 1.0}
    kept = int((drawn == side).sum())
    assert stats.binomtest(kept, 4000, keep).pvalue > _FALSE_ALARM


def test_l2_laplace_on_one_axis_is_laplace():
  one, other = _make("l2_laplace"), _make("laplace")
  assert one.scale_steps == other.scale_steps
  assert one.event() == other.event()
  points = np.linspace(-9, 9, 7)[:, np.newaxis]
  np.testing.assert_allclose(
    one.distribution().log_prob(points), other.distribution().log_prob(points), rtol=1e-12
  )


@pytest.mark.parametrize("dimensions", [2, 5])
def test_l2_laplace_radius_and_scale(dimensions):
  mechanism = _make("l2_laplace", 1.0, 2.0, dimensions)
  assert mechanism.noise_scale >= mechanism.sensitivity >= 4 + math.sqrt(dimensions) / CELLS
  noise = mechanism._noise(3000, SystemSource())
  radius = np.linalg.norm(noise, axis=1) / CELLS
  gamma = stats.gamma(dimensions, scale=mechanism.noise_scale)
  assert stats.kstest(radius, gamma.cdf).pvalue > _FALSE_ALARM


def test_metric_laplace_noise_depends_on_epsilon_only():
  mechanism = _make("metric_laplace", 2.0, dimensions=2)
  assert 0.5 <= mechanism.noise_scale <= 0.5 * (1 + 1e-6)
  assert (mechanism.sensitivity, mechanism.clip_radius) == (None, None)
  far = np.full((1000, 2), 100.0)
  assert abs(np.median(mechanism.release_values(far)) - 100) < 0.5


def test_reference_keeps_the_coordinate_in_sight():
  mechanism = _make("reference_postclip", 1.0, 0.5)
  drawn = mechanism.release_values(np.full((2000, 1), 40.0))[:, 0]
  at_ends = float(np.isin(drawn, [39.5, 40.5]).mean())
  assert set(np.abs(drawn - 40) <= 0.5) == {True}
  expected = 2 * stats.norm.sf(0.5 / mechanism.noise_scale)
  assert abs(at_ends - expected) < 0.06
  assert mechanism.sensitivity is None


_CLAMPED = ("exponential", "gaussian", "gaussian_classic", "l2_laplace", "laplace")


@pytest.mark.parametrize("name", _CLAMPED)
def test_outputs_lie_in_the_clip_set_exactly(name):
  for dimensions in (1, 4) if name != "exponential" else (1,):
    mechanism = _make(name, 0.5, 1.3, dimensions)
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
def test_simulation_and_release_agree(name):
  """The density of plots and simulations is that of what is released."""
  tf = pytest.importorskip("tensorflow")
  for dimensions in (1, 3):
    limit = mechanism_class(name).largest_dimensions
    if limit is not None and dimensions > limit:
      continue
    mechanism = _make(name, 1.0, 1.0, dimensions)
    inputs = np.full((4000, dimensions), 0.8 / dimensions)
    simulated = mechanism.simulate(tf.constant(inputs), tf.constant([1, dimensions])).numpy()
    released = mechanism.release_values(inputs)
    for view in (lambda x: x[:, 0], lambda x: np.linalg.norm(x, axis=1)):
      # To 2^-12, so that clamped points of the two fall on one another.
      first, second = (np.rint(view(x) * 4096) for x in (simulated, released))
      assert stats.ks_2samp(first, second, method="asymp").pvalue > _FALSE_ALARM


def test_densities_integrate_to_one():
  line = np.linspace(-60, 60, 240_001)[:, np.newaxis]
  for name in ("laplace", "gaussian", "l2_laplace"):
    density = np.exp(_make(name, 4.0, 1.0).distribution().log_prob(line))
    assert abs(np.trapezoid(density, line[:, 0]) - 1) < 1e-4
  exponential = _make("exponential", 3.0, 1.0)
  inside = np.linspace(-1, 1, 20_001)[:, np.newaxis]
  for center in (-1.0, 0.3):
    distribution = exponential.distribution(np.array([center]))
    density = np.exp(distribution.log_prob(inside))
    assert abs(np.trapezoid(density, inside[:, 0]) - 1) < 1e-6
    assert distribution.log_prob(np.array([1.001])).numpy() == -math.inf
  axis = np.linspace(-12, 12, 481)
  plane = np.stack(np.meshgrid(axis, axis), axis=-1)
  density = np.exp(_make("l2_laplace", 4.0, 1.0, 2).distribution().log_prob(plane))
  assert abs(density.sum() * (axis[1] - axis[0]) ** 2 - 1) < 2e-3


@pytest.mark.parametrize("name", mechanism_names())
def test_every_mechanism_states_its_cost(name):
  """One release costs what was asked for; what has no plain epsilon cannot be charged as one."""
  event = _make(name, 0.75).event()
  delta = 0.0 if mechanism_class(name).pure else 1e-5
  if name in ("metric_laplace", "reference_postclip"):
    with pytest.raises(ConfigurationError, match="cannot be bounded"):
      compose([event], delta)
  elif name == "gaussian_classic":
    assert 0 < compose([event], delta) < 0.75
  else:
    assert compose([event], delta) == pytest.approx(0.75, rel=1e-6)


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


def test_encode_clips_before_it_rounds():
  mechanism = _make("laplace", 1.0, 2.0)
  assert mechanism.encode(np.array([[5.0], [-1e300], [0.1]])).tolist() == [
    [2 * CELLS],
    [-2 * CELLS],
    [int(to_grid(0.1))],
  ]


@pytest.mark.parametrize("dimensions", [1, 3])
@pytest.mark.parametrize("name", ["laplace", "l2_laplace", "gaussian", "gaussian_classic"])
def test_release_clips_whatever_integers_it_is_handed(name, dimensions, pinned_source):
  """Rounding an encoded row to the grid can lift it out of the ball: the release itself must clip."""
  mechanism = _make(name, dimensions=dimensions)
  far = np.full((1, dimensions), 40 * mechanism.radius_steps)
  edge = clip_integers(far, mechanism.radius_steps, mechanism.norm)
  assert (edge < far).all()
  released = [mechanism.release(row, pinned_source(5)) for row in (far, edge)]
  np.testing.assert_array_equal(*released)
