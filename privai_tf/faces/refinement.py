"""A second look at what a detector found: is it a face, and where exactly are its eyes and mouth?

A detector made for upright faces places the points of a turned head up to half an eye distance
beside the truth, and takes folds of clothes for faces. Cut out and turned upright, the former
becomes exact and the latter is not found again.
"""

from collections.abc import Callable, Sequence

import numpy as np

from privai_tf.artifacts import Placement
from privai_tf.faces.alignment import aligned, face_square
from privai_tf.faces.detection import MOST_FACES, CrowdError, Detection
from privai_tf.faces.distinct import distinct

_SIDE = 160  # Of the square in which a face is looked at again; the face fills half of it.
_TOGETHER = 16  # Squares that are looked at at once: about 10 MB each.
_LOOKS = 3  # A head turned by 60 degrees needs two.
_STABLE = 0.2  # How far the square may still move, grow or turn, in half its side.
_WIDEST = 0.7  # Of the square: a real face takes 0.48 to 0.6.


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

  Raises:
    CrowdError: if there are more candidates than a picture may have faces.
  """
  if len(candidates) > MOST_FACES:
    raise CrowdError
  frame = pixels.shape[:2]
  waiting = [face for face in candidates if face.has_extent]
  stable: list[Detection] = []
  for _ in range(_LOOKS):
    if not waiting:
      break
    squares = [face_square(face, frame) for face in waiting]
    looks = _in_batches(look, pixels, squares)
    waiting = []
    for square, seen in zip(squares, looks, strict=True):
      if not seen:
        continue
      # The square is of one candidate: a neighbour in it has a square of its own.
      central = min(seen, key=_off_center)
      face = _in_photo(central, square)
      if not face.has_extent:
        continue
      if _moved(square, face_square(face, frame)) > _STABLE:
        waiting.append(face)
      elif central.box[2] - central.box[0] < _WIDEST * _SIDE:
        stable.append(face)
  return distinct(stable, frame)


def _in_batches(
  look: Callable[[Sequence[np.ndarray]], list[list[Detection]]],
  pixels: np.ndarray,
  squares: Sequence[Placement],
) -> list[list[Detection]]:
  """The second look, a few squares at a time: memory must not grow with what a picture shows."""
  seen: list[list[Detection]] = []
  for first in range(0, len(squares), _TOGETHER):
    batch = squares[first : first + _TOGETHER]
    seen += look([aligned(pixels, square, _SIDE) for square in batch])
  return seen


def _off_center(face: Detection) -> float:
  return float(np.hypot(*(face.points.mean(axis=0) - _SIDE / 2)))


def _in_photo(face: Detection, square: Placement) -> Detection:
  """A face found in the upright square, in the photo; its box keeps its shape, upright."""
  center, right = np.array(square.center), np.array(square.half_axis)
  axes = np.stack([right, [-right[1], right[0]]])  # Of x and of y, half the square long.

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
