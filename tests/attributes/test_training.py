"""Training a boundary: the direction of SVC, its accuracy, and codes of the wrong kind."""

import json
import time

import numpy as np
import pytest

from privai_tf.attributes.boundary import Boundary
from privai_tf.attributes.separation import choose_regularization, fit_plane
from privai_tf.attributes.training import train_boundary, train_conditional
from privai_tf.errors import ConfigurationError, InputError, LatentSpaceError


def _problem(count, width, noise, seed=0):
  """Codes of uneven variance, off the origin, with scores along one direction plus noise."""
  random = np.random.default_rng(seed)
  axes = np.linalg.qr(random.normal(size=(width, width)))[0]
  codes = random.normal(size=(count, width)) * np.linspace(1, 0.1, width) @ axes + 3
  direction = random.normal(size=width)
  direction /= np.linalg.norm(direction)
  along = (codes - 3) @ direction
  scores = along / along.std() + noise * random.normal(size=count)
  return codes.astype(np.float32), scores, direction


@pytest.mark.parametrize(("count", "width", "noise"), [(400, 32, 0.5), (150, 64, 0.2)])
@pytest.mark.parametrize("regularization", [0.1, 1.0])
def test_the_direction_is_that_of_svc(count, width, noise, regularization):
  """Overlapping classes and separable ones."""
  from sklearn.svm import SVC

  codes, scores, _ = _problem(count, width, noise)
  machine = SVC(kernel="linear", C=regularization).fit(codes, scores > 0)
  length = np.linalg.norm(machine.coef_)
  plane = fit_plane(codes, scores > 0, regularization)
  assert plane.normal @ machine.coef_[0] / length > 0.995
  assert np.linalg.norm(plane.normal) == pytest.approx(1)
  # The intercept too: both planes decide alike.
  assert (plane.side(codes) == machine.predict(codes)).mean() > 0.98


@pytest.mark.very_slow
def test_ten_thousand_codes_take_less_than_twenty_seconds():
  """All codes are chosen, which is the largest problem; one core's time, whatever else runs."""
  codes, scores, _ = _problem(10_000, 512, 0.5)
  began = time.process_time()
  train_boundary(codes, scores, latent_space="W", chosen_num_or_ratio=0.5)
  assert time.process_time() - began < 20


def test_cross_validation_prefers_strong_regularization_where_there_is_much_noise():
  codes, scores, direction = _problem(400, 96, 1.5)
  best, accuracies = choose_regularization(codes, scores > 0, seed=0)
  assert best < 1
  assert accuracies[best] == max(accuracies.values())
  weakest = fit_plane(codes, scores > 0, 1.0, scaled=True)
  chosen = fit_plane(codes, scores > 0, best, scaled=True)
  assert chosen.normal @ direction > weakest.normal @ direction


def test_balanced_classes_weigh_the_same():
  random = np.random.default_rng(0)
  labels = np.arange(2000) < 100
  codes = random.normal(size=(2000, 4)) + np.where(labels, 1.0, -1.0)[:, np.newaxis] * 0.5
  even = fit_plane(codes, labels, balanced=True).side(codes)
  uneven = fit_plane(codes, labels).side(codes)
  assert even[labels].mean() > uneven[labels].mean() + 0.2


def test_a_boundary_with_its_accuracy_and_origin():
  codes, scores, direction = _problem(1500, 24, 0.1)
  training = train_boundary(
    codes, scores[:, np.newaxis], latent_space="W", name="smile", chosen_num_or_ratio=0.2, seed=3
  )
  boundary = training.boundary
  assert boundary.latent_space == "W"
  assert boundary.name == "smile"
  assert boundary.normal @ direction > 0.9
  # The codes are off the origin: without an intercept all would lie on one side.
  assert abs(boundary.intercept) > 1
  # Samples in the middle are within the noise of the plane: the share is lower, but far from 1/2.
  assert training.accuracy["train"] > 0.97
  assert training.accuracy["validation"] > 0.95
  assert training.accuracy["remaining"] > 0.85
  provenance = json.loads(json.dumps(boundary.provenance))
  assert provenance["accuracy"] == training.accuracy
  assert provenance["counts"] == {"train": 420, "validation": 180, "remaining": 900}
  assert provenance["seed"] == 3
  assert provenance["C"] > 0
  assert len(provenance["cross_validation"]) > 2


def test_training_again_gives_the_same_and_c_may_be_set():
  codes, scores, _ = _problem(300, 16, 0.3)
  one, same = (
    train_boundary(codes, scores, latent_space="Z", chosen_num_or_ratio=0.3, seed=5)
    for _ in range(2)
  )
  assert np.array_equal(one.boundary.normal, same.boundary.normal)
  fixed = train_boundary(codes, scores, latent_space="Z", regularization=1.0)
  assert fixed.boundary.provenance["C"] == 1
  assert fixed.boundary.provenance["cross_validation"] is None


def test_no_validation_and_no_remaining_samples():
  codes, scores, _ = _problem(100, 8, 0.1)
  training = train_boundary(codes, scores, latent_space="W", chosen_num_or_ratio=0.5, split_ratio=1)
  assert training.accuracy["validation"] is None
  assert training.accuracy["remaining"] is None


@pytest.mark.parametrize(
  ("codes", "space", "problem"),
  [
    (np.zeros((10, 18, 8)), "W", "shape \\[10, 18, 8\\]"),
    (np.zeros((10, 8)), "W+", "W\\+ codes use W's boundary"),
    (np.zeros(8), "Z", "shape \\[8\\]"),
  ],
)
def test_codes_of_no_use(codes, space, problem):
  with pytest.raises(LatentSpaceError, match=problem):
    train_boundary(codes, np.arange(10.0), latent_space=space)


def test_scores_of_other_codes_and_codes_that_are_all_the_same():
  with pytest.raises(InputError, match="there are 12 codes"):
    train_boundary(np.zeros((12, 4)), np.arange(10.0), latent_space="W")
  with pytest.raises(InputError, match="the same"):
    train_boundary(np.ones((100, 4)), np.arange(100.0), latent_space="W", chosen_num_or_ratio=0.5)
  with pytest.raises(ConfigurationError, match="C is -1"):
    train_boundary(np.zeros((12, 4)), np.arange(12.0), latent_space="W", regularization=-1)


def test_a_conditional_boundary_keeps_the_condition_and_has_its_own_accuracy():
  codes, scores, _ = _problem(800, 24, 0.1)
  training = train_boundary(codes, scores, latent_space="W", name="smile", chosen_num_or_ratio=0.2)
  other = training.boundary.normal + np.random.default_rng(1).normal(size=24) * 0.3
  age = Boundary(other, latent_space="W", name="age")
  boundary = train_conditional(training, codes, [age])
  assert boundary.name == "smile_c_age"
  assert abs(boundary.normal @ age.normal) < 1e-12
  accuracy = boundary.provenance["accuracy"]
  assert 0.5 < accuracy["validation"] <= training.accuracy["validation"]
