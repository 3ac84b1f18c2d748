"""Faces by MTCNN (Zhang et al., 2016), the package `mtcnn`: TensorFlow, weights included, MIT."""

import functools
import math
import pathlib

import numpy as np
from PIL import Image

from privai_tf.errors import ConfigurationError
from privai_tf.faces.detection import Detection

# Detection works on a copy of about this many pixels: its cost grows with them, and its own nets
# see 12 to 48 pixels a face. Smaller pictures are enlarged, since faces under 20 pixels are missed.
_MOST_PIXELS = 1_000_000
_SMALLEST_SIDE = 240
_MOST_ENLARGED = 4.0
# The package accepts 0.8 and then finds faces of 20 pixels in textures; from 0.9 on it does not.
_CONFIDENCE = 0.9
# Columns of the package's table: image, box (4), confidence, x of the five points, y of them; the
# points are left eye, right eye, nose, left and right mouth corner, as seen.
_X, _Y = 6, 11


@functools.cache
def detector() -> "MTCNNDetector":
  """The one detector of this process."""
  return MTCNNDetector()


class MTCNNDetector:
  """The three networks, loaded once."""

  def __init__(self):
    try:
      import mtcnn
      from mtcnn.stages import StageONet, StagePNet, StageRNet
    except ImportError as error:
      raise ConfigurationError(
        f"finding faces needs the package mtcnn ({error}): pip install 'privai-tf[align]', or give "
        "square pictures of faces and --align=none"
      ) from error
    # The package would look for its weights in the current folder first and unpickle what it finds.
    folder = pathlib.Path(mtcnn.__file__).resolve().parent / "assets" / "weights"
    stages = [
      StagePNet(weights=str(folder / "pnet.lz4")),
      StageRNet(weights=str(folder / "rnet.lz4")),
      StageONet(weights=str(folder / "onet.lz4")),
    ]
    self._networks = mtcnn.MTCNN(stages=stages, device="CPU:0")  # Tiny, and alike everywhere.

  def __call__(self, pixels: np.ndarray) -> list[Detection]:
    """Finds the faces of uint8 [H, W, 3], in no particular order."""
    height, width = pixels.shape[:2]
    small = _working_copy(pixels)
    scale = np.array([width / small.shape[1], height / small.shape[0]])
    rows = self._networks.detect_faces(
      small, fit_to_image=False, output_type="numpy", box_format="xyxy", threshold_onet=_CONFIDENCE
    )
    # Without any candidate the table has fewer columns and no rows.
    return [_detection(row, scale) for row in rows if len(row) == 16]


def _working_copy(pixels: np.ndarray) -> np.ndarray:
  height, width = pixels.shape[:2]
  factor = math.sqrt(_MOST_PIXELS / (width * height))
  if factor >= 1:
    factor = min(factor, max(1.0, _SMALLEST_SIDE / min(width, height)), _MOST_ENLARGED)
  size = (max(1, round(width * factor)), max(1, round(height * factor)))
  if size == (width, height):
    return pixels
  image = Image.fromarray(pixels)
  return np.asarray(image.resize(size, Image.Resampling.BICUBIC, reducing_gap=3.0))


def _detection(row: np.ndarray, scale: np.ndarray) -> Detection:
  points = np.stack([row[_X : _X + 5], row[_Y : _Y + 5]], axis=1) + 0.5  # From pixels' middles.
  left_eye, right_eye, _, mouth_left, mouth_right = (
    (float(x), float(y)) for x, y in points * scale
  )
  left, top, right, bottom = (float(v) for v in row[1:5] * np.tile(scale, 2))
  return Detection(
    box=(left, top, right, bottom),
    eyes=(left_eye, right_eye),
    mouth=(mouth_left, mouth_right),
    confidence=float(row[5]),
  )
