"""Where the faces of a photo are: boxes, eyes and mouth corners."""

import dataclasses
import importlib
import threading
from collections.abc import Callable, Sequence

import numpy as np

from privai_tf.errors import ConfigurationError

_DETECTORS = {
  "mtcnn": "privai_tf.faces.mtcnn_detector",
  "dlib": "privai_tf.faces.dlib_detector",
}
_BUILDING = threading.Lock()  # Photos are read by several threads; the networks are loaded once.


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


def detect(pixels: np.ndarray, landmarks: str) -> list[Detection]:
  """Finds faces; the same photo gives the same faces every time.

  Args:
    pixels: uint8 [H, W, 3], RGB.
    landmarks: "mtcnn" or "dlib".

  Returns:
    All faces, left to right.

  Raises:
    ConfigurationError: if the detector's package is not installed.
  """
  if landmarks not in _DETECTORS:
    raise ConfigurationError(f"--landmarks={landmarks}: choose one of {', '.join(_DETECTORS)}")
  with _BUILDING:
    detector = importlib.import_module(_DETECTORS[landmarks]).detector()
  found = [face for face in detector(pixels) if face.has_extent]
  return sorted(found, key=lambda face: (face.box[0] + face.box[2], face.box[1]))
