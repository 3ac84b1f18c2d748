"""The exact samplers against exact probabilities, OpenDP and TensorFlow Probability.

Statistical tests here fail by chance with probability 1e-6 each (about 40 of them).
"""

import math
import os
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from privai_tf.privacy import sampling
from privai_tf.privacy.sampling import radial, uniform
from privai_tf.privacy.sampling.source import SystemSource

_FALSE_ALARM = 1e-6
_DRAWS = 20_000


def assert_distributed(values, probability, support):
  """Chi-square of `values` against `probability(support)`, all that is rarer in one more cell."""
  support = np.asarray(support)
  expected = len(values) * np.array([probability(int(value)) for value in support])
  common = expected >= 8
  support, expected = support[common], expected[common]
  counts = np.array([(values == value).sum() for value in support])
  rest = len(values) - expected.sum()
  statistic = ((counts - expected) ** 2 / expected).sum()
  cells = len(counts) - 1
  if rest >= 8:
    statistic += (len(values) - counts.sum() - rest) ** 2 / rest
    cells += 1
  assert cells >= 1
  assert stats.chi2.sf(statistic, cells) > _FALSE_ALARM


def assert_same_distribution(first, second):
  """Two-sample chi-square of integers on 20 bins of equal mass."""
  edges = np.unique(np.quantile(np.concatenate([first, second]), np.linspace(0, 1, 21)))[1:-1]
  table = [
    np.bincount(np.searchsorted(edges, x, "right"), minlength=len(edges) + 1)
    for x in (first, second)
  ]
  table = np.array(table)[:, np.sum(table, axis=0) > 0]
  assert stats.chi2_contingency(table).pvalue > _FALSE_ALARM


def laplace_probability(scale):
  normalizer = (1 + math.exp(-1 / scale)) / (1 - math.exp(-1 / scale))
  return lambda n: math.exp(-abs(n) / scale) / normalizer


def gaussian_probability(sigma):
  normalizer = sum(math.exp(-(n**2) / (2 * sigma**2)) for n in range(-60 * sigma, 60 * sigma + 1))
  return lambda n: math.exp(-(n**2) / (2 * sigma**2)) / normalizer


