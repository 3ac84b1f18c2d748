"""Planes learnt from many rough scores and few true ones, placed and judged by others."""

import json

import numpy as np
import pytest

from privai_tf.demo.label_eyeglasses import judged, seen_glasses
from privai_tf.demo.photo_planes import Sides, between_sides, placed, plane_between

ATTRIBUTES = ("age", "gender", "smile", "pose", "eyeglasses")


def test_the_surest_of_each_side_are_examples():
  scores = np.arange(10.0)
  codes, present = Sides(high=0.2, low=0.5).examples(scores[:, None], scores)
  assert codes[:, 0].tolist() == [0, 1, 2, 3, 4, 8, 9]
  assert present.tolist() == [False] * 5 + [True] * 2


@pytest.mark.parametrize("share", [0.5, 0.15])
def test_a_plane_of_rough_sketches_and_true_faces(share):
  random = np.random.default_rng(0)
  normal = random.normal(size=16)
  normal /= np.linalg.norm(normal)

  def draw(count, noise):
    codes = random.normal(size=(count, 16)).astype(np.float32)
    scores = codes @ normal + noise * random.normal(size=count)
    return codes, scores > np.quantile(scores, 1 - share)

  faces, others = draw(200, 0), draw(300, 0)
  boundary = plane_between(draw(2000, 1.0), faces, 1e-3, "smile", {"made_by": "a test"})
  # Some 15 degrees off at most: rough scores, and 200 faces in 16 dimensions.
  assert boundary.normal.ravel() @ normal > 0.96
  middle = between_sides(boundary.coordinate(faces[0]), faces[1])
  found = placed(boundary, middle, *others)
  facts = found.provenance
  assert (facts["made_by"], facts["sketches"], facts["faces"]) == ("a test", 2000, 200)
  assert facts["held_out_faces"] == 300
  assert facts["accuracy_held_out"] > 0.8  # 30 faces on a side place the plane.
  np.testing.assert_allclose(
    found.coordinate(others[0]), boundary.coordinate(others[0]) - middle, atol=1e-5
  )


def test_between_sides_is_best_for_both():
  coordinates = np.float64([5, 1, 2, 3, 4, 0])
  present = np.array([True, False, True, False, True, False])
  # Above 3.5 are two of three with it, below all three without: no place is right more often.
  assert between_sides(coordinates, present) == 3.5


def test_glasses_that_were_seen():
  seen = seen_glasses()
  assert {len(rows) for rows in seen.values()} == {100}
  assert list(seen) == sorted(seen)
  worn = np.concatenate(list(seen.values()))
  assert 0.1 < worn.mean() < 0.3
  assert judged(np.where(worn, 1.0, -1.0), worn) == {"all": 1.0, "with": 1.0, "without": 1.0}


@pytest.mark.parametrize("space", ["w", "z"])
@pytest.mark.parametrize("name", ATTRIBUTES)
def test_shipped_boundaries_say_how_they_were_judged(repository, name, space):
  folder = repository / "boundaries" / "mobilestylegan-ffhq"
  record = json.loads((folder / f"{name}_{space}_boundary.json").read_text())
  normal = np.load(folder / f"{name}_{space}_boundary.npy")
  assert (record["name"], record["latent_space"], normal.size) == (name, space.upper(), 512)
  facts = record["provenance"]
  assert facts["accuracy_held_out"] > (0.85 if space == "w" else 0.7)
  if space == "w":
    assert facts["held_out_faces"] >= 140
