"""Conditional boundaries and moves along them."""

import numpy as np
import pytest

from privai_tf.attributes.boundary import Boundary
from privai_tf.attributes.editing import codes_at_distances
from privai_tf.attributes.projection import condition
from privai_tf.errors import InputError, LatentSpaceError


def _boundaries(count, width=12, seed=0, space="W"):
  random = np.random.default_rng(seed)
  return [
    Boundary(random.normal(size=width), float(random.normal()), space, f"attribute{number}")
    for number in range(count)
  ]


@pytest.mark.parametrize("count", [1, 2, 5, 11])
def test_any_number_of_conditions(count):
  primal, *conditions = _boundaries(1 + count)
  result = condition(primal, conditions)
  assert np.abs([result.normal @ other.normal for other in conditions]).max() < 1e-12
  # What is left of the primal, and nothing else: no direction is nearer to it.
  normals = np.stack([other.normal for other in conditions])
  rest = primal.normal - normals.T @ np.linalg.lstsq(normals.T, primal.normal, rcond=None)[0]
  assert result.normal @ rest / np.linalg.norm(rest) == pytest.approx(1)
  assert result.provenance["conditioned_on"] == [other.name for other in conditions]


def test_conditions_that_depend_on_one_another_take_no_further_direction():
  primal, one, two = _boundaries(3)
  third = Boundary(one.normal - two.normal, latent_space="W", name="third")
  expected = condition(primal, [one, two])
  result = condition(primal, [one, two, third, one])
  assert result.normal @ expected.normal == pytest.approx(1, abs=1e-12)
  assert condition(primal, []) is primal


def test_a_collinear_condition_is_named():
  primal, one, two = _boundaries(3)
  sum_of_both = Boundary(one.normal + 2 * two.normal, latent_space="W", name="sum")
  with pytest.raises(InputError, match=r"'sum'.*attribute1.*attribute2.*collinear"):
    condition(sum_of_both, [one, two])
  with pytest.raises(InputError, match="collinear"):
    condition(primal, [Boundary(-primal.normal, latent_space="W", name="opposite")])


def test_conditions_of_another_space_or_width():
  (primal,) = _boundaries(1)
  with pytest.raises(LatentSpaceError, match="latent space W"):
    condition(primal, _boundaries(1, space="Z"))
  with pytest.raises(LatentSpaceError, match="12 numbers"):
    condition(primal, _boundaries(1, width=10))


def test_codes_move_to_the_distances_and_conditions_stay():
  primal, *conditions = _boundaries(4)
  codes = np.random.default_rng(1).normal(size=(5, 12)).astype(np.float32)
  boundary = condition(primal, conditions, codes.mean(axis=0))
  edited = codes_at_distances(codes, boundary, [-3, 0, 2.5])
  assert edited.shape == (5, 3, 12)
  assert edited.dtype == np.float32
  assert boundary.coordinate(edited) == pytest.approx(np.tile([-3, 0, 2.5], (5, 1)), abs=1e-5)
  for other in conditions:
    before = np.repeat(other.coordinate(codes)[:, np.newaxis], 3, axis=1)
    assert other.coordinate(edited) == pytest.approx(before, abs=1e-5)


def test_the_distance_is_from_the_plane_with_its_intercept():
  boundary = Boundary([0, 0, 2], 10.0, "Z")
  edited = codes_at_distances(np.array([[1.0, 2, 3]]), boundary, [0, 1])
  assert edited[0] == pytest.approx(np.array([[1, 2, -5], [1, 2, -4]]))


def test_layers_move_as_one():
  (boundary,) = _boundaries(1)
  codes = np.random.default_rng(2).normal(size=(2, 6, 12)).astype(np.float32)
  edited = codes_at_distances(codes, boundary, [-1, 4])
  assert boundary.coordinate(edited).mean(axis=-1) == pytest.approx(
    np.tile([-1, 4], (2, 1)), abs=1e-5
  )
  moves = edited - codes[:, np.newaxis]
  assert np.ptp(moves, axis=2) == pytest.approx(0, abs=1e-5)


def test_relative_distances_are_steps_from_the_code():
  (boundary,) = _boundaries(1)
  codes = np.random.default_rng(2).normal(size=(2, 6, 12)).astype(np.float32)
  edited = codes_at_distances(codes, boundary, [0, 2], relative=True)
  assert edited[:, 0] == pytest.approx(codes, abs=1e-6)
  assert edited[:, 1] - codes == pytest.approx(
    np.broadcast_to(2 * boundary.normal, codes.shape), abs=1e-5
  )
