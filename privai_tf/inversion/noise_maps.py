"""StyleGAN's noise inputs as something to search, and the penalty that keeps pictures out of them.

Karras et al. (2020), "Analyzing and improving the image quality of StyleGAN", appendix D.
"""

import tensorflow as tf

_COARSEST = 8


def autocorrelation(maps: list[tf.Tensor]) -> tf.Tensor:
  """How much neighbours agree, at every scale of every map; near 0 for white noise.

  A scale costs the squared mean products with the pixels one to the right and one below (around the
  edge). The next scale has the averages of 2 x 2 pixels, doubled to keep the variance of white noise,
  down to 8 x 8.

  Args:
    maps: [N, r, r, 1] each.

  Returns:
    [N].
  """
  result = 0.0
  for values in maps:
    while True:
      for axis in (1, 2):
        neighbours = tf.roll(values, 1, axis)
        result += tf.reduce_mean(values * neighbours, axis=[1, 2, 3]) ** 2
      if values.shape[1] <= _COARSEST:
        break
      values = 2.0 * tf.nn.avg_pool2d(values, 2, 2, "VALID")
  return result


def normalized(values: tf.Tensor) -> tf.Tensor:
  """Maps [N, r, r, 1] of mean 0 and variance 1, an image at a time.

  Args:
    values: float32, of any mean and variance.
  """
  mean, variance = tf.nn.moments(values, [1, 2, 3], keepdims=True)
  return (values - mean) * tf.math.rsqrt(variance + 1e-8)
