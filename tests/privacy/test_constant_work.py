"""How long a release takes says nothing: its work is the same wherever the coordinate is.

No clock here (`python -m benchmarks.timing` has one): the words that are drawn and the calls that are
made are counted, for equal words and different coordinates.
"""

import gc
import sys

import numpy as np
import pytest

from privai_tf.privacy.clipping import clip_integers
from privai_tf.privacy.mechanisms import mechanism_class, mechanism_names

_PRIVATE = [name for name in mechanism_names() if mechanism_class(name).private]
_SEEDS = range(12)


class _Counting:
  """Counts the words that it hands out."""

  def __init__(self, source):
    self._source = source
    self.drawn = []

  def words(self, count):
    self.drawn.append(count)
    return self._source.words(count)


def _work(function, *arguments):
  """The calls that a function makes, by name, in order."""
  calls = []

  def note(frame, event, argument):
    if event == "c_call":
      calls.append(argument.__name__)
    elif event == "call":
      calls.append(frame.f_code.co_name)

  gc.disable()  # What other tests left would be finalized in between, by calls that count.
  sys.setprofile(note)
  try:
    function(*arguments)
  finally:
    sys.setprofile(None)
    gc.enable()
  return calls


def _inputs(mechanism, dimensions):
  """The middle of the clip set, its end, a point far outside, and a large and a small one inside."""
  radius = mechanism.radius_steps or 1 << 17
  rows = np.zeros((5, dimensions), np.int64)
  rows[1, 0], rows[2], rows[3, 0], rows[4] = radius, -3 * radius, radius - 1, 1
  return rows[:, np.newaxis]


@pytest.mark.parametrize("epsilon", [0.1, 1.0, 8.0])
@pytest.mark.parametrize("name", _PRIVATE)
def test_words_and_calls_do_not_depend_on_the_coordinate(
  simple_mechanism, pinned_source, name, epsilon
):
  epsilon = min(epsilon, 1.0) if name == "gaussian_classic" else epsilon
  limit = mechanism_class(name).largest_dimensions
  for dimensions in (1, 4) if limit is None else (1,):
    mechanism = simple_mechanism(name, epsilon, 2.0, dimensions)
    inputs = _inputs(mechanism, dimensions)
    for seed in _SEEDS:
      mechanism.release(inputs[0], pinned_source(seed))  # Fills caches of public figures.
      sources = [_Counting(pinned_source(seed)) for _ in inputs]
      calls = [
        _work(mechanism.release, row, source) for row, source in zip(inputs, sources, strict=True)
      ]
      assert all(source.drawn == sources[0].drawn for source in sources)
      assert all(made == calls[0] for made in calls)
      assert sources[0].drawn


@pytest.mark.parametrize(
  "name", ["exponential", "laplace", "randomized_response", "subset_selection"]
)
def test_words_of_one_number_do_not_depend_on_the_noise_either(
  simple_mechanism, pinned_source, name
):
  """Or the time would tell the noise, and so what it was added to. (Ties draw more: few seeds.)"""
  mechanism = simple_mechanism(name, 1.0, 2.0)
  drawn = []
  for seed in range(40):
    source = _Counting(pinned_source(seed))
    mechanism.release(np.zeros((1, 1), np.int64), source)
    drawn.append(sum(source.drawn))
  assert np.mean(np.array(drawn) == min(drawn)) > 0.8


def test_clipping_does_the_same_for_rows_inside_and_outside():
  rows = np.array([[0, 0], [3, 4], [10**6, -(10**6)], [2**60, 1]])
  calls = [_work(clip_integers, row[np.newaxis], 5, "l2") for row in rows]
  assert all(made == calls[0] for made in calls)
