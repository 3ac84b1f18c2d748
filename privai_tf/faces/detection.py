"""What a detector says of a face: box, eyes and mouth corners."""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

MOST_FACES = 256  # In one picture: each is looked at again, which takes time and memory.


class CrowdError(Exception):
  """A picture shows more than `MOST_FACES` faces."""


@dataclasses.dataclass(frozen=True)
class Detection:
  """One face in a photo; coordinates as in `artifacts.Placement`. Left and right as seen.

  Attributes:
    box: left, top, right, bottom.
    eyes: the middle of the left and of the right eye, each (x, y).
    mouth: its left and right corner, each (x, y).
    confidence: the detector's own, for messages.
  """

  box: tuple[float, float, float, float]
  eyes: tuple[tuple[float, float], tuple[float, float]]
  mouth: tuple[tuple[float, float], tuple[float, float]]
  confidence: float

  @property
  def points(self) -> np.ndarray:
    """Left eye, right eye, left and right mouth corner: float64 [4, 2]."""
    return np.array([*self.eyes, *self.mouth])

  @property
  def has_extent(self) -> bool:
    """Whether the points span a square at all."""
    eyes, mouth = np.array(self.eyes), np.array(self.mouth)
    apart = np.hypot(*(eyes[1] - eyes[0])) + np.hypot(*(mouth.mean(axis=0) - eyes.mean(axis=0)))
    return bool(np.isfinite(apart) and apart > 1)

  def moved(self, place: Callable[[np.ndarray], np.ndarray], box: Sequence[float]) -> "Detection":
    """The same face in other coordinates.

    Args:
      place: from points [n, 2] to points [n, 2].
      box: the new box.
    """
    left_eye, right_eye, left, right = ((float(x), float(y)) for x, y in place(self.points))
    return dataclasses.replace(
      self,
      box=tuple(float(value) for value in box),
      eyes=(left_eye, right_eye),
      mouth=(left, right),
    )

  @property
  def area(self) -> float:
    """Of the box, in square pixels."""
    left, top, right, bottom = self.box
    return (right - left) * (bottom - top)
