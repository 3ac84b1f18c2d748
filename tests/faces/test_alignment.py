"""The square of FFHQ's recipe, and the cut: known points land where they must."""

import math

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies
from PIL import Image

from privai_tf.artifacts import Placement
from privai_tf.faces.alignment import aligned, corners, face_square
from privai_tf.faces.detection import Detection


def face(points) -> Detection:
  left_eye, right_eye, left, right = (tuple(float(v) for v in point) for point in points)
  return Detection((0.0, 0.0, 1.0, 1.0), (left_eye, right_eye), (left, right), 1.0)


def turned(points, degrees: float, scale: float, shift) -> np.ndarray:
  angle = math.radians(degrees)
  matrix = scale * np.array(
    [[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]]
  )
  return np.asarray(points) @ matrix + np.asarray(shift)


def blobs(points, size, width: float = 1.5) -> np.ndarray:
  """White soft dots on black, exact to fractions of a pixel: uint8 [H, W, 3]."""
  y, x = np.mgrid[: size[0], : size[1]] + 0.5
  total = sum(np.exp(-((x - px) ** 2 + (y - py) ** 2) / (2 * width**2)) for px, py in points)
  return np.repeat(np.rint(255 * np.clip(total, 0, 1)).astype(np.uint8)[..., None], 3, axis=2)


def center_of_mass(pixels: np.ndarray, near, radius: float) -> np.ndarray:
  y, x = np.mgrid[: pixels.shape[0], : pixels.shape[1]] + 0.5
  weight = pixels[..., 0] * (np.hypot(x - near[0], y - near[1]) < radius).astype(float)
  return np.array([(x * weight).sum(), (y * weight).sum()]) / weight.sum()


def test_square_of_a_narrow_face_is_measured_from_eyes_to_mouth():
  square = face_square(face([(100, 100), (160, 100), (110, 170), (150, 170)]), (300, 300))
  assert square.half_axis == pytest.approx((126, 0))  # max(2.0 * 60, 1.8 * 70)
  assert square.center == pytest.approx((130, 107))
  np.testing.assert_allclose(
    corners(square), [(4, -19), (4, 233), (256, 233), (256, -19)], atol=1e-9
  )


def test_square_of_a_wide_face_is_measured_between_the_eyes():
  square = face_square(face([(100, 100), (160, 100), (110, 150), (150, 150)]), (300, 300))
  assert square.side == pytest.approx(240)
  assert square.center == pytest.approx((130, 105))


def test_square_leans_halfway_where_eyes_and_mouth_disagree():
  """Eyes level, the mouth to the right: the axis is the mean of both directions, weighted."""
  square = face_square(face([(100, 100), (160, 100), (140, 160), (180, 160)]), (300, 300))
  # Eye to eye (60, 0) plus the perpendicular of (30, 60), which is (60, -30).
  assert np.arctan2(*square.half_axis[::-1]) == pytest.approx(math.atan2(-30, 120))


POINT = strategies.tuples(strategies.floats(-50, 50), strategies.floats(-50, 50))


@hypothesis.given(
  points=strategies.tuples(POINT, POINT, POINT, POINT),
  degrees=strategies.floats(-180, 180),
  scale=strategies.floats(0.1, 10),
  shift=POINT,
)
@hypothesis.settings(max_examples=60, deadline=None, derandomize=True)
def test_square_turns_grows_and_moves_with_the_face(points, degrees, scale, shift):
  base = face(points)
  eyes, mouth = np.array(base.eyes), np.array(base.mouth)
  down = mouth.mean(axis=0) - eyes.mean(axis=0)
  direction = eyes[1] - eyes[0] + [down[1], -down[0]]
  hypothesis.assume(np.hypot(*direction) > 1)  # Else the direction is decided by rounding.
  before = corners(face_square(base, (9, 9)))
  after = corners(face_square(face(turned(points, degrees, scale, shift)), (9, 9)))
  np.testing.assert_allclose(after, turned(before, degrees, scale, shift), atol=1e-6 * scale + 1e-6)


def test_points_on_one_line_give_a_square_all_the_same():
  square = face_square(face([(0, 0), (0, 10), (-5, 5), (5, 5)]), (9, 9))
  assert np.isfinite(corners(square)).all()
  assert square.side > 0


UPRIGHT = [(-30.0, 0.0), (30.0, 0.0), (-22.0, 66.0), (22.0, 66.0)]
# Half the side is max(2.0 * 60, 1.8 * 66) = 120, the middle 6.6 below the eyes.
EXPECTED = np.array([(0.375, 0.4725), (0.625, 0.4725), (49 / 120, 0.7475), (71 / 120, 0.7475)])


