"""Padding is invisible in the results and the shapes never change."""

import numpy as np
import pytest

from privai_tf.errors import ConfigurationError
from privai_tf.runtime.batching import bucket_size, fixed_batches, map_batches


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 8, 9])
def test_batches_hold_every_row_once(count):
  rows = np.arange(count * 2).reshape(count, 2)
  batches = list(fixed_batches(rows, 4))
  assert all(batch.values.shape == (4, 2) and batch.mask.shape == (4,) for batch in batches)
  true = [batch.values[batch.mask > 0] for batch in batches]
  np.testing.assert_array_equal(np.concatenate(true) if true else np.zeros((0, 2)), rows)
  assert sum(batch.count for batch in batches) == count
  assert [batch.start for batch in batches] == list(range(0, count, 4))


def test_padding_repeats_a_valid_row():
  last = list(fixed_batches(np.array([[1.0], [2.0], [3.0]]), 2))[-1]
  np.testing.assert_array_equal(last.values, [[3.0], [3.0]])
  np.testing.assert_array_equal(last.mask, [1, 0])


@pytest.mark.parametrize("count", [1, 4, 5])
def test_map_batches(count):
  shapes = set()

  def double(values):
    shapes.add(values.shape)
    return values * 2

  rows = np.arange(count, dtype=np.float32)[:, None]
  np.testing.assert_array_equal(map_batches(double, rows, 4), rows * 2)
  assert shapes == {(4, 1)}


@pytest.mark.parametrize(
  ("count", "expected"), [(1, 1), (2, 2), (3, 4), (5, 8), (8, 8), (9, 8), (1000, 8)]
)
def test_bucket_size(count, expected):
  assert bucket_size(count, 8) == expected


def test_bucket_size_never_exceeds_the_limit():
  assert [bucket_size(count, 3) for count in range(1, 6)] == [1, 2, 3, 3, 3]


def test_impossible_batch_size():
  with pytest.raises(ConfigurationError):
    list(fixed_batches(np.zeros((3, 1)), 0))
  with pytest.raises(ConfigurationError):
    bucket_size(3, 0)
