"""Images at half their size."""

import numpy as np
import tensorflow as tf

from privai_tf.generators.gradients import linear


def halved(images: tf.Tensor) -> tf.Tensor:
  """The averages of 2 x 2 pixels; an odd last row or column is left out.

  A sum of rows and a product with a small matrix: with three channels a tenth of the time that
  `tf.nn.avg_pool2d` takes on a processor, and its gradient.

  Args:
    images: [N, H, W, C].

  Returns:
    [N, H // 2, W // 2, C].
  """
  if images.shape[1] % 2 or images.shape[2] % 2:
    return tf.nn.avg_pool2d(images, 2, 2, "VALID")
  height, width, channels = images.shape[1] // 2, images.shape[2] // 2, images.shape[3]
  pairs = tf.constant(np.tile(np.eye(channels) / 4, (2, 1)), images.dtype)

  def mean(x):
    rows = tf.reshape(x, (-1, height, 2, 2 * width * channels))
    sums = tf.reshape(rows[:, :, 0] + rows[:, :, 1], (-1, height, width, 2 * channels))
    return tf.linalg.matmul(sums, pairs)

  def spread(y):
    # The adjoint: each of the four pixels gets a quarter.
    row = tf.reshape(
      tf.linalg.matmul(y, pairs, transpose_b=True), (-1, height, 2 * width * channels)
    )
    return tf.reshape(tf.stack([row, row], axis=2), (-1, 2 * height, 2 * width, channels))

  return linear(mean, spread)(images)
