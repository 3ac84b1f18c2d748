"""The exact samplers against exact probabilities, OpenDP and TensorFlow Probability.

Statistical tests here fail by chance with probability 1e-8 for each comparison, where cells of few
draws are compared at most ten times that: below 1e-6 for each test over all its parameters.
"""

import math
import os
from fractions import Fraction

import numpy as np
import pytest
from scipy import integrate, special, stats

from privai_tf.privacy import sampling
from privai_tf.privacy.sampling import coins, radial, reals
from privai_tf.privacy.sampling.digits import exp_digits, logistic_digits
from privai_tf.privacy.sampling.source import SystemSource
from privai_tf.privacy.sampling.surplus import surplus
from tests.privacy.chi_square import FALSE_ALARM, assert_distributed, assert_same_distribution

_DRAWS = 30_000


def laplace_probability(scale):
  normalizer = (1 + math.exp(-1 / scale)) / (1 - math.exp(-1 / scale))
  return lambda n: math.exp(-abs(n) / scale) / normalizer


def gaussian_probability(sigma):
  normalizer = sum(math.exp(-(n**2) / (2 * sigma**2)) for n in range(-60 * sigma, 60 * sigma + 1))
  return lambda n: math.exp(-(n**2) / (2 * sigma**2)) / normalizer


@pytest.mark.parametrize(
  "exponent", [Fraction(0), Fraction(1, 3), Fraction(1), Fraction(5, 2), Fraction(2**70 + 1, 2**70)]
)
def test_bernoulli_exp(exponent):
  kind = object if exponent.denominator > 1 << 62 else np.int64
  numerators = np.full(5000, exponent.numerator, kind)
  hits = int(sampling.bernoulli_exp(numerators, exponent.denominator, SystemSource()).sum())
  assert stats.binomtest(hits, 5000, math.exp(-exponent)).pvalue > FALSE_ALARM


def test_bernoulli_exp_of_mixed_exponents():
  numerators = np.tile(np.array([0, 1, 5, 12]), 5000)
  hits = sampling.bernoulli_exp(numerators, 4, SystemSource())
  for numerator in (0, 1, 5, 12):
    count = int(hits[numerators == numerator].sum())
    assert stats.binomtest(count, 5000, math.exp(-numerator / 4)).pvalue > FALSE_ALARM


@pytest.mark.parametrize("epsilon", [0.1, 1.0, 4.0, 1e-6])
def test_keep_side(epsilon):
  draws = 3000
  hits = int(sampling.keep_side(Fraction(epsilon), draws, SystemSource()).sum())
  probability = math.exp(epsilon) / (1 + math.exp(epsilon))
  assert stats.binomtest(hits, draws, probability).pvalue > FALSE_ALARM


@pytest.mark.parametrize(
  "x", [Fraction(1, 10**9), Fraction(1, 3), Fraction(11), Fraction(1, 2**70)]
)
def test_digits_are_those_of_the_number(x):
  """By a series of our own, in integers: exp(x) lies between its partial sums and their rest."""
  for bits in (16, 80, 144):
    terms, term = Fraction(1), Fraction(1)
    for n in range(1, 160):
      term *= x / n
      terms += term
    least, most = terms, terms + 2 * term
    for digits, low, high in (
      (exp_digits(x, bits), 1 / most, 1 / least),
      (logistic_digits(x, bits), 1 / (1 + most), 1 / (1 + least)),
    ):
      assert digits == int(low * 2**bits) == int(high * 2**bits)
  assert exp_digits(Fraction(10**30), 80) == logistic_digits(Fraction(10**30), 80) == 0
  assert logistic_digits(Fraction(0), 80) == 1 << 79


class _Pinned:
  """Hands out given words."""

  def __init__(self, *words):
    self.left = list(words)

  def words(self, count):
    taken, self.left = self.left[:count], self.left[count:]
    return np.array(taken, np.uint64)


