"""What samplers draw from: uniform whole numbers, and reals to as many digits as a decision takes.

Statistical tests here fail by chance with probability 1e-8 for each comparison.
"""

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from privai_tf.privacy import sampling
from privai_tf.privacy.sampling import reals, uniform
from privai_tf.privacy.sampling.digits import exp_bounds
from privai_tf.privacy.sampling.source import SystemSource
from tests.privacy.chi_square import FALSE_ALARM

_DRAWS = 30_000


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
  assert stats.chi2.sf(((counts - expected) ** 2 / expected).sum(), max(cells - 1, 1)) > FALSE_ALARM


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


def test_reals_have_their_distributions():
  source = SystemSource()
  draws = reals.exponential_reals(_DRAWS, source).floats()
  assert stats.kstest(draws, "expon").pvalue > FALSE_ALARM
  draws = reals.half_normal_reals(_DRAWS, source).floats()
  assert stats.kstest(draws, "halfnorm").pvalue > FALSE_ALARM


def test_copied_numbers_keep_the_digits_drawn_for_a_decision():
  source = SystemSource()
  drawn = reals.exponential_reals(3, source)
  digits = drawn.fixed(1, 256, source)
  copy = reals.Reals(np.zeros(2, np.int64), np.zeros(2, np.uint64), {})
  copy.put(np.array([0, 1]), drawn, np.array([2, 1]))
  assert copy.fixed(1, 256, source) == digits
  assert copy.fixed(0, 64, source) == drawn.fixed(2, 64, source)


def test_a_tie_draws_digits_until_it_is_broken():
  """A uniform number whose first 64 digits are those of the probability: both answers occur."""
  word = 3 << 61  # x = 3/8: then either answer has probability near one half
  low, high = exp_bounds(Fraction(-3, 8), 60)
  assert 0 < high - low < Fraction(1, 10**50)
  assert math.isclose(float(low), math.exp(-0.375), rel_tol=1e-15)

  def bounds(smaller, larger):
    return exp_bounds(-larger, 60)[0], exp_bounds(-smaller, 60)[1]

  answers = set()
  for _ in range(60):
    proposals = reals.Reals(np.zeros(1, np.int64), np.array([word], np.uint64), {})
    answers.add(reals._decide(proposals, 0, int(low * 2**64), bounds, SystemSource()))
    assert proposals.fixed(0, 64, SystemSource()) == word
    # Digits drawn for the decision stay those of the number.
    further = proposals.fixed(0, 256, SystemSource())
    assert proposals.fixed(0, 192, SystemSource()) == further >> 64
  assert answers == {True, False}
