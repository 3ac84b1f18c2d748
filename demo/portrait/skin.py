"""What is on the skin: the nose, beard or stubble, and the lines of age."""

import numpy as np

from privai_tf.demo.portrait.canvas import Picture, mix
from privai_tf.demo.portrait.head import EYE_X, EYE_Y, MOUTH_Y, NOSE_Y, SIDES, Head

_UNSEEN = 2e-3


def draw_nose(picture: Picture, look, head: Head) -> None:
  """The shadow at its side and under its tip, wings, nostrils, and light on the tip."""
  part = picture.part(-0.34, 0.34, -0.20, 0.40)
  x = head.nose_x
  away = -0.10 * look.light - 0.55 * look.yaw * 0.1
  part.darken(0.11 * part.blob(0.55 * x + 0.6 * away, 0.06, 0.045, 0.13))
  part.darken(0.20 * part.blob(x, NOSE_Y + 0.070, 0.080, 0.026))
  for side in SIDES:
    wide = 0.072 * (1.0 - 0.22 * side * look.yaw)
    wing = part.fold(
      (
        (x + side * (wide - 0.014), NOSE_Y - 0.020),
        (x + side * (wide + 0.006), NOSE_Y + 0.025),
        (x + side * (wide - 0.022), NOSE_Y + 0.062),
      ),
      0.007,
    )
    part.darken(0.32 * part.cover(wing, 0.020))
    nostril = part.ellipse(x + side * 0.52 * wide, NOSE_Y + 0.056, 0.021, 0.0105)
    part.darken(0.52 * part.cover(nostril, 0.014), (0.85, 1.0, 1.0))
  part.lighten(0.10 * part.blob(x + 0.018 * look.light, NOSE_Y - 0.004, 0.030, 0.030))
  part.lighten(0.05 * part.blob(0.6 * x + 0.012 * look.light, 0.02, 0.018, 0.12))


def draw_beard(picture: Picture, look, head: Head) -> None:
  """Beard and moustache around the mouth, in strands; the shadow of a shaved beard before that."""
  if look.male < _UNSEEN:
    return
  part = picture.part(-0.56, 0.56, 0.02, 0.95)
  x = part.x - 0.6 * head.mouth_x - 0.4 * head.center
  y = part.y
  # Cheeks stay free above a line that sinks towards the nose.
  cheeks = 0.10 + 0.30 * np.exp(-np.square(x / 0.27)) - y
  mouth = part.ellipse(head.mouth_x, MOUTH_Y + 0.012, 0.19 + 0.045 * look.smile, 0.062)
  jaw = np.maximum(cheeks * 0.8, -mouth)
  moustache = part.stroke(head.mouth_x, MOUTH_Y - 0.078, 0.20 + 0.03 * look.smile, 0.050, 0.034)
  grown = part.cover(np.minimum(jaw, moustache), 0.05)
  outline = part.outline
  inside = part.cover(outline - 0.012 * look.beard, 0.02)
  shaved = part.cover(jaw, 0.16) * part.cover(outline + 0.02, 0.06)
  part.darken(0.20 * look.stubble * (1.0 - look.beard) * shaved, (1.0, 0.88, 0.72))
  if look.beard < _UNSEEN:
    return
  flow = np.sin(62.0 * (x + 0.5 * x * np.abs(y - 0.3)) + 2.0 * np.sin(7.0 * y))
  flow = flow * 0.45 + 0.4 * np.sin(105.0 * x * (1.2 - 0.4 * y) + 3.0 * np.sin(5.0 * y + 1.0))
  tone = 0.90 + 0.03 * flow - 0.25 * part.cover(0.62 - y, 0.40)
  color = mix(look.hair * 0.88, look.skin * 0.40, 0.15)
  part.over([value * tone for value in color], 0.94 * look.beard * grown * inside)


def draw_wrinkles(picture: Picture, look, head: Head) -> None:
  """Lines of the forehead, at the eyes' corners and under them, from nose to mouth."""
  age = max(0.0, look.age - 0.25) / 0.75
  for y, half, strength in ((-0.425, 0.18, 0.12), (-0.365, 0.22, 0.14), (-0.305, 0.19, 0.10)):
    if age == 0:
      break
    strip = picture.part(-0.32, 0.32, y - 0.04, y + 0.05)
    arc = strip.stroke(0.35 * head.nose_x, y, half, 0.014, 0.006)
    strip.darken(strength * age * strip.cover(arc, 0.022))
  for side in SIDES:
    eye = picture.part(side * EYE_X - 0.14, side * EYE_X + 0.14, EYE_Y + 0.06, EYE_Y + 0.22)
    corner = side * (EYE_X + 0.150)
    near = picture.part(corner - 0.06, corner + 0.06, EYE_Y - 0.10, EYE_Y + 0.10)
    for height, tilt in ((-0.026, -0.020), (0.002, 0.002), (0.030, 0.022)):
      foot = near.stroke(corner, EYE_Y + height, 0.036, 0.0, 0.0055, side * tilt)
      near.darken(0.20 * (0.85 * age + 0.25 * look.smile) * near.cover(foot, 0.018))
    bag = eye.stroke(side * (EYE_X - 0.010), EYE_Y + 0.105, 0.095, -0.030, 0.006)
    eye.darken((0.05 + 0.20 * age) * eye.cover(bag, 0.030))
    _draw_fold(picture.part(-0.45, 0.45, 0.16, 0.54), look, head, side, age)


def _draw_fold(part: Picture, look, head: Head, side: float, age: float) -> None:
  """From beside the nose outward and down to beside the mouth; a smile deepens it."""
  out = 0.030 * look.smile
  points = (
    (head.nose_x + side * 0.098, NOSE_Y + 0.010),
    (0.5 * (head.nose_x + head.mouth_x) + side * (0.185 + out), 0.325),
    (head.mouth_x + side * (0.215 + out), MOUTH_Y + 0.030 - 0.02 * look.smile),
  )
  fold = part.cover(part.fold(points, 0.008), 0.036) * part.cover(part.outline)
  part.darken((0.03 + 0.20 * age + 0.10 * look.smile) * fold)