def test_a_coin_compares_as_many_digits_as_it_takes():
  exponent = Fraction(1)
  near = exp_digits(exponent, 16)
  flip = coins.Coins.make(lambda _, bits: exp_digits(exponent, bits), 1)
  assert coins.toss(flip, 1, _Pinned(near - 1)).tolist() == [[True]]
  assert coins.toss(flip, 1, _Pinned(near + 1)).tolist() == [[False]]
  further = exp_digits(exponent, 80) & (2**64 - 1)
  assert coins.toss(flip, 1, _Pinned(near, further - 1)).tolist() == [[True]]
  assert coins.toss(flip, 1, _Pinned(near, further + 1)).tolist() == [[False]]
  last = exp_digits(exponent, 144) & (2**64 - 1)
  assert coins.toss(flip, 1, _Pinned(near, further, last - 1)).tolist() == [[True]]
  assert coins.toss(flip, 1, _Pinned(near, further, last + 1)).tolist() == [[False]]


def test_rare_coins_fall_by_their_further_digits():
  """exp(-64) has 92 zeros after the point: heads only if the uniform number has them, too."""
  numerator = np.array([128 + 12])  # In halves: the coins of 6 = 2 + 4, and what is above, 64.
  tosses = [0, 0xFFFF_FFFF_FFFF_0000]  # Heads for all coins whose digits begin with no zeros.
  assert not coins.bernoulli_exp(numerator, 2, _Pinned(*tosses, 1))[0]
  assert not coins.bernoulli_exp(numerator, 2, _Pinned(*tosses, 0, 1))[0]
  threshold = exp_digits(Fraction(64), 144)
  assert 0 < threshold < 2**64
  assert coins.bernoulli_exp(numerator, 2, _Pinned(*tosses, 0, 0, threshold - 1))[0]
  assert not coins.bernoulli_exp(numerator, 2, _Pinned(*tosses, 0, 0, threshold + 1))[0]


@pytest.mark.parametrize("scale", [Fraction(1, 3), Fraction(5, 2), Fraction(1000)])
def test_geometric_has_its_exact_probabilities(scale):
  values = sampling.geometric(scale, _DRAWS, SystemSource())
  ratio = math.exp(-1 / scale)
  assert_distributed(values, lambda n: (1 - ratio) * ratio**n, range(30 * math.ceil(scale)))


def test_geometric_numbers_of_a_tiny_scale_are_zero():
  assert not sampling.geometric(Fraction(1, 90), _DRAWS, SystemSource()).any()


@pytest.mark.parametrize("scale", [Fraction(2), Fraction(10**9), Fraction(1 << 70)])
def test_laplace_noise_within_a_reach(scale):
  values, stand = sampling.laplace_within(scale, 5, _DRAWS, SystemSource())
  assert np.abs(values).max() == 5
  weights = np.exp(-np.abs(np.arange(-5, 6)) / float(scale))
  assert_distributed(values[stand], lambda n: weights[n + 5] / weights.sum(), range(-5, 6))
  # Of a zero's two signs one does not stand.
  assert (values[~stand] == 0).all()


@pytest.mark.parametrize("share", [0.5, 0.63, 0.7])
def test_surplus_candidates_are_enough_but_for_2_to_the_minus_64(share):
  for count in (1, 2, 13, 512, 9216):
    candidates = surplus(count, share)
    assert stats.binom.cdf(count - 1, candidates, share) <= 2.0**-64
    if count < 1000:  # Nor far more than that takes.
      assert candidates < 1.25 * count / share + 130
  assert surplus(1, 0.5) == 64


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
  """Twice the draws: it is missed with probability below 1e-15."""
  values = sampling.discrete_laplace(Fraction(3), 2 * _DRAWS, SystemSource())
  with pytest.raises(AssertionError):
    assert_distributed(values, laplace_probability(3.3), range(-40, 41))


