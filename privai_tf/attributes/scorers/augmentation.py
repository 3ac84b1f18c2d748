"""Changes to pictures that leave their attributes: light, colour, sharpness, grain.

A classifier must read photos of many cameras and what a generator draws, which is softer. Pictures
are never mirrored or turned: attributes such as a head's pose would not survive it.
"""

from typing import Any


def varied(images: Any, seed: Any) -> Any:
  """Blurs, tints and roughens images, each in its own measure.

  Args:
    images: float32 tensor [N, R, R, 3] in [-1, 1].
    seed: two integers; equal ones change equally.

  Returns:
    A tensor of the same shape, in [-1, 1].
  """
  import tensorflow as tf

  count = tf.shape(images)[0]
  seeds = tf.unstack(tf.random.split(seed, 5))
  blurred = tf.nn.avg_pool2d(tf.nn.avg_pool2d(images, 2, 1, "SAME"), 2, 1, "SAME")
  images += (blurred - images) * tf.random.stateless_uniform((count, 1, 1, 1), seeds[0])
  contrast = tf.random.stateless_uniform((count, 1, 1, 3), seeds[1], 0.85, 1.15)
  brightness = tf.random.stateless_uniform((count, 1, 1, 3), seeds[2], -0.1, 0.1)
  grain = tf.random.stateless_uniform((count, 1, 1, 1), seeds[3], 0.0, 0.08)
  noise = tf.random.stateless_normal(tf.shape(images), seeds[4])
  return tf.clip_by_value(images * contrast + brightness + noise * grain, -1.0, 1.0)
