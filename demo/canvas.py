"""Drawing on a batch of images: shapes as distances, soft coverage, one layer over another."""

import dataclasses

import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class Canvas:
  """The pixel grid: x to the right, y down, both from -1 to 1; [1, S, S]."""

  x: tf.Tensor
  y: tf.Tensor
  pixel: float

  @classmethod
  def of(cls, size: int) -> "Canvas":
    centers = (tf.range(size, dtype=tf.float32) + 0.5) * (2.0 / size) - 1.0
    ones = tf.ones((1, size, size))
    return cls(ones * centers[None, None, :], ones * centers[None, :, None], 2.0 / size)

  def cover(self, distance, softness: float = 0.0):
    """1 inside (negative distance), 0 outside, a ramp at the edge of a pixel or `softness`."""
    width = max(self.pixel, softness)
    ramp = tf.clip_by_value(0.5 - distance / width, 0.0, 1.0)
    return ramp * ramp * (3.0 - 2.0 * ramp)

  def ellipse(self, x, y, width, height):
    """About the distance to an ellipse with half axes `width` and `height`."""
    radius = tf.sqrt(tf.square((self.x - x) / width) + tf.square((self.y - y) / height) + 1e-6)
    return (radius - 1.0) * tf.minimum(width + 0.0 * height, height + 0.0 * width)

  def blob(self, x, y, width, height):
    """A bump of height 1."""
    return tf.exp(-tf.square((self.x - x) / width) - tf.square((self.y - y) / height))

  def stroke(self, x, y, half_length, bend, thickness):
    """Distance to a parabola arc through (x, y) with its ends `bend` lower."""
    t = (self.x - x) / half_length
    arc = self.y - y - bend * tf.square(t)
    ends = (tf.abs(t) - 1.0) * half_length
    return tf.maximum(tf.abs(arc) - thickness * (1.0 - 0.6 * tf.square(t)), ends)


def mix(a, b, amount):
  """a where `amount` is 0, b where it is 1."""
  return a + (b - a) * amount


def over(image, color, coverage):
  """`color` laid over the image [N, S, S, 3] as far as `coverage` [N, S, S] goes."""
  return mix(image, color, coverage[..., None])


def darken(image, amount, tint=(1.0, 1.0, 1.0)):
  """Takes light away; less of the channels that `tint` spares (a number under 1)."""
  return image * (1.0 - amount[..., None] * tf.constant(tint))
