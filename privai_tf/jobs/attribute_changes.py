"""Each attribute before and after privatization, as far as it can be read. For the owner only.

By the checkpoint's classifier, where it has one (`CHECKPOINT_classifier`): the probability in the
photo and in the privatized face. And along the boundary of each hidden attribute: the code's signed
distance from it, positive where the attribute is present.
"""

import pathlib
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from privai_tf.attributes.boundary import Boundary
from privai_tf.attributes.classifier import CONFIG_FILE, AttributeClassifier, load_classifier
from privai_tf.runtime import search_path


class AttributeChanges:
  """Reads attributes of a job's faces.

  Args:
    checkpoint: the job's.
    boundaries: of the attributes that are hidden; none where the whole face is.
  """

  def __init__(self, checkpoint: str, boundaries: Sequence[Boundary]):
    self._boundaries = tuple(boundaries)
    self._classifier = classifier_of(checkpoint)

  def read(
    self,
    originals: np.ndarray | None,
    released: np.ndarray,
    latents: np.ndarray,
    released_latents: np.ndarray,
  ) -> list[dict[str, dict[str, Any]]]:
    """What is known of each face, as JSON values.

    Args:
      originals: uint8 [n, R, R, 3]; None for codes, which have no photo.
      released: uint8 [n, R, R, 3].
      latents, released_latents: [n, d] or [n, L, d] (then the layers' mean counts).

    Returns:
      For each face by attribute: `hidden` (whether it was asked for, or all are), and, each as
      [before, after], `probability` in [0, 1] and `coordinate` in latent units, where it is known.
    """
    found: list[dict[str, dict[str, Any]]] = [{} for _ in released]
    for boundary in self._boundaries:
      pair = [_along(boundary, codes) for codes in (latents, released_latents)]
      for known, *values in zip(found, *pair, strict=True):
        known[boundary.name] = {"hidden": True, "coordinate": list(map(float, values))}
    if self._classifier is not None and originals is not None:
      pair = [self._classifier.probabilities(_signed(pixels)) for pixels in (originals, released)]
      for known, before, after in zip(found, *pair, strict=True):
        for name, *values in zip(self._classifier.attributes, before, after, strict=True):
          self._add(known, name, list(map(float, values)))
    return found

  def _add(self, known: dict[str, dict[str, Any]], name: str, values: list[float]) -> None:
    """A classifier's figures beside those of the boundary of the same attribute, else alone."""
    # A boundary's name may add conditions, as in `age_c_gender`.
    same = [key for key in known if key.partition("_c_")[0] == name]
    # Of a subspace each direction has its own, as `smile_1`; what they hide together counts.
    parts = [key for key in known if re.fullmatch(rf"{re.escape(name)}_\d+", key)]
    for key in parts:
      known[key]["hidden"] = False
    hidden = bool(parts) or not self._boundaries
    for key in same or [name]:
      known.setdefault(key, {"hidden": hidden})["probability"] = values


def classifier_of(checkpoint: str) -> AttributeClassifier | None:
  """The classifier that reads a checkpoint's images, `CHECKPOINT_classifier`; None without one.

  Args:
    checkpoint: a name in `checkpoints/`, or a path, beside which it lies.

  Raises:
    CheckpointError: if it is damaged.
  """
  path = pathlib.Path(f"{checkpoint.rstrip('/')}_classifier")
  named = path.name if path.name == str(path) else None
  place = search_path.found("checkpoints", named, _is_classifier) if named else path
  return load_classifier(place) if place is not None and _is_classifier(place) else None


def _is_classifier(place: pathlib.Path) -> bool:
  return (place / CONFIG_FILE).is_file()


def _along(boundary: Boundary, codes: np.ndarray) -> np.ndarray:
  distances = boundary.coordinate(codes)
  return distances if distances.ndim == 1 else distances.mean(axis=1)


def _signed(pixels: np.ndarray) -> np.ndarray:
  return np.asarray(pixels, np.float32) / 127.5 - 1
