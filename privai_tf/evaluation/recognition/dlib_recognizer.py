"""dlib's face recognition network: 128 numbers; 0.6 apart is taken for another person.

King, "Dlib-ml: A Machine Learning Toolkit", 2009; the network (2017, a ResNet of 29 layers, trained on
three million pictures) is in `face-recognition-models`, which is found without being imported.
"""

import functools
import importlib.util
import pathlib

import numpy as np

from privai_tf.errors import ConfigurationError
from privai_tf.evaluation.recognition.recognizer import Recognizer

_NETWORK = "dlib_face_recognition_resnet_model_v1.dat"
_LANDMARKS = "shape_predictor_5_face_landmarks.dat"
_SIDE = 256
# Where the detector's box lies in pictures aligned as FFHQ's are, in shares of the side: used where it
# finds nothing (a face that noise has spoilt), so that every picture has its numbers.
_USUAL_BOX = (0.22, 0.30, 0.78, 0.86)
_REMEDY = "pip install 'privai-tf[dlib]'"


def dlib_recognizer(place: str = "") -> Recognizer:
  """Pictures of aligned faces -> float32 [n, 128].

  Raises:
    ConfigurationError: if its packages are missing.
  """
  if place:
    raise ConfigurationError(f"The recognizer dlib takes no folder ('{place}'); leave it out.")
  network = _network()
  return Recognizer("dlib", network, distance=True)


@functools.cache
def _network() -> "_Network":
  return _Network()


class _Network:
  """Detector, landmarks and network, loaded once."""

  def __init__(self):
    try:
      import dlib
    except ImportError as error:
      raise ConfigurationError(f"The recognizer dlib needs dlib-bin: {_REMEDY}") from error
    self._dlib = dlib
    self._detector = dlib.get_frontal_face_detector()
    self._landmarks = dlib.shape_predictor(_file(_LANDMARKS))
    self._network = dlib.face_recognition_model_v1(_file(_NETWORK))

  def __call__(self, images: np.ndarray) -> np.ndarray:
    return np.array([self._numbers(image) for image in _pixels(images)], np.float32).reshape(
      -1, 128
    )

  def _numbers(self, pixels: np.ndarray) -> np.ndarray:
    found = self._detector(pixels, 0)
    box = max(found, key=lambda box: box.area()) if found else self._usual(len(pixels))
    return np.array(self._network.compute_face_descriptor(pixels, self._landmarks(pixels, box)))

  def _usual(self, side: int):
    return self._dlib.rectangle(*(round(edge * side) for edge in _USUAL_BOX))


def _pixels(images: np.ndarray) -> list[np.ndarray]:
  """uint8 [256, 256, 3] each."""
  from PIL import Image

  levels = np.clip(np.rint(np.asarray(images) * 127.5 + 127.5), 0, 255).astype(np.uint8)
  size = (_SIDE, _SIDE)
  return [np.asarray(Image.fromarray(i).resize(size, Image.Resampling.LANCZOS)) for i in levels]


def _file(name: str) -> str:
  package = importlib.util.find_spec("face_recognition_models")
  file = package and package.origin and pathlib.Path(package.origin).parent / "models" / name
  if not file or not file.is_file():
    raise ConfigurationError(f"The recognizer dlib needs face-recognition-models: {_REMEDY}")
  return str(file)
