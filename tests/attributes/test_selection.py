"""Choosing samples by score: InterFaceGAN's arguments, and what must be refused."""

import numpy as np
import pytest

from privai_tf.attributes.selection import select_samples
from privai_tf.errors import ConfigurationError, InputError


@pytest.mark.parametrize(
  ("chosen_num_or_ratio", "chosen"),
  [(0.02, 2), (0.29, 29), (1, 50), (0.5, 50), (10, 10), (1000, 50)],
)
def test_a_share_up_to_one_else_a_number_at_most_half(chosen_num_or_ratio, chosen):
  scores = np.random.default_rng(0).permutation(100)[:, np.newaxis]
  selection = select_samples(scores, chosen_num_or_ratio=chosen_num_or_ratio, split_ratio=0.7)
  assert selection.chosen == chosen
  train = int(chosen * 0.7 + 1e-9)
  assert len(selection.train) == 2 * train
  assert len(selection.validation) == 2 * (chosen - train)
  assert len(selection.remaining) == 100 - 2 * chosen
  chosen_rows = np.concatenate([selection.train, selection.validation])
  values = scores[chosen_rows, 0]
  assert set(values[selection.labels[chosen_rows]]) == set(range(100 - chosen, 100))
  assert set(values[~selection.labels[chosen_rows]]) == set(range(chosen))
  assert np.array_equal(selection.valid, np.arange(100))
  # Both parts hold both classes equally.
  assert selection.labels[selection.train].mean() == 0.5


@pytest.mark.parametrize(
  ("count", "chosen"),
  [(10, 4), (100, 40), (2000, 800), (25_000, 10_000), (500_000, 10_000), (600_000, 12_000)],
)
def test_the_usual_share_follows_the_number_of_samples(count, chosen):
  assert select_samples(np.arange(count)).chosen == chosen


def test_the_usual_share_takes_no_more_than_scores_tell_apart():
  """Labels of which a tenth are positive: 2% of them would do as well, 40% are no two classes."""
  selection = select_samples(np.arange(1000) >= 900)
  assert selection.chosen == 100
  with pytest.raises(InputError, match="tell nothing apart"):
    select_samples(np.ones(1000))


def test_remaining_samples_are_split_midway_between_the_extreme_scores():
  selection = select_samples(
    np.array([0.0, 1, 2, 3, 5, 10]), chosen_num_or_ratio=1 / 6, split_ratio=1
  )
  assert selection.threshold == 5
  remaining = dict(zip(selection.remaining, selection.labels[selection.remaining], strict=True))
  # InterFaceGAN: below is negative, equal is positive.
  assert remaining == {1: False, 2: False, 3: False, 4: True}


@pytest.mark.parametrize("invalid", [-1.0, float("nan")])
def test_invalid_samples_are_left_out(invalid):
  scores = np.arange(20.0)
  scores[[3, 19]] = invalid
  selection = select_samples(scores, chosen_num_or_ratio=5, invalid_value=invalid)
  assert selection.invalid == 2
  assert not {3, 19} & set(selection.valid)
  assert len(selection.valid) == 18


def test_the_seed_decides_the_split_and_nothing_else():
  scores = np.random.default_rng(0).normal(size=200)
  one, same, other = (
    select_samples(scores, chosen_num_or_ratio=50, seed=seed) for seed in (1, 1, 2)
  )
  assert np.array_equal(one.train, same.train)
  assert not np.array_equal(one.train, other.train)
  assert np.array_equal(one.remaining, other.remaining)


@pytest.mark.parametrize(
  ("arguments", "problem"),
  [
    ({"chosen_num_or_ratio": 0}, "chosen_num_or_ratio is 0"),
    ({"chosen_num_or_ratio": -3}, "chosen_num_or_ratio is -3"),
    ({"chosen_num_or_ratio": 2.5}, "whole number"),
    ({"chosen_num_or_ratio": float("nan")}, "chosen_num_or_ratio is nan"),
    ({"split_ratio": 0}, "split_ratio is 0"),
    ({"split_ratio": 1.1}, "split_ratio is 1.1"),
    ({"chosen_num_or_ratio": 0.02, "split_ratio": 0.1}, "no sample to train on"),
  ],
)
def test_numbers_out_of_range(arguments, problem):
  with pytest.raises(ConfigurationError, match=problem):
    select_samples(np.arange(50.0), **arguments)


@pytest.mark.parametrize(
  ("scores", "problem"),
  [
    (np.zeros(50), "tell nothing apart"),
    (np.r_[np.zeros(45), np.ones(5)], "at most 5 of each"),
    (np.r_[np.arange(49.0), np.nan], "sample 49 is nan"),
    (np.r_[np.inf, np.arange(49.0)], "sample 0 is inf"),
    (np.zeros((50, 2)), "shape \\[50, 2\\]"),
    (np.array(["a"] * 50), "not numbers"),
  ],
)
def test_scores_that_cannot_be_used(scores, problem):
  with pytest.raises(InputError, match=problem):
    select_samples(scores, chosen_num_or_ratio=10)
