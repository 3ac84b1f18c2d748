"""A second look at what a detector found: is it a face, and where exactly are its eyes and mouth?

A detector made for upright faces places the points of a turned head up to half an eye distance
beside the truth, and takes folds of clothes for faces. Cut out and turned upright, the former
becomes exact and the latter is not found again.
"""

from collections.abc import Callable, Sequence

import numpy as np

from privai_tf.artifacts import Placement
from privai_tf.faces.alignment import aligned, face_square
from privai_tf.faces.detection import Detection

_SIDE = 160  # Of the square in which a face is looked at again; the face fills half of it.
_LOOKS = 3  # A head turned by 60 degrees needs two.
_STABLE = 0.2  # How far the square may still move, grow or turn, in half its side.
_WIDEST = 0.7  # Of the square: a real face takes 0.48 to 0.6.
_SAME = 0.5  # Squares whose middles are closer, in half the larger one's side, show one face.


def confirmed(
  pixels: np.ndarray,
  candidates: Sequence[Detection],
  look: Callable[[Sequence[np.ndarray]], list[list[Detection]]],
) -> list[Detection]:
  """Looks at every candidate again in its own upright square, until the square stays.

  Args:
    pixels: uint8 [H, W, 3].
    candidates: what the first look found.
    look: finds the faces in each of some square pictures of one size.

  Returns:
    The candidates that are faces, with better points, each face once.
  """
  frame = pixels.shape[:2]
  waiting = [face for face in candidates if face.has_extent]
  stable: list[Detection] = []
  for _ in range(_LOOKS):
    if not waiting:
      break
    squares = [face_square(face, frame) for face in waiting]
    looks = look([aligned(pixels, square, _SIDE) for square in squares])
    waiting = []
    for square, seen in zip(squares, looks, strict=True):
      if not seen:
        continue
      central = min(seen, key=_off_center)
      face = _in_photo(central, square)
      if not face.has_extent:
        continue
      if _moved(square, face_square(face, frame)) > _STABLE:
        waiting.append(face)
      elif central.box[2] - central.box[0] < _WIDEST * _SIDE:
        stable.append(face)
  return _distinct(stable, frame)


def _off_center(face: Detection) -> float:
  return float(np.hypot(*(face.points.mean(axis=0) - _SIDE / 2)))


def _in_photo(face: Detection, square: Placement) -> Detection:
  """A face found in the upright square, in the photo; its box keeps its shape, upright."""
  center, right = np.array(square.center), np.array(square.half_axis)
  axes = np.stack([right, [-right[1], right[0]]])

  def place(points: np.ndarray) -> np.ndarray:
    return center + (points / _SIDE * 2 - 1) @ axes

  box = np.array(face.box).reshape(2, 2)
  middle, half = place(box.mean(axis=0)), (box[1] - box[0]) / 2 * square.side / _SIDE
  return face.moved(place, (*(middle - half), *(middle + half)))


def _moved(before: Placement, after: Placement) -> float:
  """How far a square moved, or grew or turned, in half its side."""
  shift = np.hypot(*np.subtract(after.center, before.center))
  change = np.hypot(*np.subtract(after.half_axis, before.half_axis))
  return float(max(shift, change) / (before.side / 2))


def _distinct(faces: Sequence[Detection], frame: tuple[int, int]) -> list[Detection]:
  """Each face once: of several finds, the one of which the detector is surest."""
  kept: list[tuple[Detection, Placement]] = []
  for face in sorted(faces, key=lambda face: -face.confidence):
    square = face_square(face, frame)
    if all(_apart(square, other) for _, other in kept):
      kept.append((face, square))
  return [face for face, _ in kept]


def _apart(one: Placement, other: Placement) -> bool:
  distance = np.hypot(*np.subtract(one.center, other.center))
  return bool(distance >= _SAME * max(one.side, other.side) / 2)
