"""`subset_selection` draws what it promises, shown by going through its sampler's integers one by one.

Statistical tests here fail by chance with probability below 1e-7 each (4 of them).
"""

import collections
import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.accounting import joint_bound, product_variation
from privai_tf.privacy.grid import CELLS, to_grid
from privai_tf.privacy.mechanisms import make_mechanism
from privai_tf.privacy.mechanisms.subset_selection import SubsetSelection, subset_weights
from privai_tf.privacy.sampling.digits import exp_bounds

_FALSE_ALARM = 1e-8
# e^epsilon is a little above 3.
_EPSILON = 1.1


class _Consecutive:
  """The words that lead `uniform_below` through all integers below a bound, once each."""

  def __init__(self, bound):
    power_of_two = bound & (bound - 1) == 0
    self._shift = 64 - (bound.bit_length() - 1) if power_of_two else 0

  def words(self, count):
    return np.arange(count, dtype=np.uint64) << np.uint64(self._shift)


@pytest.fixture
def small(make_neighbours):
  """Makes a mechanism of few codewords with small weights, so that all integers can be gone through."""

  def make(count=9, size=2, weights=(3, 1), epsilon=_EPSILON):
    mechanism = make_mechanism(
      "subset_selection",
      epsilon=epsilon,
      dimensions=2,
      neighbours=make_neighbours(count, 2),
      subset_size=size,
    )
    mechanism.inside, mechanism.outside = weights
    return mechanism

  return make


def _inputs():
  """Codes all around, and the middle, where every codeword is as near as any other."""
  angles = np.linspace(0, 2 * np.pi, 11, endpoint=False)
  around = np.stack([np.cos(angles), np.sin(angles)], axis=1)
  return to_grid(np.concatenate([around, 3 * around[:2], [[0.0, 0.0]]]))


