"""Pose by the last network of MTCNN in the package mtcnn 1.0.0 (MIT): how far a head is turned.

The network marks eyes, nose and the corners of the mouth. Turned away, a nose leaves the middle of
the other four. Pictures here are aligned as FFHQ's photos are, so the face lies at one place and
MTCNN's two networks that look for it are not needed.
"""

import hashlib
from typing import Any

import numpy as np

from privai_tf.attributes.scorers.packaged import cropped, package_file
from privai_tf.attributes.scorers.scorer import columns, odds_to_probabilities
from privai_tf.errors import ConfigurationError

INSTALL = "pip install 'privai-tf[align]'"
_FILE = "assets/weights/onet.lz4"
_SHA256 = "94f6ea2f4cf985275ee958cdd762d17b6009348a4fb9d8c6be39ba73ffd22ca3"
_SIDE = 48
# About what MTCNN itself cuts out of a picture aligned as FFHQ's are.
_BOX = (0.2, 0.22, 0.8, 0.86)
_LEFT_EYE, _RIGHT_EYE, _NOSE, _LEFT_MOUTH, _RIGHT_MOUTH = range(5)
# A nose is about as far before the plane of eyes and mouth as 0.6 of the distance of the eyes.
_DEPTH = 0.6
_TEN_DEGREES = np.pi / 18


class PoseScorer:
  """See `Scorer`; it knows "pose": turned to the right side of the picture.

  The score is the angle in tens of degrees, roughly: it orders faces, and like log odds is 0 in the
  middle and does not saturate.
  """

  resolution = 256
  attributes = ("pose",)

  def __init__(self, attributes: tuple[str, ...] | None = None):
    """Args: `attributes`: None or ("pose",).

    Raises:
      ConfigurationError: if the package is missing or another attribute asked for.
      CheckpointError: if the installed package holds another file.
    """
    columns(self.attributes, attributes or ())
    if attributes is not None and not attributes:
      raise ConfigurationError("Name an attribute: the scorer pose knows pose.")
    path = package_file("mtcnn", _FILE, _SHA256, INSTALL)
    from mtcnn.stages import StageONet

    self._network = StageONet(weights=str(path)).model
    self.provenance: dict[str, Any] = {
      "package": "mtcnn 1.0.0",
      "licence": "MIT",
      "files_sha256": {"onet": _SHA256},
    }

  @property
  def fingerprint(self) -> str:
    """SHA-256 (hex) of the network's hash and of where the face lies."""
    return hashlib.sha256(repr([_SHA256, _BOX, _DEPTH]).encode()).hexdigest()

  def points(self, images: np.ndarray) -> np.ndarray:
    """Left eye, right eye, nose, left and right corner of the mouth as seen.

    Args:
      images: as for `scores`.

    Returns:
      float32 [N, 5, 2], x and y in shares of the side.
    """
    (faces,) = cropped(images, _BOX, (_SIDE,))
    if not len(faces):
      return np.zeros((0, 5, 2), np.float32)
    inputs = (faces.astype(np.float32) - 127.5) / 128
    # O-Net gives the x of the five points, then their y, in shares of what it sees.
    found = np.asarray(self._network(inputs)[1]).reshape(-1, 2, 5).transpose(0, 2, 1)
    corner, size = np.float32(_BOX[:2]), np.subtract(_BOX[2:], _BOX[:2], dtype=np.float32)
    return corner + found * size

  def scores(self, images: np.ndarray) -> np.ndarray:
    """See `Scorer.scores`."""
    points = self.points(images)
    eyes = points[:, _LEFT_EYE] / 2 + points[:, _RIGHT_EYE] / 2
    mouth = points[:, _LEFT_MOUTH] / 2 + points[:, _RIGHT_MOUTH] / 2
    down = mouth - eyes
    length = np.maximum(np.linalg.norm(down, axis=1), 1e-6)
    # Off the line from the eyes' middle to the mouth's: a head that only leans to a side is not turned.
    off = points[:, _NOSE] - eyes
    aside = (off[:, 0] * down[:, 1] - off[:, 1] * down[:, 0]) / length
    angle = np.arctan2(aside, _DEPTH * length)
    return (angle / _TEN_DEGREES).astype(np.float32)[:, None]

  def probabilities(self, images: np.ndarray) -> np.ndarray:
    """See `Scorer.probabilities`."""
    return odds_to_probabilities(self.scores(images))

  def select(self, attributes: tuple[str, ...]) -> "PoseScorer":
    """See `Scorer.select`."""
    columns(self.attributes, attributes)
    return self
