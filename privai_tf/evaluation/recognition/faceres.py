"""A second recognizer, independent of dlib: `faceres`; see `privai_tf.inversion.faceres`."""

import functools

import numpy as np

from privai_tf.attributes.scorers.packaged import cropped
from privai_tf.evaluation.recognition.recognizer import Recognizer
from privai_tf.inversion.faceres import BOX, FEATURES, SIDE, Faceres, read_faceres

_BATCH = 16


def faceres_recognizer(place: str) -> Recognizer:
  """Pictures of aligned faces -> float32 [n, 1024].

  Args:
    place: the folder with its two files; "": `recognizers` in the cache folder.

  Raises:
    ConfigurationError: if they are not there.
    CheckpointError: if they are others.
  """
  return Recognizer("faceres", functools.partial(outputs, read_faceres(place)))


def outputs(network: Faceres, images: np.ndarray, output: str = FEATURES) -> np.ndarray:
  """One of its outputs for aligned faces.

  Args:
    network: from `read_faceres`.
    images: [n, R, R, 3] in [-1, 1].
    output: its name.

  Returns:
    float32 [n, ...].
  """
  (pixels,) = cropped(images, BOX, (SIDE,))
  compute = _compiled(network, output)
  parts = [
    compute(pixels[start : start + _BATCH].astype(np.float32)).numpy()
    for start in range(0, len(pixels), _BATCH)
  ]
  return np.concatenate(parts)


@functools.lru_cache(maxsize=4)
def _compiled(network: Faceres, output: str):
  import tensorflow as tf

  signature = [tf.TensorSpec([None, SIDE, SIDE, 3], tf.float32)]
  return tf.function(
    lambda pixels: network.computed(pixels, output), input_signature=signature, autograph=False
  )