def test_numbers_beyond_64_bits():
  scale = Fraction(3 * 2**80 + 1, 2**80)
  assert_distributed(
    sampling.discrete_laplace(scale, 2000, SystemSource()), laplace_probability(3.0), range(-40, 41)
  )
  # All are beyond what is told, but with probability 50 x 2^-39.
  wide = sampling.discrete_laplace(Fraction(1 << 100), 50, SystemSource())
  assert (np.abs(wide) == 1 << 61).all()
  sigma = 1 << 40
  values = sampling.discrete_gaussian(sigma, 2000, SystemSource()) / sigma
  assert stats.kstest(values, "norm").pvalue > FALSE_ALARM


def _radial_tables():
  """Probabilities of one rounded coordinate at scale 1.5, by k."""
  scale = 1.5

  def upper_tail_3(x):
    # k = 3: the marginal density is (|x| + scale) exp(-|x| / scale) / (4 scale^2).
    return (x + 2 * scale) * math.exp(-x / scale) / (4 * scale)

  def density_2(x):
    return abs(x) * special.k1(abs(x) / scale) / (math.pi * scale**2)

  def three(n):
    if n == 0:
      return 1 - 2 * upper_tail_3(0.5)
    return upper_tail_3(abs(n) - 0.5) - upper_tail_3(abs(n) + 0.5)

  def two(n):
    halves = ((n - 0.5, n), (n, n + 0.5))
    return sum(integrate.quad(density_2, low, high)[0] for low, high in halves)

  return {2: two, 3: three}


@pytest.mark.parametrize("dimensions", [2, 3])
def test_radial_laplace_has_its_exact_probabilities(dimensions):
  values = sampling.radial_laplace(Fraction(3, 2), dimensions, _DRAWS, SystemSource())
  for axis in (0, dimensions - 1):
    assert_distributed(values[:, axis], _radial_tables()[dimensions], range(-15, 16))


def test_radial_laplace_has_a_uniform_direction():
  values = sampling.radial_laplace(Fraction(100_000), 2, _DRAWS, SystemSource())
  angles = np.arctan2(values[:, 1], values[:, 0])
  assert stats.kstest(angles, "uniform", args=(-math.pi, 2 * math.pi)).pvalue > FALSE_ALARM
  radius = np.hypot(*values.T) / 100_000
  assert stats.kstest(radius, stats.gamma(2).cdf).pvalue > FALSE_ALARM
  assert abs(stats.spearmanr(angles, radius).statistic) < 6 / math.sqrt(_DRAWS)
  many = sampling.radial_laplace(Fraction(100_000), 512, 300, SystemSource())
  radius = np.linalg.norm(many.astype(float), axis=1) / 100_000
  assert stats.kstest(radius, stats.gamma(512).cdf).pvalue > FALSE_ALARM


def test_what_doubles_cannot_tell_is_decided_with_more_digits(monkeypatch):
  """With margins that leave everything to the exact branch, the distributions are the same."""
  monkeypatch.setattr(reals, "_MARGIN", 2.0)
  monkeypatch.setattr(radial, "_MARGIN", 1.0)
  source = SystemSource()
  draws = reals.half_normal_reals(300, source).floats()
  assert stats.kstest(draws, "halfnorm").pvalue > FALSE_ALARM
  values = sampling.radial_laplace(Fraction(3, 2), 3, 200, source)
  assert_distributed(values[:, 0], _radial_tables()[3], range(-8, 9))


def test_both_branches_round_alike(pinned_source, monkeypatch):
  """The same digits, once through doubles and once through integers, give the same noise."""
  fast = sampling.radial_laplace(Fraction(5000), 4, 100, pinned_source(3))
  monkeypatch.setattr(radial, "_MARGIN", 1.0)
  # The exact branch draws no digits beyond the first 64 here, so the signs drawn last agree too.
  exact = sampling.radial_laplace(Fraction(5000), 4, 100, pinned_source(3))
  np.testing.assert_array_equal(fast, exact)


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