@pytest.mark.parametrize("variant", ["ffhq", "celeba"])
@pytest.mark.parametrize("resolution", [32, 128, 256])
@pytest.mark.parametrize(("degrees", "scale"), [(0, 1), (20, 1), (-75, 0.6), (160, 1.4), (5, 3)])
def test_eyes_and_mouth_land_where_ffhq_has_them(degrees, scale, resolution, variant):
  """Whatever the face's size and turn, and whether the cut shrinks or enlarges it."""
  points = turned(UPRIGHT, degrees, scale, (420.3, 430.8))
  photo = blobs(points, (900, 850), width=4 * scale)
  square = face_square(face(points), photo.shape[:2])
  cut = aligned(photo, square, resolution, enlarge_smoothly=variant == "celeba")
  assert cut.shape == (resolution, resolution, 3)
  for expected in EXPECTED * resolution:
    found = center_of_mass(cut, expected, radius=0.075 * resolution)
    np.testing.assert_allclose(found, expected, atol=0.004 * resolution)


def test_whole_upright_square_is_the_photo_itself():
  photo = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
  photo = np.asarray(Image.fromarray(photo).resize((256, 256), Image.Resampling.BICUBIC))
  square = Placement((128.0, 128.0), (64.0, 0.0), (256, 256))
  cut = aligned(photo, square, 128).astype(float)
  inner = photo[64:192, 64:192].astype(float)
  assert np.abs(cut - inner).mean() < 2.5  # Linear interpolation's smoothing, no shift.
  assert np.abs(cut[:, 1:] - inner[:, :-1]).mean() > 5 * np.abs(cut - inner).mean()


def test_shrinking_averages():
  """A checkerboard of single pixels is grey from afar."""
  board = (np.indices((800, 800)).sum(axis=0) % 2 * 255).astype(np.uint8)
  photo = np.repeat(board[..., None], 3, axis=2)
  cut = aligned(photo, Placement((400.0, 400.0), (250.0, 90.0), (800, 800)), 32)
  np.testing.assert_allclose(cut, 127.5, atol=8)


def test_variants_differ_only_where_the_face_is_enlarged(astronaut, astronaut_face):
  square = face_square(astronaut_face, (512, 512))
  small, smooth = (aligned(astronaut, square, 64, enlarge_smoothly=v) for v in (False, True))
  np.testing.assert_array_equal(small, smooth)
  large, smooth = (aligned(astronaut, square, 512, enlarge_smoothly=v) for v in (False, True))
  difference = np.abs(large.astype(float) - smooth)
  assert 0 < difference.mean() < 3


BEYOND = [(10.0, 150.0), (290.0, 150.0), (150.0, 10.0), (150.0, 290.0), (295.0, 5.0)]


@pytest.mark.parametrize("center", BEYOND)
def test_beyond_the_edge_is_made_up_of_the_photo(center):
  """One colour stays that colour: no black, no seams."""
  photo = np.full((300, 300, 3), (200, 120, 40), np.uint8)
  cut = aligned(photo, Placement(center, (60.0, 20.0), (300, 300)), 64)
  np.testing.assert_array_equal(cut, np.broadcast_to(photo[0, 0], cut.shape))


def test_beyond_the_edge_is_mirrored_and_blurred():
  random = np.random.default_rng(0)
  photo = np.repeat(random.integers(0, 256, (400, 400, 1), dtype=np.uint8), 3, axis=2)
  whole = aligned(photo, Placement((200.0, 200.0), (100.0, 0.0), (400, 400)), 200).astype(float)
  cut_off = photo[:, :240]  # The square ends 60 pixels beyond the right edge now.
  cut = aligned(cut_off, Placement((200.0, 200.0), (100.0, 0.0), (400, 240)), 200).astype(float)
  # Added: 0.3 of the side 200 at least, 80 here; the blur ends a third of it inside, at 113.
  np.testing.assert_allclose(cut[:, :108], whole[:, :108], atol=1)
  assert cut[:, :100].std() > 3 * cut[:, 145:].std()
  np.testing.assert_allclose(cut[:, 190:], np.median(cut_off), atol=40)


def test_square_larger_than_the_photo_and_far_outside():
  photo = np.random.default_rng(1).integers(0, 256, (20, 31, 3), dtype=np.uint8)
  for center, axis in [((15.0, 10.0), (200.0, 50.0)), ((500.0, -300.0), (20.0, 0.0))]:
    cut = aligned(photo, Placement(center, axis, (20, 31)), 32)
    assert cut.shape == (32, 32, 3)
    assert cut.std() < 60
