"""Faces return to where they were, softly, and nothing else changes."""

import dataclasses
import math

import numpy as np
import pytest

from privai_tf.artifacts import AlignedFace, Placement
from privai_tf.errors import InputError
from privai_tf.faces import paste_back, pasting
from privai_tf.faces.alignment import aligned, corners, face_square

FRAME = (300, 400)


def face(center, axis=(50.0, 0.0), frame=FRAME) -> AlignedFace:
  return AlignedFace(
    "a", "a.png", np.zeros((8, 8, 3), np.float32), placement=Placement(center, axis, frame)
  )


def plain(color, size: int = 64) -> np.ndarray:
  return np.broadcast_to(np.array(color, np.uint8), (size, size, 3))


def photo(seed: int = 0) -> np.ndarray:
  return np.random.default_rng(seed).integers(0, 256, (*FRAME, 3), dtype=np.uint8)


def in_square(placement: Placement) -> np.ndarray:
  """The frame's pixels in the square's own coordinates, -1 to 1: two arrays [H, W]."""
  height, width = placement.frame
  y, x = np.mgrid[:height, :width] + 0.5
  right = np.array(placement.half_axis) / np.dot(placement.half_axis, placement.half_axis)
  dx, dy = x - placement.center[0], y - placement.center[1]
  return np.stack([dx * right[0] + dy * right[1], dy * right[0] - dx * right[1]])


@pytest.mark.parametrize("axis", [(50.0, 0.0), (40.0, 30.0), (-20.0, 45.0), (5.0, 1.0)])
def test_outside_is_untouched_and_the_middle_is_replaced(axis):
  frame, one = photo(), face((180.3, 140.7), axis)
  before = frame.copy()
  result = paste_back(frame, [one], plain((255, 0, 255))[None])
  np.testing.assert_array_equal(frame, before)
  across, along = np.abs(in_square(one.placement))
  outside = np.maximum(across, along) >= 1
  np.testing.assert_array_equal(result[outside], frame[outside])
  core = np.hypot(across, along) < 0.8
  assert (result[core] == (255, 0, 255)).all()


def test_edge_is_soft():
  frame = np.zeros((*FRAME, 3), np.uint8)
  result = paste_back(frame, [face((200.0, 150.0))], plain((255, 255, 255))[None])
  row = result[150, 200:260, 0].astype(int)
  assert row[0] == 255
  assert row[55] == 0
  assert (np.diff(row) <= 0).all()
  assert np.abs(np.diff(row)).max() < 80


@pytest.mark.parametrize("resolution", [16, 64, 200, 512])
@pytest.mark.parametrize("degrees", [0, 35, -120])
def test_picture_lands_at_its_place(resolution, degrees):
  """A dot in the face, at (0.3, 0.6) of the square, is found there in the frame."""
  angle = math.radians(degrees)
  one = face((190.4, 150.2), (80 * math.cos(angle), 80 * math.sin(angle)))
  y, x = (np.mgrid[:resolution, :resolution] + 0.5) / resolution
  dot = np.exp(-((x - 0.3) ** 2 + (y - 0.6) ** 2) / (2 * 0.06**2))
  pixels = np.repeat(np.rint(255 * dot).astype(np.uint8)[..., None], 3, axis=2)
  result = paste_back(np.zeros((*FRAME, 3), np.uint8), [one], pixels[None])[..., 0].astype(float)
  row, column = np.mgrid[: FRAME[0], : FRAME[1]] + 0.5
  found = np.array([(column * result).sum(), (row * result).sum()]) / result.sum()
  quad = corners(one.placement)
  expected = quad[0] + 0.3 * (quad[3] - quad[0]) + 0.6 * (quad[1] - quad[0])
  np.testing.assert_allclose(found, expected, atol=0.35)


def psnr(one: np.ndarray, other: np.ndarray) -> float:
  return 10 * math.log10(255**2 / np.mean((one.astype(float) - other) ** 2))


@pytest.mark.parametrize(("resolution", "least"), [(64, 27.0), (256, 34.0), (512, 34.0)])
@pytest.mark.parametrize("variant", ["ffhq", "celeba"])
def test_untouched_crop_pasted_back_is_nearly_the_photo(
  astronaut, astronaut_face, resolution, least, variant
):
  """The face is 168 pixels wide: at 64 detail is lost, from 256 on nearly nothing."""
  placement = face_square(astronaut_face, (512, 512))
  cut = aligned(astronaut, placement, resolution, enlarge_smoothly=variant == "celeba")
  one = face(placement.center, placement.half_axis, (512, 512))
  result = paste_back(astronaut, [one], cut[None])
  inside = (np.abs(in_square(placement)) < 1).all(axis=0)
  assert psnr(result[inside], astronaut[inside]) > least
  np.testing.assert_array_equal(result[~inside], astronaut[~inside])


def test_neighbours_share_what_overlaps_whatever_their_order():
  """Each face keeps its middle, though the other's square reaches over it."""
  left, right = face((170.0, 150.0)), face((215.0, 160.0), (45.0, 20.0))
  red, blue = plain((255, 0, 0)), plain((0, 0, 255))
  frame = np.full((*FRAME, 3), 128, np.uint8)
  one = paste_back(frame, [left, right], np.stack([red, blue]))
  other = paste_back(frame, [right, left], np.stack([blue, red]))
  np.testing.assert_allclose(one.astype(int), other, atol=1)
  assert tuple(one[150, 170]) == (255, 0, 0)
  assert tuple(one[160, 215]) == (0, 0, 255)
  # Between them nothing of the photo shows through.
  between = one[155, 170:215].astype(int)
  assert (between[:, 1] == 0).all()


@pytest.mark.parametrize("center", [(0.0, 0.0), (399.0, 299.0), (-500.0, 20.0), (200.0, 310.0)])
def test_square_beyond_the_frame(center):
  frame = photo()
  result = paste_back(frame, [face(center, (60.0, 25.0))], plain((9, 9, 9))[None])
  assert result.shape == frame.shape
  assert (result != frame).any() == (center[0] > -100)


def test_work_in_strips_leaves_no_seams(monkeypatch, astronaut, astronaut_face):
  placement = face_square(astronaut_face, (512, 512))
  cut = aligned(astronaut, placement, 64)[None, ::-1]
  one = face(placement.center, placement.half_axis, (512, 512))
  whole = paste_back(astronaut, [one], cut)
  monkeypatch.setattr(pasting, "_ROWS", 7)
  np.testing.assert_allclose(paste_back(astronaut, [one], cut).astype(int), whole, atol=1)


def test_no_faces_leave_the_photo():
  frame = photo()
  np.testing.assert_array_equal(paste_back(frame, [], np.zeros((0, 8, 8, 3), np.uint8)), frame)


def test_faces_of_another_photo_are_refused():
  with pytest.raises(InputError, match=r"a\.png: the face was not cut out of this photo"):
    paste_back(photo(), [face((9.0, 9.0), frame=(300, 401))], plain((1, 1, 1))[None])
  with pytest.raises(InputError, match="not cut out"):
    paste_back(
      photo(), [dataclasses.replace(face((9.0, 9.0)), placement=None)], plain((1, 1, 1))[None]
    )
  with pytest.raises(InputError, match="1 pictures for 2 faces"):
    paste_back(photo(), [face((9.0, 9.0))] * 2, plain((1, 1, 1))[None])
