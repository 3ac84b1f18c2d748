"""Faces by dlib, as FFHQ's own recipe finds them: its frontal detector and 68 landmarks."""

import functools
import importlib.util
import math
import pathlib
import threading

import numpy as np
from PIL import Image

from privai_tf.errors import ConfigurationError
from privai_tf.faces.detection import MOST_FACES, CrowdError, Detection

_PREDICTOR = "shape_predictor_68_face_landmarks.dat"
_MOST_PIXELS = 1_000_000
# The detector sees faces from 80 pixels on; enlarged once, as in the recipe, from 40 on.
_UPSAMPLE = 1
_CONFIDENCE = 0.2  # Its own threshold, 0, finds faces in the folds of clothes.


@functools.cache
def detector() -> "DlibDetector":
  """The one detector of this process."""
  return DlibDetector()


class DlibDetector:
  """dlib's detector and landmark predictor, loaded once; may be used by several threads."""

  def __init__(self):
    try:
      import dlib
    except ImportError as error:
      raise ConfigurationError(_missing("dlib-bin")) from error
    self._detector = dlib.get_frontal_face_detector()
    self._in_use = threading.Lock()  # It keeps the picture it works on in itself.
    self._predictor = dlib.shape_predictor(str(_predictor_file()))

  def __call__(self, pixels: np.ndarray) -> list[Detection]:
    """Finds the upright faces of uint8 [H, W, 3], in no particular order."""
    height, width = pixels.shape[:2]
    factor = min(1.0, math.sqrt(_MOST_PIXELS / (width * height)))
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    small = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))
    scale = np.array([width / size[0], height / size[1]])
    with self._in_use:
      rectangles, scores, _ = self._detector.run(small, _UPSAMPLE, _CONFIDENCE)
    if len(rectangles) > MOST_FACES:
      raise CrowdError
    return [
      _detection(rectangle, self._predictor(small, rectangle), score, scale)
      for rectangle, score in zip(rectangles, scores, strict=True)
    ]


def _predictor_file() -> pathlib.Path:
  """Found without importing its package, which needs a part of setuptools that is gone by now."""
  package = importlib.util.find_spec("face_recognition_models")
  if package is None or package.origin is None:
    raise ConfigurationError(_missing("face-recognition-models"))
  file = pathlib.Path(package.origin).parent / "models" / _PREDICTOR
  if not file.is_file():
    raise ConfigurationError(_missing("face-recognition-models"))
  return file


def _missing(package: str) -> str:
  return (
    f"--landmarks=dlib needs the package {package}: pip install 'privai-tf[dlib]', or use "
    "--landmarks=mtcnn"
  )


def _detection(rectangle, shape, score: float, scale: np.ndarray) -> Detection:
  points = np.array([(part.x, part.y) for part in shape.parts()]) + 0.5  # From pixels' middles.
  points = points * scale
  corners = np.array([rectangle.left(), rectangle.top(), rectangle.right(), rectangle.bottom()])
  left, top, right, bottom = (float(v) for v in corners * np.tile(scale, 2))
  return Detection(
    box=(left, top, right, bottom),
    # Six points around each eye; the outer corners of the mouth are numbers 48 and 54.
    eyes=(_point(points[36:42].mean(axis=0)), _point(points[42:48].mean(axis=0))),
    mouth=(_point(points[48]), _point(points[54])),
    confidence=score,
  )


def _point(values: np.ndarray) -> tuple[float, float]:
  return float(values[0]), float(values[1])
