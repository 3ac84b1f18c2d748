"""Hair: behind the head, and in front of it around the face."""

import tensorflow as tf

from privai_tf.demo.canvas import Canvas, mix, over
from privai_tf.demo.head import Head


def _outline(canvas: Canvas, look, head: Head):
  """Distance to the outline of the whole head of hair."""
  x = head.center
  volume = 0.03 * (1.0 - look.male)
  cap = canvas.ellipse(x, -0.08, 0.535 + volume, 0.735 + volume)
  bottom = mix(0.0, 0.98, look.length)
  width = 0.50 + 0.07 * look.length + 0.06 * tf.square(canvas.y)
  # Rounded at the bottom, where the corners of a box would look like cardboard.
  bottom -= 0.9 * tf.square(tf.nn.relu(tf.abs(canvas.x - x) - 0.2))
  curtain = tf.maximum(tf.abs(canvas.x - x) - width * look.length**0.25, canvas.y - bottom)
  curtain = tf.maximum(curtain, -0.08 - canvas.y)
  short = tf.maximum(cap, canvas.y - mix(0.02, 0.7, look.length))
  return tf.minimum(short, curtain)


def _shaded(canvas: Canvas, look, head: Head):
  """Hair colour with a band of highlight and the dark of the lower parts."""
  around = tf.square((canvas.x - head.center) / 0.56) + tf.square((canvas.y + 0.05) / 0.78)
  lit = 0.72 + 0.30 * canvas.blob(head.center + 0.4 * look.light, -0.55, 0.55, 0.5)
  lit -= 0.22 * tf.clip_by_value(around - 0.75, 0.0, 0.6) / 0.6
  band = tf.exp(-tf.square((tf.sqrt(around) - 0.80) / 0.09))
  shine = band * canvas.blob(head.center + 0.35 * look.light, -0.6, 0.35, 0.35)
  return look.hair * lit[..., None] + (0.13 + 0.22 * look.hair) * shine[..., None]


def draw_back_hair(image, canvas: Canvas, look, head: Head):
  """What is seen behind neck and ears."""
  color = _shaded(canvas, look, head) * 0.84
  return over(image, color, canvas.cover(_outline(canvas, look, head), 0.03))


def draw_front_hair(image, canvas: Canvas, look, head: Head):
  """What frames the face: a hairline that recedes with age in men, a sweeping fringe in women."""
  woman = 1.0 - look.male
  recede = look.age * look.male
  x = head.center * 0.55
  tilt = (0.16 * woman + 0.04) * (canvas.x - x)
  width = 0.385 + 0.02 * look.male + 0.03 * recede
  top = 0.56 + 0.16 * recede - 0.03 * woman
  radius = tf.sqrt(
    tf.square((canvas.x - x) / width) + tf.square((canvas.y - 0.10 + tilt) / top) + 1e-6
  )
  opening = (radius - 1.0) * 0.42
  lowest = mix(0.06 - 0.10 * recede, 0.95, look.length)
  sides = canvas.y - lowest
  hair = tf.maximum(tf.maximum(_outline(canvas, look, head), -opening), sides)
  # Below the ears long hair falls beside the face, not over it.
  hair = tf.maximum(
    hair, canvas.cover(canvas.y - 0.30, 0.3) * -1.0 + 1.0 - 2.0 * tf.nn.relu(opening - 0.03)
  )
  shadow = canvas.cover(-opening - 0.05, 0.12) * canvas.cover((head.radius - 1.0) * 0.5)
  shadow *= canvas.cover(sides, 0.2)
  image = image * (1.0 - 0.22 * shadow[..., None] * tf.constant((0.8, 1.0, 1.0)))
  return over(image, _shaded(canvas, look, head), canvas.cover(hair, 0.03))
