"""Work ahead is ordered, bounded, and ends with its consumer."""

import threading
import time

import pytest

from privai_tf.runtime.prefetch import prefetched


def test_order_is_kept_whatever_takes_how_long():
  def work(value):
    time.sleep(0.002 * (5 - value % 5))
    return value * value

  assert list(prefetched(work, range(20), threads=4, ahead=8)) == [n * n for n in range(20)]


def test_no_more_than_asked_for_exists_ahead():
  taken = []

  def values():
    for value in range(1000):
      taken.append(value)
      yield value

  results = prefetched(lambda value: value, values(), threads=2, ahead=5)
  assert next(results) == 0
  assert len(taken) == 5
  results.close()


def test_threads_work_at_the_same_time():
  both = threading.Barrier(2, timeout=120)
  list(prefetched(lambda _: both.wait(), range(2), threads=2, ahead=2))


def test_an_error_comes_at_its_turn():
  def work(value):
    if value == 2:
      raise ValueError("two")
    return value

  results = prefetched(work, range(5), threads=2, ahead=4)
  assert [next(results), next(results)] == [0, 1]
  with pytest.raises(ValueError, match="two"):
    next(results)
