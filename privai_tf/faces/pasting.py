"""Privatized faces back into the photo that they came from."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from privai_tf.artifacts import AlignedFace, Placement
from privai_tf.errors import InputError
from privai_tf.faces.alignment import corners

# Share of the way from the middle to the edge of the square over which the photo shows through: the
# face, chin included, stays within the rest.
_FEATHER = 0.12
_ROUNDNESS = 4  # The mask is a square with round corners: (|x|^4 + |y|^4)^(1/4) < 1.
# Where two squares overlap, a point belongs to the face in whose middle it is more; the higher, the
# sharper the border between them.
_SEPARATION = 12
_ROWS = 256  # Worked on at a time, which bounds the memory.


def paste_back(frame: np.ndarray, faces: Sequence[AlignedFace], pixels: np.ndarray) -> np.ndarray:
  """Puts faces where they were cut out, with soft edges; the rest of the photo stays as it is.

  Whatever is not given stays visible: other people's faces too. The frame may be published only if
  every face that must be protected is among `faces`.

  Args:
    frame: uint8 [H, W, 3], the photo that the faces come from.
    faces: the faces, with their placements.
    pixels: uint8 [N, R, R, 3], what to show in their places, in the same order.

  Returns:
    uint8 [H, W, 3], a new array; exactly the photo outside the squares.

  Raises:
    InputError: if a face has no placement, or one in a photo of another size.
  """
  if len(faces) != len(pixels):
    raise InputError(f"{len(pixels)} pictures for {len(faces)} faces; give one for each.")
  squares = [
    _Square(_placement_in(frame, face), shown) for face, shown in zip(faces, pixels, strict=True)
  ]
  result = frame.copy()
  for top in range(0, frame.shape[0], _ROWS):
    rows = result[top : top + _ROWS]
    touched = [square for square in squares if square.touches(top, top + len(rows))]
    if touched:
      left, right = min(s.left for s in touched), max(s.right for s in touched)
      rows[:, left:right] = _blended(rows[:, left:right], touched, left, top)
  return result


def _placement_in(frame: np.ndarray, face: AlignedFace) -> Placement:
  if face.placement is None or face.placement.frame != frame.shape[:2]:
    raise InputError(f"{face.source}: the face was not cut out of this photo; find it again.")
  return face.placement


def _blended(part: np.ndarray, squares: Sequence["_Square"], left: int, top: int) -> np.ndarray:
  """uint8 [h, w, 3] of the photo at (left, top) with all the squares in it."""
  height, width = part.shape[:2]
  mixture = np.zeros((height, width, 3), np.float32)
  shares = np.zeros((height, width, 1), np.float32)
  uncovered = np.ones((height, width, 1), np.float32)
  for square in squares:
    distance = square.distance(left, top, width, height)[..., None]
    weight = _smooth((1 - distance) / _FEATHER)
    share = weight / np.maximum(distance, 0.01) ** _SEPARATION
    mixture += share * square.drawn(left, top, width, height)
    shares += share
    uncovered *= 1 - weight
  inside = shares > 0
  faces = np.divide(mixture, shares, out=np.zeros_like(mixture), where=inside)
  blended = part + (1 - uncovered) * (faces - part)
  return np.where(inside, np.rint(blended), part).astype(np.uint8)


def _smooth(values: np.ndarray) -> np.ndarray:
  """0 below 0, 1 above 1, without corners between (smoothstep, 3 t^2 - 2 t^3)."""
  clipped = np.clip(values, 0, 1)
  return clipped * clipped * (3 - 2 * clipped)


class _Square:
  """One face's picture and its place in the photo."""

  def __init__(self, placement: Placement, pixels: np.ndarray):
    self._center = np.array(placement.center)
    self._axis = np.array(placement.half_axis)
    image = Image.fromarray(pixels)
    # Shrunk first, since sampling alone would skip most of its pixels.
    size = max(1, round(placement.side))
    self._image = (
      image if size >= image.width else image.resize((size, size), Image.Resampling.LANCZOS)
    )
    quad = corners(placement)
    height, width = placement.frame
    first = np.clip(np.floor(quad.min(axis=0)).astype(int), 0, [width, height])
    last = np.clip(np.ceil(quad.max(axis=0)).astype(int), 0, [width, height])
    (self.left, self._top), (self.right, self._bottom) = first.tolist(), last.tolist()

  def touches(self, top: int, bottom: int) -> bool:
    """Whether any of it lies in these rows of the photo."""
    return self._top < bottom and top < self._bottom and self.left < self.right

  def distance(self, left: int, top: int, width: int, height: int) -> np.ndarray:
    """Of the photo's pixels from the square's middle, 1 at its (rounded) edge: float32 [h, w]."""
    x = (np.arange(left, left + width) + 0.5 - self._center[0])[None, :]
    y = (np.arange(top, top + height) + 0.5 - self._center[1])[:, None]
    right, down = self._axis / (self._axis @ self._axis)
    across = np.abs(x * right + y * down)
    along = np.abs(y * right - x * down)
    # Capped: far away only "outside" matters, and powers of large numbers overflow.
    capped = np.minimum(np.maximum(across, along), 2.0)
    ratio = np.minimum(across, along) / np.maximum(np.maximum(across, along), 1e-9)
    return (capped * (1 + ratio**_ROUNDNESS) ** (1 / _ROUNDNESS)).astype(np.float32)

  def drawn(self, left: int, top: int, width: int, height: int) -> np.ndarray:
    """The face as the photo's pixels would show it, 0 outside its square: uint8 [h, w, 3]."""
    size = self._image.width
    right, down = self._axis / (self._axis @ self._axis) * (size / 2)
    x, y = np.array([left, top]) - self._center
    coefficients = (
      right, down, x * right + y * down + size / 2,
      -down, right, y * right - x * down + size / 2,
    )  # fmt: skip
    drawn = self._image.transform(
      (width, height), Image.Transform.AFFINE, coefficients, Image.Resampling.BICUBIC
    )
    return np.asarray(drawn)
