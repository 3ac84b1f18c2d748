"""The distance between drawn and rendered portraits."""

import numpy as np
import tensorflow as tf

_SCALES = 3


def attention(resolution: int) -> np.ndarray:
  """Weights [1, R, R, 1]: eyes and mouth are small and tell the most, so they count more."""
  from privai_tf.demo.portrait.head import EYE_X, EYE_Y, MOUTH_Y

  centers = (np.arange(resolution, dtype=np.float32) + 0.5) * (2 / resolution) - 1
  x, y = centers[None, :], centers[:, None]

  def blob(at_x, at_y, width, height):
    return np.exp(-(((x - at_x) / width) ** 4) - ((y - at_y) / height) ** 4)

  eyes = blob(-EYE_X, EYE_Y, 0.22, 0.20) + blob(EYE_X, EYE_Y, 0.22, 0.20)
  weights = 1 + 1.5 * np.minimum(eyes, 1) + 2.5 * blob(0, MOUTH_Y, 0.32, 0.17)
  weights += 0.5 * blob(0, 0.1, 0.55, 0.75)
  return (weights / weights.mean())[None, :, :, None].astype(np.float32)


def distance(images, goals, weights):
  """Weighted L1 of the pixels and of their differences to the neighbours, at three scales.

  Args:
    images, goals: [N, R, R, 3].
    weights: [1, R, R, 1].

  Returns:
    A scalar.
  """
  error, total = images - goals, 0.0
  for scale in range(_SCALES):
    if scale:
      error = tf.nn.avg_pool2d(error, 2, 2, "VALID")
      weights = tf.nn.avg_pool2d(weights, 2, 2, "VALID")
    total += tf.reduce_mean(weights * tf.abs(error))
    across, down = error[:, :, 1:] - error[:, :, :-1], error[:, 1:] - error[:, :-1]
    total += tf.reduce_mean(weights[:, :, 1:] * tf.abs(across))
    total += tf.reduce_mean(weights[:, 1:] * tf.abs(down))
  return total
