"""Frequencies of finite outputs: right samplers pass, wrong ones are caught.

Right ones fail by chance with probability 1e-8 each (12 of them).
"""

import dataclasses

import numpy as np
import pytest
from scipy import stats

from privai_tf.privacy.audit import frequencies, prepare_audit
from privai_tf.privacy.audit.frequencies import _compared
from privai_tf.privacy.mechanisms.randomized_response import RandomizedResponse
from privai_tf.privacy.mechanisms.subset_selection import SubsetSelection

FINITE = ("extremal", "randomized_response", "subset_selection")
SAMPLES = 30_000
ALARM = 1e-8


@pytest.mark.parametrize("epsilon", [0.05, 0.5, 2.0, 8.0])
@pytest.mark.parametrize("name", FINITE)
def test_right_frequencies_pass(name, epsilon):
  found = frequencies(prepare_audit(name, epsilon), samples=SAMPLES, false_alarm=ALARM)
  assert not found.wrong, found
  assert found.p_value >= found.false_alarm == ALARM
  assert found.outputs >= 2
  if name == "randomized_response" and epsilon < 8:  # At 8 flips are too rare to be counted.
    assert found.classes == 2


@pytest.mark.parametrize("name", ["laplace", "exponential"])
def test_what_has_too_many_outputs_is_left_to_the_bound(name):
  assert frequencies(prepare_audit(name, 1.0), samples=10) is None


def _wrong(name, mutate):
  audited = prepare_audit(name, 1.0)
  mutate(audited.mechanism)
  return frequencies(audited, samples=SAMPLES, false_alarm=ALARM)


def _shift_thresholds(mechanism):
  """Takes 5% from the likeliest output and gives it to the next: still a distribution in each cell."""
  thresholds = mechanism.table.thresholds.copy()
  thresholds[:, 0] += np.int64(1 << 62) // 20
  assert (np.diff(thresholds, axis=1) >= 0).all()
  table = dataclasses.replace(mechanism.table)
  vars(table)["thresholds"] = thresholds
  mechanism.table = table


def test_wrong_thresholds_of_extremal_are_caught():
  assert _wrong("extremal", _shift_thresholds).wrong


def test_a_cell_off_by_one_is_caught_where_it_matters(monkeypatch):
  audited = prepare_audit("extremal", 1.0)
  right, table = audited.mechanism.release, audited.mechanism.table

  def one_output_further(coordinates, source=None):
    places = np.searchsorted(table.outputs, right(coordinates, source)[:, 0])
    return table.outputs[(places + 1) % len(table.outputs)][:, np.newaxis]

  monkeypatch.setattr(audited.mechanism, "release", one_output_further)
  assert frequencies(audited, samples=SAMPLES).wrong


def test_a_coin_of_another_epsilon_is_caught():
  assert _wrong("randomized_response", lambda mechanism: setattr(mechanism, "epsilon", 1.2)).wrong


def test_a_weight_of_another_epsilon_is_caught():
  def less(mechanism):
    mechanism.outside = mechanism.outside * 4 // 3

  assert _wrong("subset_selection", less).wrong


def test_a_codeword_that_never_comes_is_caught(monkeypatch):
  right = SubsetSelection.places
  monkeypatch.setattr(SubsetSelection, "places", lambda self, n: np.maximum(right(self, n), 1))
  assert frequencies(prepare_audit("subset_selection", 1.0), samples=SAMPLES).wrong


def test_a_sampler_that_leaks_nothing_is_caught_too(monkeypatch):
  """Regardless of the input: no bound on epsilon would see it."""
  monkeypatch.setattr(
    RandomizedResponse,
    "release",
    lambda self, coordinates, source=None: np.full_like(coordinates, self._threshold + 1),
  )
  assert frequencies(prepare_audit("randomized_response", 1.0), samples=100).wrong


@pytest.mark.parametrize("skew", [1.0, 30.0])
def test_p_values_of_right_counts_are_spread_evenly(skew):
  """Kolmogorov-Smirnov over 3,000 tests: false alarm 1e-6 each (2 of them); rare outputs included."""
  random = np.random.default_rng(0)
  probabilities = np.linspace(1, skew, 40)
  probabilities /= probabilities.sum()
  values = random.permutation(40)
  draws = random.choice(values, size=(3000, 4000), p=probabilities)
  found = [_compared(values, probabilities, row)[1] for row in draws]
  assert stats.kstest(found, "uniform").pvalue > 1e-6


def test_impossible_outputs_are_never_right():
  values, probabilities = np.array([5, 7]), np.array([1.0, 0.0])
  assert _compared(values, probabilities, np.full(10, 5)) == (1, 1.0)
  assert _compared(values, probabilities, np.array([5, 7]))[1] == 0
  assert _compared(values, probabilities, np.array([5, 6]))[1] == 0
