"""Eyeglasses by the edges around the eyes: a linear map of our own, fitted by `demo.label_eyeglasses`.

No package that ships weights for it was to be had. Frames, rims and the glint of thin ones are edges
where a bare face has none; a thousand of them, by place and direction, tell glasses on pictures that
are aligned as FFHQ's photos are. How often, on faces that it was not fitted on, its file tells.
"""

import functools
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from privai_tf.attributes.scorers.oriented_edges import oriented_edges
from privai_tf.attributes.scorers.packaged import cropped
from privai_tf.attributes.scorers.scorer import columns, odds_to_probabilities
from privai_tf.errors import ConfigurationError

FILE = Path(__file__).with_suffix(".json")
_BOX = (0.25, 0.38, 0.75, 0.6)
_WIDTH, _HEIGHT = 128, 64
_GREY = np.float32([0.299, 0.587, 0.114])  # ITU-R BT.601.


def eyeglasses_features(images: np.ndarray) -> np.ndarray:
  """Edges around the eyes.

  Args:
    images: [N, R, R, 3] in [-1, 1], aligned as FFHQ's are.

  Returns:
    float32 [N, 1024].
  """
  (faces,) = cropped(images, _BOX, ((_WIDTH, _HEIGHT),))
  return oriented_edges(faces.astype(np.float32) @ _GREY)


class EyeglassesScorer:
  """See `Scorer`; it knows "eyeglasses", dark ones among them."""

  resolution = 256
  attributes = ("eyeglasses",)

  def __init__(self, attributes: tuple[str, ...] | None = None):
    """Args: `attributes`: None or ("eyeglasses",).

    Raises:
      ConfigurationError: if another attribute is asked for.
    """
    columns(self.attributes, attributes or ())
    if attributes is not None and not attributes:
      raise ConfigurationError("Name an attribute: the scorer eyeglasses knows eyeglasses.")
    stored = _stored()
    self._weights = np.float32(stored["weights"])
    self._intercept = np.float32(stored["intercept"])
    self.provenance: dict[str, Any] = stored["provenance"]

  @property
  def fingerprint(self) -> str:
    """SHA-256 (hex) of the map and of where the eyes lie."""
    text = repr([self._weights.tolist(), float(self._intercept), _BOX, _WIDTH, _HEIGHT])
    return hashlib.sha256(text.encode()).hexdigest()

  def scores(self, images: np.ndarray) -> np.ndarray:
    """See `Scorer.scores`: of the picture and its mirror image, which is no other face."""
    images = np.asarray(images, np.float32)
    both = [eyeglasses_features(seen) for seen in (images, images[..., ::-1, :])]
    return (np.mean(both, axis=0) @ self._weights + self._intercept)[:, None].astype(np.float32)

  def probabilities(self, images: np.ndarray) -> np.ndarray:
    """See `Scorer.probabilities`."""
    return odds_to_probabilities(self.scores(images))

  def select(self, attributes: tuple[str, ...]) -> "EyeglassesScorer":
    """See `Scorer.select`."""
    columns(self.attributes, attributes)
    return self


@functools.cache
def _stored() -> dict[str, Any]:
  return json.loads(FILE.read_text())
