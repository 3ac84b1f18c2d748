"""Rank-1 and AUC on closed forms; what no attacker exceeds; the likeliest face against it."""

import math

import numpy as np
import pytest

from privai_tf.evaluation.recognition.matching import (
  auc_bound,
  gallery_scores,
  identification,
  identification_bound,
)
from privai_tf.evaluation.recognition.recognizer import Recognizer

_COSINE = Recognizer("test", lambda values: values)
_DISTANCE = Recognizer("test", lambda values: values, distance=True)


def test_all_are_found_where_all_are_told_apart():
  faces = np.random.default_rng(0).standard_normal((200, 16))
  for recognizer in (_COSINE, _DISTANCE):
    found = identification(gallery_scores(recognizer, faces, faces, 10))
    assert (found.trials, found.rank_one, found.auc) == (200, 1.0, 1.0)
    assert found.rank_one_interval[1] == 1.0


def test_ties_are_shared_out():
  found = identification(np.zeros((20, 10, 10)))
  assert found.rank_one == pytest.approx(0.1)
  assert found.auc == 0.5


def test_what_is_left_over_of_a_gallery_is_dropped():
  faces = np.eye(27)
  assert identification(gallery_scores(_COSINE, faces, faces, 10)).trials == 20


def test_auc_compares_releases_of_one_original():
  # One gallery of two: both releases look more like the first original.
  found = identification(np.array([[[0.9, 0.1], [0.8, 0.2]]]))
  assert found.rank_one == 0.5
  assert found.auc == 1.0


def test_distances_and_cosines_are_what_they_are_called():
  one, other = np.array([[3.0, 4.0]]), np.array([[3.0, 4.0], [-4.0, 3.0]])
  np.testing.assert_allclose(_COSINE.compare(one, other), [[1, 0]], atol=1e-12)
  np.testing.assert_allclose(_DISTANCE.compare(one, other), [[0, -math.sqrt(50)]], atol=1e-6)


@pytest.mark.parametrize("epsilon", [0.1, 1.0, 4.0, 8.0])
@pytest.mark.parametrize("size", [2, 10, 100])
def test_the_bound_is_what_randomized_response_attains(epsilon, size):
  exact = math.exp(epsilon) / (math.exp(epsilon) + size - 1)
  assert identification_bound(epsilon, 0.0, size) == pytest.approx(exact, abs=1e-12)


def test_delta_adds_to_the_bound():
  loose, tight = identification_bound(1.0, 1e-3, 10), identification_bound(1.0, 0.0, 10)
  assert loose - tight == pytest.approx(9e-3 / (math.e + 9))


def test_randomized_response_over_a_gallery_meets_both_bounds():
  """False alarm: rank-1 of 40,000 trials is 5 standard deviations from the bound with p < 6e-7."""
  epsilon, size, count = 1.0, 10, 4000
  random = np.random.default_rng(1)
  keep = math.exp(epsilon) / (math.exp(epsilon) + size - 1)
  own = np.tile(np.arange(size), (count, 1))
  others = (own + random.integers(1, size, own.shape)) % size
  said = np.where(random.random(own.shape) < keep, own, others)
  scores = (said[..., None] == np.arange(size)).astype(float)
  found = identification(scores)
  assert found.rank_one == pytest.approx(identification_bound(epsilon, 0, size), abs=0.012)
  assert found.auc <= auc_bound(epsilon)


def test_auc_of_two_point_release_is_its_bound():
  """Randomized response between two faces: AUC is e^epsilon / (1 + e^epsilon)."""
  epsilon = 1.5
  p = math.exp(epsilon) / (1 + math.exp(epsilon))
  exact = p * p + p * (1 - p)  # Own above (p(1-(1-p)))... ties count half: p(p) + (2 p (1-p)) / 2.
  assert auc_bound(epsilon) == pytest.approx(exact)
  assert auc_bound(epsilon, 0.1) > auc_bound(epsilon)
  assert auc_bound(50.0, 1e-5) <= 1.0