@pytest.mark.parametrize("bound", [1, 2, 3, 7, 64, 1000, 3 << 61, (1 << 62) + 1, 5 << 70])
def test_uniform_below(bound):
  values = sampling.uniform_below(bound, 4000, SystemSource())
  assert min(values) >= 0
  assert max(values) < bound
  cells = min(bound, 8)
  counts = np.bincount([int(value) * cells // bound for value in values], minlength=cells)
  # Cells of the integers {0, ..., bound - 1}, as even as they can be.
  sizes = np.diff([-(-i * bound // cells) for i in range(cells + 1)])
  expected = 4000 * np.array([int(s) / bound for s in sizes])
  assert (
    stats.chi2.sf(((counts - expected) ** 2 / expected).sum(), max(cells - 1, 1)) > _FALSE_ALARM
  )


def test_uniform_below_rejects_the_words_that_would_favour_small_values():
  bound = 3 << 61  # 2^64 is 2 + 2/3 times as much: without rejection the lower third doubles.

  class Words:
    def __init__(self):
      self.queue = [2**64 - 1, 2 * bound, 2 * bound - 1]

    def words(self, count):
      return np.array([self.queue.pop(0) for _ in range(count)], np.uint64)

  fast, uniform.LARGEST_FAST = uniform.LARGEST_FAST, 1 << 63
  try:
    assert uniform.uniform_below(bound, 1, Words()).tolist() == [bound - 1]
  finally:
    uniform.LARGEST_FAST = fast


@pytest.mark.parametrize(
  "exponent", [Fraction(0), Fraction(1, 3), Fraction(1), Fraction(5, 2), Fraction(2**70 + 1, 2**70)]
)
def test_bernoulli_exp(exponent):
  kind = object if exponent.denominator > 1 << 62 else np.int64
  numerators = np.full(5000, exponent.numerator, kind)
  hits = int(sampling.bernoulli_exp(numerators, exponent.denominator, SystemSource()).sum())
  assert stats.binomtest(hits, 5000, math.exp(-exponent)).pvalue > _FALSE_ALARM


def test_bernoulli_exp_of_mixed_exponents():
  numerators = np.tile(np.array([0, 1, 5, 12]), 5000)
  hits = sampling.bernoulli_exp(numerators, 4, SystemSource())
  for numerator in (0, 1, 5, 12):
    count = int(hits[numerators == numerator].sum())
    assert stats.binomtest(count, 5000, math.exp(-numerator / 4)).pvalue > _FALSE_ALARM


@pytest.mark.parametrize("epsilon", [0.1, 1.0, 4.0, 1e-6])
def test_keep_side(epsilon):
  draws = 3000
  hits = int(sampling.keep_side(Fraction(epsilon), draws, SystemSource()).sum())
  probability = math.exp(epsilon) / (1 + math.exp(epsilon))
  assert stats.binomtest(hits, draws, probability).pvalue > _FALSE_ALARM


@pytest.mark.parametrize("scale", [Fraction(1, 2), Fraction(3), Fraction(7, 3), Fraction(40)])
def test_discrete_laplace_has_its_exact_probabilities(scale):
  values = sampling.discrete_laplace(scale, _DRAWS, SystemSource())
  assert values.dtype == np.int64
  assert_distributed(values, laplace_probability(float(scale)), range(-150, 151))


@pytest.mark.parametrize("sigma", [1, 3, 20])
def test_discrete_gaussian_has_its_exact_probabilities(sigma):
  values = sampling.discrete_gaussian(sigma, _DRAWS, SystemSource())
  assert_distributed(values, gaussian_probability(sigma), range(-100, 101))


def test_a_wrong_scale_is_caught():
  values = sampling.discrete_laplace(Fraction(3), _DRAWS, SystemSource())
  with pytest.raises(AssertionError):
    assert_distributed(values, laplace_probability(3.3), range(-40, 41))


def test_numbers_beyond_64_bits():
  scale = Fraction(3 * 2**80 + 1, 2**80)
  assert_distributed(
    sampling.discrete_laplace(scale, 2000, SystemSource()), laplace_probability(3.0), range(-40, 41)
  )
  wide = sampling.discrete_laplace(Fraction(1 << 80), 50, SystemSource())
  assert (np.abs(wide) == 1 << 61).all()
  sigma = 1 << 40
  values = sampling.discrete_gaussian(sigma, 2000, SystemSource()) / sigma
  assert stats.kstest(values, "norm").pvalue > _FALSE_ALARM


@pytest.mark.parametrize("dimensions", [2, 3])
def test_radial_laplace_has_its_exact_probabilities(dimensions):
  scale = Fraction(3, 2)
  values = sampling.radial_laplace(scale, dimensions, _DRAWS, SystemSource())
  # Marginal of one axis and of the length, by summing the probabilities over a wide cube.
  side = np.arange(-40, 41)
  grids = np.meshgrid(*[side] * dimensions, indexing="ij", sparse=True)
  squares = sum(grid**2 for grid in grids)
  weights = np.exp(-np.sqrt(squares) / float(scale))
  weights /= weights.sum()
  marginal = weights.sum(axis=tuple(range(1, dimensions)))
  assert_distributed(values[:, 0], lambda n: marginal[n + 40], side)
  assert_distributed(values[:, -1], lambda n: marginal[n + 40], side)
  by_square = np.bincount(squares.ravel(), weights.ravel())
  assert_distributed((values**2).sum(axis=1), lambda n: by_square[n], range(60))


def test_radial_coins_that_doubles_cannot_tell_are_thrown_with_more_digits():
  row, scale, wide = [3, -4], Fraction(2), Fraction(3)
  ratio = math.exp(-(5 / 2 - 7 / 3))
  low, high = radial._ratio(row, scale, wide, 60)
  assert low < high
  assert math.isclose(float(low), ratio, rel_tol=1e-14)
  # The first 64 bits of the ratio itself: only further bits decide, and both answers occur.
  tie = int(low * 2**64)
  assert {radial._exact_coin(row, scale, wide, tie, SystemSource()) for _ in range(200)} == {
    True,
    False,
  }
  assert radial._exact_coin(row, scale, wide, tie - 1, SystemSource())
  assert not radial._exact_coin(row, scale, wide, tie + 1, SystemSource())


@pytest.mark.parametrize("scale", [2.5, 131072.0])
def test_against_opendp(scale):
  opendp = pytest.importorskip("opendp.prelude")
  opendp.enable_features("contrib")
  count = 5000
  space = opendp.vector_domain(opendp.atom_domain(T="i64")), opendp.l1_distance(T="i64")
  theirs = opendp.m.make_laplace(*space, scale=scale)([0] * count)
  ours = sampling.discrete_laplace(Fraction(scale), count, SystemSource())
  assert_same_distribution(ours, np.array(theirs))
  sigma = math.ceil(scale)
  space = opendp.vector_domain(opendp.atom_domain(T="i64")), opendp.l2_distance(T="f64")
  theirs = opendp.m.make_gaussian(*space, scale=float(sigma))([0] * count)
  assert_same_distribution(
    sampling.discrete_gaussian(sigma, count, SystemSource()), np.array(theirs)
  )


def test_every_word_is_handed_out_once(monkeypatch):
  counter = iter(range(10**9))

  def numbered(size):
    return np.array([next(counter) for _ in range(size // 8)], np.uint64).tobytes()

  monkeypatch.setattr(os, "urandom", numbered)
  source = SystemSource()
  words = np.concatenate([source.words(n) for n in (1, 63, 5, 0, 70_000, 3)])
  assert words.tolist() == list(range(len(words)))


def test_noise_comes_from_the_system_and_from_nowhere_else(monkeypatch):
  np.random.seed(0)  # noqa: NPY002, the legacy generator is what must not matter.
  first = sampling.discrete_laplace(Fraction(1000), 50, SystemSource())
  np.random.seed(0)  # noqa: NPY002
  assert (first != sampling.discrete_laplace(Fraction(1000), 50, SystemSource())).any()

  def unavailable(size):
    raise NotImplementedError("no source of randomness")

  monkeypatch.setattr(os, "urandom", unavailable)
  with pytest.raises(NotImplementedError):
    sampling.discrete_laplace(Fraction(3), 5, SystemSource())
