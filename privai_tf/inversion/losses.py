"""Differentiable distances, one value an image: pixels at several scales, and from the mean code."""

import tensorflow as tf

_SMOOTH = 1 / 127.5  # One level of an 8-bit image.
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
  """Mean absolute difference of pixels and of their horizontal and vertical steps, over all levels.

  Coarse levels see a shifted edge as a small error and so lead the search before the fine levels
  can. Absolute rather than squared, and steps besides values: a mouth or the rim of glasses is few
  pixels, which the squared difference gives up for a better background.

  Args:
    images: [N, H, W, C] in [-1, 1].
    goals: `pyramid(targets)`.

  Returns:
    [N].
  """
  result = 0.0
  for level, goal in zip(pyramid(images, len(goals)), goals, strict=True):
    difference = level - goal
    result += _smooth_absolute(difference)
    result += _smooth_absolute(difference[:, 1:] - difference[:, :-1])
    result += _smooth_absolute(difference[:, :, 1:] - difference[:, :, :-1])
  return result


def _smooth_absolute(values: tf.Tensor) -> tf.Tensor:
  """Mean of `sqrt(v^2 + s^2) - s` an image: |v| where it shows, smooth below one grey level."""
  return tf.reduce_mean(tf.sqrt(values**2 + _SMOOTH**2) - _SMOOTH, axis=[1, 2, 3])


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
