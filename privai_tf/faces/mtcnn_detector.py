"""Faces by MTCNN (Zhang et al., 2016), the package `mtcnn`: TensorFlow, weights included, MIT."""

import functools
import math
import pathlib
from collections.abc import Sequence

import numpy as np
from PIL import Image

from privai_tf.errors import ConfigurationError
from privai_tf.faces.detection import Detection
from privai_tf.faces.refinement import confirmed

# Faces are first looked for in a copy of at most this many pixels: the cost grows with them, while
# the networks see 12 to 48 pixels a face. Smaller pictures are enlarged, since faces under 20
# pixels are missed.
_MOST_PIXELS = 1_000_000
_SMALLEST_SIDE = 240
_MOST_ENLARGED = 4.0
# The first look may err, since every face is looked at again: rather 0.7 than the package's 0.8.
_FIRST_CONFIDENCE, _CONFIDENCE = 0.7, 0.8
# Columns of the package's table: picture, box (4), confidence, x of the five points, y of them; the
# points are left eye, right eye, nose, left and right mouth corner, as seen.
_X, _Y, _COLUMNS = 6, 11, 16


@functools.cache
def detector() -> "MTCNNDetector":
  """The one detector of this process."""
  return MTCNNDetector()


class MTCNNDetector:
  """The three networks, loaded once; may be used by several threads."""

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
    """Finds the upright faces of uint8 [H, W, 3], in no particular order."""
    small = _working_copy(pixels)
    scale = np.array([pixels.shape[1] / small.shape[1], pixels.shape[0] / small.shape[0]])
    (first,) = self._look([small], _FIRST_CONFIDENCE)
    return confirmed(pixels, [_scaled(face, scale) for face in first], self._look)

  def _look(
    self, pictures: Sequence[np.ndarray], confidence: float = _CONFIDENCE
  ) -> list[list[Detection]]:
    """Finds the faces of uint8 pictures of one size."""
    rows = self._networks.detect_faces(
      list(pictures),
      fit_to_image=False,
      output_type="numpy",
      box_format="xyxy",
      threshold_onet=confidence,
    )
    found: list[list[Detection]] = [[] for _ in pictures]
    for row in rows:  # Without any candidate there are fewer columns, and no rows.
      if len(row) == _COLUMNS and np.isfinite(row).all():
        found[int(row[0])].append(_detection(row))
    return found


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


def _detection(row: np.ndarray) -> Detection:
  points = np.stack([row[_X : _X + 5], row[_Y : _Y + 5]], axis=1) + 0.5  # From pixels' middles.
  left_eye, right_eye, _, mouth_left, mouth_right = ((float(x), float(y)) for x, y in points)
  left, top, right, bottom = (float(value) for value in row[1:5])
  return Detection(
    box=(left, top, right, bottom),
    eyes=(left_eye, right_eye),
    mouth=(mouth_left, mouth_right),
    confidence=float(row[5]),
  )


def _scaled(face: Detection, scale: np.ndarray) -> Detection:
  return face.moved(lambda points: points * scale, tuple(np.tile(scale, 2) * face.box))
