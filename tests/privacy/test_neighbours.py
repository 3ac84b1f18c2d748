"""The nearest codewords are exactly so many, whatever is asked."""

import numpy as np
import pytest

from privai_tf.privacy.neighbours import Neighbours


def _table(dtype, count=500, width=6):
  places = np.random.default_rng(1).normal(size=(count, width)) * 16
  return np.clip(np.rint(places), -127, 127).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.int8])
def test_cosines_are_weighted_cosines(dtype):
  table, weights = _table(dtype), np.array([1.0, 0.0, 3.0, 1.0, 2.0, 0.5])
  codes = np.random.default_rng(2).normal(size=(4, 6))
  products = (codes * weights) @ table.astype(float).T
  lengths = np.sqrt((codes**2) @ weights)[:, np.newaxis] * np.sqrt(
    (table.astype(float) ** 2) @ weights
  )
  cosines = Neighbours(table, weights).cosines(codes)
  np.testing.assert_allclose(cosines, products / lengths, atol=1e-5)
  assert cosines.dtype == np.float32


def test_a_code_in_the_middle_resembles_none_more_than_another():
  assert not Neighbours(_table(np.float32), np.ones(6)).cosines(np.zeros((1, 6))).any()


def test_a_codeword_in_the_middle_is_resembled_by_none():
  table = _table(np.float32)
  table[3] = 0
  assert Neighbours(table, np.ones(6)).cosines(np.ones((1, 6)))[0, 3] == 0


@pytest.mark.parametrize("count", [1, 2, 17, 250, 499])
def test_order_names_each_codeword_once_and_the_nearest_first(count):
  neighbours = Neighbours(_table(np.float32), np.ones(6))
  (cosines,) = neighbours.cosines(np.random.default_rng(3).normal(size=(1, 6)))
  order = neighbours.order(cosines, count)
  assert sorted(order.tolist()) == list(range(500))
  assert cosines[order[:count]].min() >= cosines[order[count:]].max() - 1.001 * 2**-13
  assert (np.diff(order[:count]) > 0).all()


@pytest.mark.parametrize("value", [-1.0, 0.0, 1.0, 1.0000001, -1.0000001])
def test_ties_go_by_index(value):
  neighbours = Neighbours(_table(np.float32), np.ones(6))
  order = neighbours.order(np.full(500, value, np.float32), 123)
  assert order.tolist() == list(range(500))
