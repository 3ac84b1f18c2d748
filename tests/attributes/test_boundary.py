"""Boundaries: InterFaceGAN's files, our companions, and everything that is refused."""

import json

import numpy as np
import pytest

from privai_tf import errors
from privai_tf.attributes.boundary import Boundary
from privai_tf.runtime import search_path


def _normal(width=512, seed=0):
  vector = np.random.default_rng(seed).normal(size=width)
  return vector / np.linalg.norm(vector)


def _write(path, array, companion=None):
  np.save(path, array)
  if companion is not None:
    path.with_suffix(".json").write_text(json.dumps(companion))
  return path


def test_interfacegan_file_loads_without_companion(tmp_path):
  normal = _normal().astype(np.float32)
  path = _write(tmp_path / "stylegan_ffhq_age_w_boundary.npy", normal[np.newaxis])
  boundary = Boundary.load(path, latent_space="W")
  assert boundary.name == "age"
  assert (boundary.latent_space, boundary.width, boundary.intercept) == ("W", 512, 0.0)
  assert boundary.normal.dtype == np.float64
  assert abs(np.linalg.norm(boundary.normal) - 1) < 1e-15
  np.testing.assert_allclose(boundary.normal, normal, rtol=1e-6)
  assert Boundary.load(str(path), latent_space="W+").latent_space == "W"


def test_round_trip_keeps_every_bit(tmp_path):
  original = Boundary(
    _normal(), 0.3, "Z", "smile", {"seed": 1}, {"mean": [0.0], "seed": 2, "count": 3}
  )
  loaded = Boundary.load(original.save(tmp_path / "smile_z_boundary.npy"))
  np.testing.assert_array_equal(loaded.normal, original.normal)
  assert loaded.intercept == original.intercept
  assert (loaded.latent_space, loaded.name) == ("Z", "smile")
  assert (loaded.provenance, loaded.calibration) == (original.provenance, original.calibration)
  assert np.load(tmp_path / "smile_z_boundary.npy").shape == (1, 512)


@pytest.mark.parametrize("length", [1e-3, 0.5, 1.0, 40.0])
def test_the_intercept_is_scaled_with_the_normal(tmp_path, length):
  """The plane 3 x + 4 y = 10, two units from the origin, however long its normal is written."""
  normal, intercept = np.array([0.6, 0.8]) * length, -2.0 * length
  companion = {"latent_space": "W", "intercept": intercept}
  path = _write(tmp_path / "smile_w_boundary.npy", normal[np.newaxis], companion)
  made = Boundary(normal, intercept)
  codes = np.array([[0.0, 0.0], [1.2, 1.6], [6.0, 8.0]])
  for boundary in (made, Boundary.load(path), Boundary.load(made.save(tmp_path / "b.npy"))):
    assert np.linalg.norm(boundary.normal) == pytest.approx(1)
    assert boundary.intercept == pytest.approx(-2)
    np.testing.assert_allclose(boundary.coordinate(codes), [-2, 0, 8], atol=1e-12)
  # What is left beside other attributes is shorter, and the plane stays where it was.
  beside = made.conditioned_on([Boundary(np.array([1.0, 0.0]))])
  np.testing.assert_allclose(beside.coordinate(codes), [-2.5, -0.9, 5.5], atol=1e-12)


def test_coordinate_is_the_signed_distance_from_the_plane():
  boundary = Boundary(np.array([3.0, 4.0]), intercept=10.0)
  # The plane 3x + 4y + 10 = 0; the origin lies 2 from it.
  assert boundary.intercept == 2.0
  np.testing.assert_allclose(boundary.coordinate(np.zeros((1, 2))), [2.0])
  np.testing.assert_allclose(boundary.coordinate(np.array([[-1.2, -1.6]])), [0.0], atol=1e-15)
  assert boundary.coordinate(np.zeros((5, 18, 2))).shape == (5, 18)
  with pytest.raises(errors.LatentSpaceError, match="has 2 numbers"):
    boundary.coordinate(np.zeros((1, 3)))


