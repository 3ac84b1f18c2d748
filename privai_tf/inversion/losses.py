"""Differentiable distances, one value an image: pixels at several scales, and from the mean code."""

import tensorflow as tf

_SMALLEST = 8  # Coarser than 8 x 8 says nothing that the 8 x 8 level does not.


def pyramid(images: tf.Tensor, levels: int = 4) -> list[tf.Tensor]:
  """The images and their successive 2 x 2 averages.

  Args:
    images: [N, H, W, C].
    levels: the most levels; fewer where a side would fall below 8 pixels or is odd.

  Returns:
    A list of [N, H / 2^i, W / 2^i, C].
  """
  result = [images]
  while len(result) < levels:
    height, width = result[-1].shape[1:3]
    if min(height, width) < 2 * _SMALLEST or height % 2 or width % 2:
      break
    result.append(tf.nn.avg_pool2d(result[-1], 2, 2, "VALID"))
  return result


def pixel_loss(images: tf.Tensor, goals: list[tf.Tensor]) -> tf.Tensor:
  """Mean squared difference, summed over the levels of the pyramid.

  Coarse levels see a shifted edge as a small error and so lead the search before the fine levels
  can; the finest is what PSNR measures.

  Args:
    images: [N, H, W, C] in [-1, 1].
    goals: `pyramid(targets)`.

  Returns:
    [N].
  """
  levels = pyramid(images, len(goals))
  return tf.add_n(
    [
      tf.reduce_mean(tf.math.squared_difference(level, goal), axis=[1, 2, 3])
      for level, goal in zip(levels, goals, strict=True)
    ]
  )


def mean_distance(codes: tf.Tensor, mean: tf.Tensor, precision: tf.Tensor) -> tf.Tensor:
  """Squared Mahalanobis distance to the mean code, averaged over the layers of W+.

  Codes far out in this distance are codes that the mapping network never makes: they may fit the
  photo, but edits along a boundary no longer mean what they mean inside.

  Args:
    codes: [N, d] or [N, L, d].
    mean: [d].
    precision: [d, d], from `statistics.latent_statistics`: the generator's own codes get 1.

  Returns:
    [N].
  """
  centred = codes - mean
  distances = tf.reduce_sum(tf.linalg.matmul(centred, precision) * centred, axis=-1)
  return distances if len(codes.shape) == 2 else tf.reduce_mean(distances, axis=1)
