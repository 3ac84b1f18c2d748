"""The independent auditor on distributions whose epsilon is known."""

import numpy as np
import pytest

from privai_tf.evaluation.hockey_stick import hockey_stick_test


def _laplace(epsilon, count=12_000, seed=0):
  random = np.random.default_rng(seed)
  return tuple(random.laplace(0.5 * sign, 1 / epsilon, (count, 1)) for sign in (1, -1))


def test_a_right_claim_is_not_refuted():
  """False alarm at most 5% by Hoeffding, in fact far below; the seeds are fixed."""
  found = hockey_stick_test(_laplace(1.0), 1.0)
  assert not found.claim_refuted
  assert 0.5 < found.lower_bound <= 1.0
  assert found.samples == 6000


@pytest.mark.parametrize("dimensions", [1, 5])
def test_a_false_claim_is_refuted(dimensions):
  upper, lower = _laplace(2.0)
  noise = np.random.default_rng(1).standard_normal((2, len(upper), dimensions - 1))
  draws = tuple(np.hstack([side, more]) for side, more in zip((upper, lower), noise, strict=True))
  found = hockey_stick_test(draws, 1.0)
  assert found.claim_refuted
  assert found.lower_bound > 1.0
  assert found.divergence > 0


def test_equal_distributions_show_nothing():
  draws = tuple(np.random.default_rng(2).standard_normal((2, 8000, 1)))
  found = hockey_stick_test(draws, 0.5)
  assert (found.lower_bound, found.claim_refuted) == (0.0, False)


def test_delta_is_allowed_for():
  """Disjoint in a tenth of the outputs: delta 0.1 at any epsilon."""
  random = np.random.default_rng(3)
  draws = []
  for side in (5.0, -5.0):
    outputs = random.standard_normal((12_000, 1))
    outputs[:1200] = side
    draws.append(random.permutation(outputs))
  assert hockey_stick_test(tuple(draws), 0.5, 0.01).claim_refuted
  assert not hockey_stick_test(tuple(draws), 0.5, 0.15).claim_refuted