def test_conditional_boundary_leaves_the_other_attributes_alone():
  age = Boundary(_normal(32, 1), 0.4, "W", "age", {"seed": 1}, {"count": 3})
  others = [Boundary(_normal(32, 2), name="glasses"), Boundary(_normal(32, 3), name="gender")]
  mean = np.full(32, 0.1)
  conditional = age.conditioned_on(others, mean)
  for other in others:
    assert abs(conditional.normal @ other.normal) < 1e-15
  assert conditional.normal @ age.normal > 0
  assert conditional.calibration is None
  assert conditional.name == "age_c_glasses_gender"
  assert conditional.provenance == {"seed": 1, "conditioned_on": ["glasses", "gender"]}
  # On the axis through the mean, both planes are crossed at the same point.
  step = -conditional.coordinate(mean)
  np.testing.assert_allclose(age.coordinate(mean + step * conditional.normal), 0, atol=1e-12)
  with pytest.raises(errors.InputError, match=r"'age' points along age \(collinear\)"):
    age.conditioned_on([age])
  with pytest.raises(errors.LatentSpaceError, match="latent space"):
    age.conditioned_on([Boundary(_normal(32, 2), latent_space="Z")])


def test_conditions_that_depend_on_one_another_count_once_and_none_changes_nothing():
  age, other = Boundary(_normal(32, 1), 0.4), Boundary(_normal(32, 2))
  once = age.conditioned_on([other])
  np.testing.assert_allclose(age.conditioned_on([other, other]).normal, once.normal, atol=1e-15)
  unchanged = age.conditioned_on([])
  np.testing.assert_allclose(unchanged.normal, age.normal, atol=1e-15)
  assert unchanged.intercept == pytest.approx(age.intercept)


@pytest.mark.parametrize(
  ("companion", "place"),
  [
    ({"provenance": {"checkpoint": {"name": "a", "sha256": "a" * 64}}}, "its provenance"),
    ({"provenance": {"checkpoint": "a", "checkpoint_sha256": "a" * 64}}, "its provenance"),
    ({"calibration": {"generator": "a" * 64}}, "its calibration"),
  ],
)
def test_a_boundary_fits_the_checkpoint_that_its_file_states_and_no_other(
  tmp_path, companion, place
):
  path = _write(tmp_path / "smile_w_boundary.npy", _normal()[np.newaxis], companion)
  boundary = Boundary.load(path)
  boundary.require_generator("a" * 64)
  with pytest.raises(errors.InputError) as raised:
    boundary.require_generator("b" * 64)
  message = str(raised.value)
  for words in (path.name, f"{place} states weights aaaaaaaaaaaa", "bbbbbbbbbbbb", "train"):
    assert words in message
  assert "\n" not in message


def test_the_origin_is_what_the_provenance_states():
  unknown = Boundary(_normal(), calibration={"generator": "a" * 64})
  assert unknown.origin == "unknown"  # Measured on a checkpoint is not trained on it.
  stated = Boundary(_normal(), provenance={"checkpoint": {"name": "a", "sha256": "a" * 64}})
  assert stated.origin == stated.conditioned_on([]).origin == "checkpoint"
  Boundary(_normal()).require_generator("b" * 64)  # States nothing, and fits all.


@pytest.mark.parametrize(
  ("provenance", "accuracy"),
  [
    ({"accuracy_held_out": 0.72}, 0.72),
    ({"accuracy": {"train": 1.0, "validation": 0.72, "remaining": None}}, 0.72),
    ({"accuracy": {"train": 1.0, "validation": None}}, None),
    ({"accuracy": "good"}, None),
    ({}, None),
  ],
)
def test_the_held_out_accuracy_is_what_the_provenance_states(provenance, accuracy):
  assert Boundary(_normal(), provenance=provenance).held_out_accuracy == accuracy


def test_old_files_of_conditional_boundaries_get_their_conditions_into_the_name(tmp_path):
  companion = {"name": "smile", "provenance": {"conditioned_on": ["age", "gender"]}}
  path = _write(tmp_path / "smile_w_boundary.npy", _normal()[np.newaxis], companion)
  assert Boundary.load(path).name == "smile_c_age_gender"


