"""Boundaries from labelled codes: the true plane is found, intercept included."""

import numpy as np
import pytest

from privai_tf.attributes.svm import fit_boundary
from privai_tf.errors import InputError, LatentSpaceError


@pytest.fixture(scope="module")
def plane():
  rng = np.random.default_rng(0)
  normal = rng.standard_normal(16)
  normal /= np.linalg.norm(normal)
  codes = 3 + 2 * rng.standard_normal((4000, 16))
  return normal, codes, codes @ normal - 3 * normal.sum() - 0.8


def test_finds_normal_and_intercept(plane):
  normal, codes, distance = plane
  boundary = fit_boundary(codes, distance > 0, "W", name="smile", provenance={"seeded": True})
  assert boundary.normal @ normal > 0.999
  np.testing.assert_allclose(boundary.coordinate(codes), distance, atol=0.35)
  assert boundary.latent_space == "W"
  assert boundary.provenance["seeded"] is True
  assert boundary.provenance["accuracy_held_out"] > 0.985
  assert boundary.provenance["codes_held_out"] == 1200


def test_accuracy_is_that_of_codes_not_fitted(plane):
  _, codes, _ = plane
  noise = np.random.default_rng(1).integers(0, 2, len(codes)).astype(bool)
  accuracy = fit_boundary(codes, noise, "W").provenance["accuracy_held_out"]
  # 1200 coin tosses: outside of 0.5 +- 0.09 once in 10^9.
  assert abs(accuracy - 0.5) < 0.09


def test_scores_choose_the_surest_codes(plane):
  normal, codes, distance = plane
  # Labels near the plane are wrong half of the time: only the sure ones are worth anything.
  rng = np.random.default_rng(2)
  unsure = np.abs(distance) < 1
  scores = np.where(unsure, rng.normal(0, 0.1, len(codes)), distance)
  boundary = fit_boundary(codes, scores, "W", chosen_share=0.4)
  assert boundary.normal @ normal > 0.99
  assert boundary.provenance["codes_fitted"] + boundary.provenance["codes_held_out"] == 1600
  assert boundary.provenance["accuracy_held_out"] > 0.99


def test_same_seed_same_boundary(plane):
  _, codes, distance = plane
  first, second = (fit_boundary(codes, distance > 0, "Z", seed=4) for _ in range(2))
  np.testing.assert_array_equal(first.normal, second.normal)
  assert first.intercept == second.intercept


@pytest.mark.parametrize(
  ("change", "error"),
  [
    ({"latents": np.zeros((100, 2, 4))}, LatentSpaceError),
    ({"labels_or_scores": np.zeros(99, bool)}, InputError),
    ({"labels_or_scores": np.full(100, np.nan)}, InputError),
    ({"latents": np.full((100, 4), np.inf)}, InputError),
    ({"labels_or_scores": np.ones(100, bool)}, InputError),
    ({"latent_space": "W+"}, LatentSpaceError),
    ({"chosen_share": 0.0}, InputError),
    ({"held_out_share": 1.0}, InputError),
  ],
)
def test_unusable_arguments_are_refused(change, error):
  rng = np.random.default_rng(3)
  codes = rng.standard_normal((100, 4))
  arguments = {"latents": codes, "labels_or_scores": codes[:, 0] > 0, "latent_space": "W"}
  with pytest.raises(error):
    fit_boundary(**(arguments | change))
