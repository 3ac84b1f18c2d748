"""The head's outline, its relief and the light on it."""

import dataclasses

import tensorflow as tf

from privai_tf.demo.canvas import Canvas, darken, mix, over

# FFHQ's alignment: eyes at fixed places whatever the pose, so a turn moves everything else.
EYE_Y, EYE_X = -0.06, 0.205
MOUTH_Y, NOSE_Y = 0.43, 0.20


@dataclasses.dataclass(frozen=True)
class Head:
  """Where the parts are, and the light on them.

  Attributes:
    center: x of the outline's axis.
    radius: [N, S, S], 1 at the outline.
    light: [N, S, S] from 0 (shadow) up to about 1.
    nose_x, mouth_x: where the turn carries them.
  """

  center: tf.Tensor
  radius: tf.Tensor
  light: tf.Tensor
  nose_x: tf.Tensor
  mouth_x: tf.Tensor


def shape_head(canvas: Canvas, look) -> Head:
  """The geometry, without any colour."""
  center = -0.075 * look.yaw
  nose_x, mouth_x = 0.115 * look.yaw, 0.05 * look.yaw
  across = (canvas.x - center) / (0.465 + 0.035 * look.male)
  along = (canvas.y - 0.05) / (0.735 + 0.03 * look.male)
  below = tf.nn.relu(along)
  # A chin that narrows for women, a jaw with corners for men.
  across *= 1.0 + (0.36 - 0.30 * look.male) * below * below
  power = 2.0 + (0.1 + 0.7 * look.male) * tf.minimum(below * 3.0, 1.0)
  total = tf.pow(tf.abs(across) + 1e-4, power) + tf.pow(tf.abs(along) + 1e-4, power)
  radius = tf.pow(total, 1.0 / power)
  height = 0.55 * tf.sqrt(tf.nn.relu(1.0 - radius * radius) + 0.02)
  height += 0.13 * canvas.blob(nose_x, NOSE_Y, 0.075, 0.085)
  height += 0.07 * canvas.blob(0.6 * nose_x, 0.03, 0.05, 0.16)
  height += (0.03 + 0.03 * look.male) * canvas.blob(0.0, EYE_Y - 0.15, 0.35, 0.06)
  height += 0.04 * canvas.blob(mouth_x, 0.70, 0.12, 0.08)
  for side in (-1.0, 1.0):
    height += (0.02 + 0.05 * look.smile) * canvas.blob(side * 0.27 + nose_x * 0.5, 0.22, 0.13, 0.11)
    height -= 0.05 * canvas.blob(side * EYE_X, EYE_Y, 0.12, 0.07)
  return Head(center, radius, _light(canvas, height, look.light), nose_x, mouth_x)


def _light(canvas: Canvas, height, light_x):
  """Light that wraps around the relief, from above and one side."""
  padded = tf.pad(height, [[0, 0], [1, 1], [1, 1]], "SYMMETRIC")
  slope_x = (padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]) / (2.0 * canvas.pixel)
  slope_y = (padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]) / (2.0 * canvas.pixel)
  facing = tf.math.rsqrt(1.0 + slope_x * slope_x + slope_y * slope_y)
  direction_x, direction_y, direction_z = 0.75 * light_x, -0.45, 0.75
  norm = tf.math.rsqrt(direction_x**2 + direction_y**2 + direction_z**2)
  diffuse = (-slope_x * direction_x - slope_y * direction_y + direction_z) * facing * norm
  return tf.clip_by_value((diffuse + 0.45) / 1.45, 0.0, 1.0)


def draw_bust(image, canvas: Canvas, look, head: Head):
  """Shoulders, neck and ears, all behind the face."""
  skin = _lit(look.skin, 0.62 + 0.0 * head.light)
  neck_x = 0.4 * head.center
  neck = tf.abs(canvas.x - neck_x) - (0.20 + 0.06 * look.male + 0.12 * tf.nn.relu(canvas.y - 0.75))
  image = over(image, skin, canvas.cover(tf.maximum(neck, 0.4 - canvas.y), 0.03))
  image = darken(image, 0.35 * canvas.blob(head.center, 0.80, 0.3, 0.12), (0.8, 1.0, 1.0))
  shoulders = canvas.ellipse(0.0, 1.32, 0.86 + 0.14 * look.male, 0.46)
  collar = canvas.ellipse(neck_x, 0.82, 0.26, 0.14)
  cloth = look.cloth * (0.75 + 0.45 * canvas.blob(0.6 * look.light, 0.9, 0.8, 0.3))[..., None]
  image = over(image, cloth, canvas.cover(tf.maximum(shoulders, -collar)))
  for side in (-1.0, 1.0):
    ear = canvas.ellipse(head.center + side * (0.475 + 0.03 * look.male), 0.06, 0.065, 0.12)
    image = over(image, _lit(look.skin, 0.6 + 0.25 * side * look.light), canvas.cover(ear))
  return image


def draw_face(image, canvas: Canvas, look, head: Head):
  """The face's skin: light, blush, and the dark of its edge."""
  skin = _lit(look.skin, head.light)
  edge = tf.clip_by_value((head.radius - 0.72) / 0.28, 0.0, 1.0)
  skin = darken(skin, 0.30 * edge * edge, (0.8, 1.0, 1.0))
  for side in (-1.0, 1.0):
    cheek = canvas.blob(side * 0.27 + 0.6 * head.nose_x, 0.22, 0.14, 0.10)
    skin = darken(skin, (0.06 + 0.12 * look.smile) * cheek * (1 - 0.5 * look.age), (0.0, 1.0, 0.8))
  return over(image, skin, canvas.cover((head.radius - 1.0) * 0.5))


def _lit(skin, light):
  """Skin under a light of 0 to 1: shadows are warmer, not only darker."""
  shadow = skin * tf.constant((0.56, 0.40, 0.36))
  lit = mix(shadow, skin * 1.06, tf.minimum(light * 1.15, 1.0)[..., None])
  return lit + 0.10 * tf.nn.relu(light - 0.86)[..., None] * 4.0