def test_named_boundary(tmp_path, monkeypatch):
  monkeypatch.setattr(search_path, "search_path", lambda kind: (tmp_path,))
  (tmp_path / "avatars").mkdir()
  for space in "WZ":
    Boundary(_normal(), 0.0, space, "smile").save(
      tmp_path / "avatars" / f"smile_{space.lower()}_boundary.npy"
    )
  assert Boundary.load("avatars/smile", latent_space="Z").latent_space == "Z"
  assert Boundary.load("avatars/smile", latent_space="W+").latent_space == "W"
  with pytest.raises(errors.InputError, match=r"avatars/smile"):
    Boundary.load("avatars/beard", latent_space="W")


@pytest.mark.parametrize(
  ("array", "error", "words"),
  [
    (np.zeros((1, 512)), errors.InputError, "is zero"),
    (np.full((1, 512), np.nan), errors.InputError, "512 numbers that are not finite"),
    (np.full((1, 512), np.inf), errors.InputError, "not finite"),
    (np.ones((18, 512)), errors.LatentSpaceError, r"shape \(18, 512\).*\(1, 512\)"),
    (np.ones((1, 1, 512)), errors.InputError, r"has shape \(1, 1, 512\)"),
    (np.ones((1, 0)), errors.InputError, "has shape"),
    (np.float64(3.0), errors.InputError, "has shape"),
    (np.ones((1, 512), complex), errors.InputError, "complex"),
    (np.array([["a"]]), errors.InputError, "real numbers"),
  ],
)
def test_bad_numbers_are_refused(tmp_path, array, error, words):
  path = _write(tmp_path / "b.npy", array)
  with pytest.raises(error, match=words) as caught:
    Boundary.load(path, latent_space="W")
  assert "b.npy" in str(caught.value)
  assert "\n" not in str(caught.value)


def test_wrong_space_is_refused_from_companion_and_from_name(tmp_path):
  path = _write(tmp_path / "a.npy", np.ones((1, 8)), {"latent_space": "Z"})
  with pytest.raises(errors.LatentSpaceError, match="is for latent space Z, not W"):
    Boundary.load(path, latent_space="W+")
  path = _write(tmp_path / "age_w_boundary.npy", np.ones((1, 8)))
  with pytest.raises(errors.LatentSpaceError, match="is for latent space W, not Z"):
    Boundary.load(path, latent_space="Z")
  with pytest.raises(errors.LatentSpaceError, match="does not say which"):
    Boundary.load(_write(tmp_path / "age_boundary.npy", np.ones((1, 8))))
  with pytest.raises(errors.LatentSpaceError, match="Unknown latent space 'S'"):
    Boundary.load(path, latent_space="S")


def test_require_space_names_both_sides():
  boundary = Boundary(_normal(8), latent_space="Z", name="age")
  with pytest.raises(errors.LatentSpaceError, match=r"is for latent space Z.*from W\+"):
    boundary.require_space("W+", 8)
  with pytest.raises(errors.LatentSpaceError, match="8 numbers and the latents have 512"):
    boundary.require_space("Z", 512)
  boundary.require_space("Z", 8)


def test_broken_files_are_refused(tmp_path):
  with pytest.raises(errors.InputError, match="is not a file"):
    Boundary.load(tmp_path / "absent.npy", latent_space="W")
  (tmp_path / "text.npy").write_text("no numbers")
  with pytest.raises(errors.InputError, match="damaged"):
    Boundary.load(tmp_path / "text.npy", latent_space="W")
  np.save(tmp_path / "object.npy", np.array([{}], object), allow_pickle=True)
  with pytest.raises(errors.InputError, match="damaged, holds Python objects, or is not"):
    Boundary.load(tmp_path / "object.npy", latent_space="W")
  path = _write(tmp_path / "c.npy", np.ones((1, 8)))
  for text in ("{", "[]", '{"latent_space": "Q"}', '{"calibration": 3}', '{"intercept": "x"}'):
    path.with_suffix(".json").write_text(text)
    with pytest.raises(errors.InputError, match=r"c\.json"):
      Boundary.load(path, latent_space="W")
  with pytest.raises(errors.InputError, match="intercept"):
    Boundary(np.ones(3), intercept=float("nan"))
  with pytest.raises(errors.InputError, match=r"\.npy"):
    Boundary(np.ones(3)).save(tmp_path / "x.bin")
