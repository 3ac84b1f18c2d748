"""Differentiable distances, one value an image: pixels at several scales, colours, the mean code."""

import math

import numpy as np
import tensorflow as tf

from privai_tf.generators.gradients import linear, with_gradient
from privai_tf.inversion.halving import halved

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
    result.append(halved(result[-1]))
  return result


def pixel_loss(
  images: tf.Tensor, goals: list[tf.Tensor], weights: list[np.ndarray] | None = None
) -> tf.Tensor:
  """Mean absolute difference of pixels and of their horizontal and vertical steps, over all levels.

  Coarse levels see a shifted edge as a small error and so lead the search before the fine levels
  can. Absolute rather than squared, and steps besides values: a mouth or the rim of glasses is few
  pixels, which the squared difference gives up for a better background.

  Args:
    images: [N, H, W, C] in [-1, 1].
    goals: `pyramid(targets)`.
    weights: of the pixels of each level, [1, H / 2^i, W / 2^i, 1], such as `face_map`'s; None: all 1.

  Returns:
    [N].
  """
  result = 0.0
  weights = weights or [None] * len(goals)
  for level, goal, weight in zip(pyramid(images, len(goals)), goals, weights, strict=True):
    difference = level - goal
    if weight is not None:
      difference *= weight
    result += _smooth_absolute(difference)
    for steps in _steps(difference):
      result += _smooth_absolute(steps)
  return result


def _steps(images: tf.Tensor) -> list[tf.Tensor]:
  """Differences to the pixel above and to the one on the left: [N, H - 1, W C], [N, H, (W - 1) C]."""
  height, width, channels = images.shape[1:]
  rows = tf.reshape(images, (-1, height, width * channels))
  down = linear(
    lambda x: x[:, 1:] - x[:, :-1],
    lambda y: tf.pad(y, [(0, 0), (1, 0), (0, 0)]) - tf.pad(y, [(0, 0), (0, 1), (0, 0)]),
  )
  right = linear(
    lambda x: x[:, :, channels:] - x[:, :, :-channels],
    lambda y: (
      tf.pad(y, [(0, 0), (0, 0), (channels, 0)]) - tf.pad(y, [(0, 0), (0, 0), (0, channels)])
    ),
  )
  return [down(rows), right(rows)]


def _smooth_absolute(values: tf.Tensor) -> tf.Tensor:
  """Mean of `sqrt(v^2 + s^2) - s` an image: |v| where it shows, smooth below one grey level."""
  # Charbonnier, Blanc-Feraud, Aubert, Barlaud, 1994.
  axes = list(range(1, len(values.shape)))
  count = math.prod(values.shape[1:])

  def gradient(x, y, upstream):
    share = tf.reshape(upstream / count, [-1, *[1] * len(axes)])
    return share * x * tf.math.rsqrt(x**2 + _SMOOTH**2)

  smooth = with_gradient(
    lambda x: tf.reduce_mean(tf.sqrt(x**2 + _SMOOTH**2) - _SMOOTH, axis=axes), gradient
  )
  return smooth(values)


def colour_diversity(images: tf.Tensor) -> tf.Tensor:
  """How far the colour channels are from one another; 0 for grey images.

  The squared differences of red and green, red and blue, green and blue, on the scale [0, 1], each
  averaged over the pixels. (For channels of equal means: the sum of their variances less twice their
  covariance.)

  Args:
    images: [N, H, W, C] in [-1, 1].

  Returns:
    [N, pairs of channels]; zeros [N, 1] for one channel.
  """
  channels = [images[..., i] / 2 for i in range(images.shape[-1])]
  pairs = [(a, b) for i, a in enumerate(channels) for b in channels[i + 1 :]] or [
    (channels[0],) * 2
  ]
  return tf.stack([tf.reduce_mean((a - b) ** 2, axis=[1, 2]) for a, b in pairs], axis=1)


def colour_loss(images: tf.Tensor, goal: tf.Tensor) -> tf.Tensor:
  """Difference of the colour diversity from that of the photo: [N], the sum over the pairs.

  The PrivAI prototype's term is this one with the goal 0 (weight 2.5, beside VGG16 features whose
  weights are 1): it does not compare with the photo, and pulls towards grey.

  Args:
    images: [N, H, W, C] in [-1, 1].
    goal: `colour_diversity(photos)`, or zeros.
  """
  return tf.reduce_sum(tf.abs(colour_diversity(images) - goal), axis=1)


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
