"""Where the faces of a photo are, whichever way it lies."""

import importlib
import threading

import numpy as np

from privai_tf.errors import ConfigurationError
from privai_tf.faces.detection import MOST_FACES, CrowdError, Detection
from privai_tf.faces.distinct import distinct

_DETECTORS = {
  "mtcnn": "privai_tf.faces.mtcnn_detector",
  "dlib": "privai_tf.faces.dlib_detector",
}
_BUILDING = threading.Lock()  # Photos are read by several threads; the networks are loaded once.


def detect(pixels: np.ndarray, landmarks: str, *, every_direction: bool = False) -> list[Detection]:
  """Finds faces; the same photo gives the same faces every time.

  Detectors know upright faces. Where there is none, the photo may lie on its side or upside down: it
  is turned and searched again.

  Args:
    pixels: uint8 [H, W, 3], RGB.
    landmarks: "mtcnn" or "dlib".
    every_direction: look for faces on their side and upside down beside upright ones too. Where the
      frame is published, a face that is missed is published as it was.

  Returns:
    All faces, left to right.

  Raises:
    ConfigurationError: if the detector's package is not installed.
    CrowdError: if there are more than `MOST_FACES`.
  """
  if landmarks not in _DETECTORS:
    raise ConfigurationError(f"--landmarks={landmarks}: choose one of {', '.join(_DETECTORS)}")
  with _BUILDING:
    detector = importlib.import_module(_DETECTORS[landmarks]).detector()
  found: list[Detection] = []
  for quarters in (0, 1, 3, 2):
    turned = np.ascontiguousarray(np.rot90(pixels, quarters))
    faces = [_turned_back(face, quarters, pixels.shape[:2]) for face in detector(turned)]
    found += [face for face in faces if face.has_extent]
    if found and not every_direction:
      break
  if every_direction:
    found = distinct(found, pixels.shape[:2])
  if len(found) > MOST_FACES:
    raise CrowdError
  return sorted(found, key=lambda face: (face.box[0] + face.box[2], face.box[1]))


def _turned_back(face: Detection, quarters: int, frame: tuple[int, int]) -> Detection:
  """A face of the photo turned counterclockwise by quarter turns, in the photo itself."""
  height, width = frame

  def back(points: np.ndarray) -> np.ndarray:
    x, y = points[..., 0], points[..., 1]
    # A quarter turn takes the photo's (x, y) to (y, width - x); this is what undoes it.
    places = [(x, y), (width - y, x), (width - x, height - y), (y, height - x)]
    return np.stack(places[quarters], axis=-1)

  ends = back(np.array(face.box).reshape(2, 2))
  return face.moved(back, (*ends.min(axis=0), *ends.max(axis=0)))
