"""MS-SSIM: how much of an image's structure another one keeps, at several scales.

Wang, Simoncelli, Bovik (2003), "Multi-scale structural similarity for image quality assessment":
contrast and structure are compared at every scale, luminance at the coarsest one, and the results
are multiplied with the published exponents.
"""

import numpy as np
import tensorflow as tf

from privai_tf.inversion.halving import halved
from privai_tf.shapes import Images

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # Section 3.2 of the paper, finest scale first.
WINDOW = 11
_SIGMA = 1.5
_RANGE = 2.0  # Of values in [-1, 1].
_C1 = (0.01 * _RANGE) ** 2
_C2 = (0.03 * _RANGE) ** 2


def scale_weights(height: int, width: int) -> tuple[float, ...]:
  """The exponents for images of a size: all five from 176 pixels on.

  The window must fit into the coarsest scale, so that a 64 x 64 image has three scales. The
  remaining exponents are scaled to the published sum, 1; figures of images with different numbers
  of scales are therefore not to be compared.

  Args:
    height: of the images, at least 11.
    width: likewise.

  Raises:
    ValueError: a side has fewer than 11 pixels.
  """
  count, side = 0, min(height, width)
  while side >= WINDOW and count < len(WEIGHTS):
    count, side = count + 1, side // 2
  if not count:
    raise ValueError(f"MS-SSIM needs at least {WINDOW} pixels a side, got {height} x {width}.")
  return tuple(weight / sum(WEIGHTS[:count]) for weight in WEIGHTS[:count])


def ms_ssim(images: tf.Tensor, goals: tf.Tensor, floor: float = 0.0) -> tf.Tensor:
  """Multi-scale structural similarity, the mean over the colour channels.

  Args:
    images: [N, H, W, C] in [-1, 1], at least 11 x 11.
    goals: the same shape.
    floor: the least value of a scale's similarity; above 0 in a loss, where the fractional power
      of 0 has no gradient.

  Returns:
    [N], 1 for equal images, 0 where a scale's similarity is negative.
  """
  exponents = scale_weights(*images.shape[1:3])
  result = 1.0
  for level, exponent in enumerate(exponents):
    if level:
      images, goals = (halved(x) for x in (images, goals))
    luminance, contrast = _compared(images, goals)
    last = level == len(exponents) - 1
    similarity = tf.reduce_mean(luminance * contrast if last else contrast, axis=[1, 2])
    result *= tf.maximum(similarity, floor) ** exponent
  return tf.reduce_mean(result, axis=-1)


def ms_ssim_loss(images: tf.Tensor, goals: tf.Tensor) -> tf.Tensor:
  """`1 - ms_ssim`, with a gradient everywhere: [N].

  Args:
    images, goals: see `ms_ssim`.

  Returns:
    0 for equal images, up to 1.
  """
  return 1.0 - ms_ssim(images, goals, floor=1e-4)


def ms_ssim_figures(images: Images, targets: Images) -> np.ndarray:
  """MS-SSIM of images as a viewer would see them (clipped), a few at a time.

  Args:
    images: [N, H, W, C] in [-1, 1].
    targets: the same shape.

  Returns:
    float32 [N].
  """
  pairs = zip(np.clip(images, -1, 1), np.clip(targets, -1, 1), strict=True)
  figures = [ms_ssim(tf.constant(a[None]), tf.constant(b[None])).numpy()[0] for a, b in pairs]
  return np.array(figures, np.float32)


def _compared(images: tf.Tensor, goals: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
  """Luminance and contrast-structure terms of SSIM at every full window, [N, H-10, W-10, C]."""
  channels = images.shape[-1]
  moments = _smoothed(
    tf.concat([images, goals, images**2, goals**2, images * goals], axis=-1), 5 * channels
  )
  # Wang et al. 2004, equation 13, as two factors; variances as E[x^2] - E[x]^2.
  mean, goal_mean, square, goal_square, product = tf.split(moments, 5, axis=-1)
  means = mean * goal_mean
  squares = mean**2 + goal_mean**2
  luminance = (2 * means + _C1) / (squares + _C1)
  contrast = (2 * (product - means) + _C2) / (square + goal_square - squares + _C2)
  return luminance, contrast


def _smoothed(values: tf.Tensor, channels: int) -> tf.Tensor:
  """Gaussian of 11 x 11 taps, as two passes of 11, at full windows only."""
  offsets = np.arange(WINDOW) - WINDOW // 2
  taps = np.exp(-0.5 * np.square(offsets / _SIGMA))
  taps /= taps.sum()
  for shape in ((WINDOW, 1, 1, 1), (1, WINDOW, 1, 1)):
    kernel = tf.constant(np.tile(taps.reshape(shape), (1, 1, channels, 1)), values.dtype)
    values = tf.nn.depthwise_conv2d(values, kernel, (1, 1, 1, 1), "VALID")
  return values