def _probabilities(mechanism, row):
  """{index: probability} by enumeration of what `release` draws, in rationals."""
  total = mechanism.total
  outputs = mechanism.release(np.repeat(row[np.newaxis], total, axis=0), _Consecutive(total))
  assert (outputs % CELLS == 0).all()
  counts = collections.Counter((outputs[:, 0] // CELLS).tolist())
  return {index: Fraction(counts[index], total) for index in range(mechanism.codewords)}


def _tables(mechanism):
  return [_probabilities(mechanism, row) for row in _inputs()]


def _keeps_the_promise(mechanism):
  """Whether no output is more than e^epsilon times likelier for one input, in rationals."""
  most = 1 / exp_bounds(-Fraction(mechanism.epsilon), 50)[1]
  tables = _tables(mechanism)
  return all(
    p <= most * q
    for first, second in itertools.permutations(tables, 2)
    for p, q in zip(first.values(), second.values(), strict=True)
  )


@pytest.mark.parametrize(
  ("count", "size", "weights"),
  [
    (9, 2, (3, 1)),
    (9, 7, (3, 1)),
    (2, 1, (3, 1)),
    (5, 4, (6, 2)),
    (8, 4, (3, 1)),
    (7, 1, (30, 10)),
  ],
)
def test_every_integer_leads_where_it_should_and_no_ratio_exceeds_epsilon(
  small, count, size, weights
):
  mechanism = small(count, size, weights)
  inside, outside = (Fraction(weight, mechanism.total) for weight in weights)
  for table in _tables(mechanism):
    assert sum(table.values()) == 1
    assert sorted(table.values()) == [outside] * (count - size) + [inside] * size
  assert _keeps_the_promise(mechanism)


def test_the_likelier_ones_are_those_that_resemble_the_code_most(small, make_neighbours):
  mechanism = small(9, 3)
  places = np.random.default_rng(0).normal(size=(9, 2))
  cosines = places / np.linalg.norm(places, axis=1, keepdims=True)
  for row in _inputs()[:-1]:
    table = _probabilities(mechanism, row)
    likelier = [index for index in table if table[index] == max(table.values())]
    nearest = np.argsort(-(cosines @ row))[:3]
    assert sorted(likelier) == sorted(nearest.tolist())
  tied = _probabilities(mechanism, _inputs()[-1])
  assert [index for index in tied if tied[index] == max(tied.values())] == [0, 1, 2]


def test_a_size_that_differs_between_the_branches_is_caught(small, monkeypatch):
  mechanism = small(9, 2)
  right = SubsetSelection.places

  def off_by_one(self, integers):
    places = right(self, integers)
    return np.where(integers < self.subset_size * self.inside, places, places - 1)

  monkeypatch.setattr(SubsetSelection, "places", off_by_one)
  assert not _keeps_the_promise(mechanism)


def test_a_branch_that_is_one_codeword_too_long_is_caught(small, monkeypatch):
  mechanism = small(9, 2)

  def one_more(self, integers):
    first = (self.subset_size + 1) * self.inside
    others = self.subset_size + (integers - first) // self.outside
    return np.where(integers < first, integers // self.inside, others)

  monkeypatch.setattr(SubsetSelection, "places", one_more)
  assert not _keeps_the_promise(mechanism)


@pytest.mark.parametrize("weights", [(4, 1), (301, 100)])
def test_a_weight_above_e_to_the_epsilon_is_caught(small, weights):
  mechanism = small(9, 2, weights)
  with pytest.raises(ConfigurationError, match="exceed epsilon"):
    mechanism.verify()
  if weights == (4, 1):
    assert not _keeps_the_promise(mechanism)


def test_a_normalizer_that_depends_on_the_input_is_caught(small, monkeypatch):
  """All codewords within some distance instead of the K nearest: as many as there happen to be."""
  mechanism = small(9, 2, (3, 1))
  right = SubsetSelection.choose

  def all_that_are_near(self, numbers, integers):
    (cosines,) = self._neighbours.cosines(numbers[:1])
    size = max(1, int((cosines > 0.5).sum()))
    other = small(9, size, (3, 1))
    return right(other, numbers[:1], integers * other.total // self.total)

  assert _keeps_the_promise(mechanism)
  monkeypatch.setattr(SubsetSelection, "choose", all_that_are_near)
  assert not _keeps_the_promise(mechanism)


@pytest.mark.parametrize("epsilon", [1e-6, 0.1, 1.0, 8.0, 16.0, 27.0, 60.0, 500.0])
def test_weights_are_below_e_to_the_epsilon_by_a_hair(simple_mechanism, epsilon):
  inside, outside = subset_weights(epsilon)
  low, high = exp_bounds(-Fraction(epsilon), 60)
  assert Fraction(outside, inside) >= high
  # At most one step of 2^-40 is lost.
  assert Fraction(outside - 1, inside) <= low
  mechanism = simple_mechanism("subset_selection", epsilon)
  assert (mechanism.inside, mechanism.outside) == (inside, outside)


@pytest.mark.parametrize("epsilon", [0.5, 4.0, 40.0])
def test_full_weights_lead_to_each_place_as_often_as_they_say(simple_mechanism, epsilon):
  """The places rise with the integers within each branch: the ends of all runs show their lengths."""
  mechanism = simple_mechanism("subset_selection", epsilon)
  size, count = mechanism.subset_size, mechanism.codewords
  start = 0
  for place in range(count):
    length = mechanism.inside if place < size else mechanism.outside
    ends = np.array([start, start + length - 1])
    assert mechanism.places(ends).tolist() == [place, place]
    start += length
  assert start == mechanism.total


@pytest.mark.parametrize("epsilon", [0.5, 4.0])
def test_released_frequencies(simple_mechanism, epsilon):
  mechanism = simple_mechanism("subset_selection", epsilon, dimensions=2)
  row = np.array([[0.3, -1.2]])
  drawn = mechanism.release_values(np.repeat(row, 12_000, axis=0))[:, 0].astype(int)
  expected = np.exp(mechanism.distribution(row[0]).log_prob(np.arange(40.0)[:, np.newaxis]))
  assert expected.sum() == pytest.approx(1)
  counts = np.bincount(drawn, minlength=40)
  assert stats.chisquare(counts, expected / expected.sum() * 12_000).pvalue > _FALSE_ALARM


@pytest.mark.parametrize("epsilon", [0.5, 4.0])
def test_simulated_frequencies(simple_mechanism, epsilon):
  tf = pytest.importorskip("tensorflow")
  mechanism = simple_mechanism("subset_selection", epsilon, dimensions=2)
  rows = np.repeat([[0.3, -1.2]], 12_000, axis=0)
  drawn = mechanism.simulate(tf.constant(rows), tf.constant([1, 2])).numpy()[:, 0].astype(int)
  released = mechanism.release_values(rows)[:, 0].astype(int)
  table = [np.bincount(indices, minlength=40) for indices in (drawn, released)]
  assert stats.chi2_contingency(table).pvalue > _FALSE_ALARM


@pytest.mark.parametrize(("size", "count"), [(2, 9), (7, 9), (1, 2), (4, 8)])
def test_the_attackers_bound_is_the_total_variation_of_the_worst_inputs(small, size, count):
  mechanism = small(count, size)
  tables = _tables(mechanism)
  variations = [
    sum(max(p - q, 0) for p, q in zip(first.values(), second.values(), strict=True))
    for first, second in itertools.permutations(tables, 2)
  ]
  bound = (1 + Fraction(mechanism.total_variation)) / 2
  assert (1 + max(variations)) / 2 <= bound
  # No two sets of K of them are further apart than disjoint ones, or as disjoint as they can be.
  apart = min(size, count - size)
  exact = (1 + Fraction(apart * 2, mechanism.total)) / 2
  assert exact <= bound <= exact + Fraction(1, 2**50)
  assert bound <= Fraction(math.e**_EPSILON / (1 + math.e**_EPSILON))


def _distances(mechanism):
  """What a subset of K codewords shares with another: the outputs' (P, Q), for all pairs up to names."""
  count, size = mechanism.codewords, mechanism.subset_size
  first = set(range(size))
  for second in map(set, itertools.combinations(range(count), size)):
    yield [
      tuple(
        Fraction(mechanism.inside if index in one else mechanism.outside, mechanism.total)
        for one in (first, second)
      )
      for index in range(count)
    ]


@pytest.mark.parametrize(
  "groups",
  [
    [(5, 2, (3, 1)), (5, 2, (3, 1))],
    [(5, 2, (3, 1)), (4, 3, (2, 1))],
    [(6, 3, (3, 2)), (5, 1, (3, 1))],
    [(4, 2, (3, 1)), (4, 1, (2, 1)), (3, 1, (3, 2))],
  ],
)
def test_the_bound_of_several_groups_is_the_total_variation_of_the_worst_inputs(small, groups):
  """All pairs of subsets in each group and all joint outputs, in rationals."""
  mechanisms = [small(count, size, weights) for count, size, weights in groups]
  most = Fraction(0)
  for pairs in itertools.product(*map(_distances, mechanisms)):
    variation = sum(
      max(math.prod(p for p, _ in joint) - math.prod(q for _, q in joint), Fraction(0))
      for joint in itertools.product(*pairs)
    )
    most = max(most, variation)
  found = product_variation([mechanism.worst_pairs() for mechanism in mechanisms])
  assert found == most
  # The bound without a sum is looser, whatever it knows of each group.
  loose = joint_bound(
    [mechanism.total_variation for mechanism in mechanisms], _EPSILON * len(groups)
  )
  assert (1 + found) / 2 < Fraction(loose)


@pytest.mark.parametrize("size", [0, 40, None])
def test_refuses_subsets_of_nothing_and_of_everything(make_neighbours, size):
  with pytest.raises(ConfigurationError, match="from 1 to 39"):
    make_mechanism(
      "subset_selection",
      epsilon=1.0,
      dimensions=2,
      neighbours=make_neighbours(40, 2),
      subset_size=size,
    )


def test_refuses_to_choose_among_nothing():
  with pytest.raises(ConfigurationError, match="give it a codebook"):
    make_mechanism("subset_selection", epsilon=1.0, subset_size=1)
