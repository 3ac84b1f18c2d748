"""Eyes between their lids, and brows in strokes."""

import numpy as np

from privai_tf.demo.portrait.canvas import Picture, mix
from privai_tf.demo.portrait.head import EYE_X, EYE_Y, SIDES, Head

_IRIS_RADIUS, _PUPIL_RADIUS = 0.062, 0.026


def draw_eyes(picture: Picture, look, head: Head) -> None:
  """Whites, irises looking at the camera, catch-lights, lids and lashes."""
  for side in SIDES:
    part = picture.part(side * EYE_X - 0.19, side * EYE_X + 0.19, EYE_Y - 0.17, EYE_Y + 0.17)
    _draw_eye(part, look, side)


def _draw_eye(part: Picture, look, side: float) -> None:
  woman = 1.0 - look.male
  width = 0.116 * (1.0 - 0.08 * side * look.yaw)  # The eye that the head turns away is narrower.
  t = (part.x - side * EYE_X) / width * side  # From the nose outward.
  y = part.y - EYE_Y + 0.010 * t * (1.0 - 0.8 * look.age)
  open_up = 0.058 + 0.006 * woman - 0.008 * look.smile - 0.012 * look.age
  open_down = 0.042 - 0.010 * look.smile
  arch = 1.0 - t * t
  # Highest a little inside of the middle above, outside of it below.
  upper = -open_up * arch * (1.0 - 0.16 * t)
  lower = open_down * arch * (1.0 + 0.22 * t)
  ends = (np.abs(t) - 1.0) * width

  socket = part.blob(side * (EYE_X - 0.015), EYE_Y - 0.062, 0.135, 0.055)
  part.darken((0.10 + 0.07 * woman) * socket)
  part.darken(0.06 * part.blob(side * EYE_X, EYE_Y + 0.065, 0.11, 0.03))
  crease = np.abs(y - 1.18 * upper + 0.026) - 0.0045 * (1.0 + 0.5 * t)
  part.darken(0.42 * part.cover(np.maximum(crease, ends - 0.012), 0.018))
  part.lighten(0.035 * part.cover(np.abs(y - upper + 0.018) - 0.004, 0.02) * part.cover(ends, 0.05))

  opening = np.maximum(np.maximum(upper - y, y - lower), ends)
  seen = part.cover(0.9 * opening)
  lid_shadow = 1.0 - 0.26 * part.cover(y - upper - 0.018, 0.034)
  corner = 1.0 - 0.10 * t * t
  part.over([value * lid_shadow * corner for value in (0.965, 0.955, 0.95)], seen)
  _draw_iris(part, look, side, seen, lid_shadow)

  pink = (0.78, 0.50, 0.46)
  part.over(pink, 0.55 * seen * np.exp(-np.square((t + 0.97) / 0.10)))
  part.over(pink, 0.35 * part.cover(np.maximum(np.abs(y - lower) - 0.004, ends), 0.012))
  lash = [0.16 * value + 0.03 for value in look.skin]
  thick = (0.0085 + 0.0055 * woman) * (1.0 + 0.35 * t)
  wing = np.maximum(np.abs(y - upper + 0.5 * thick) - thick, ends - 0.008 * woman)
  part.over(lash, 0.95 * part.cover(wing, 0.012))
  flick = part.stroke(side * (EYE_X + 0.118), EYE_Y - 0.020, 0.032, 0.006, 0.008, -0.020 * side)
  part.over(lash, 0.8 * woman * part.cover(flick, 0.012))
  part.over(lash, 0.30 * part.cover(np.maximum(np.abs(y - lower) - 0.003, ends), 0.010))


def _draw_iris(part: Picture, look, side: float, seen, lid_shadow) -> None:
  x, y = side * EYE_X + 0.010 * look.yaw, EYE_Y - 0.004
  disc = np.sqrt(np.square(part.x - x) + np.square(part.y - y))
  depth = 0.74 + 0.42 * np.clip((part.y - y) / _IRIS_RADIUS, -0.6, 1.0)
  depth = depth - 0.55 * part.cover(_IRIS_RADIUS - 0.011 - disc, 0.016)
  depth = depth * lid_shadow
  part.over([value * depth for value in look.iris], seen * part.cover(disc - _IRIS_RADIUS, 0.014))
  part.over((0.03, 0.025, 0.03), seen * part.cover(disc - _PUPIL_RADIUS, 0.012))
  light_x = x + 0.018 * look.light - 0.012
  spark = part.ellipse(light_x, y - 0.024, 0.016, 0.016)
  part.over((1.0, 1.0, 1.0), 0.96 * seen * part.cover(spark, 0.010))
  part.lighten(0.35 * seen * part.blob(x - (light_x - x), y + 0.026, 0.014, 0.010))


def draw_brows(picture: Picture, look, head: Head) -> None:
  """Tapered, of slanting hairs, lifted a little by a smile."""
  color = mix(look.hair * 0.58, look.skin * 0.38, 0.35)
  woman = 1.0 - look.male
  for side in SIDES:
    part = picture.part(side * EYE_X - 0.21, side * EYE_X + 0.21, EYE_Y - 0.29, EYE_Y - 0.05)
    half = (0.142 + 0.006 * look.male) * (1.0 - 0.08 * side * look.yaw)
    center = side * (EYE_X + 0.012) + 0.012 * look.yaw
    t = (part.x - center) / half * side
    height = EYE_Y - 0.158 - 0.010 * woman + 0.012 * look.male - 0.008 * look.smile
    arch = height + 0.024 * np.square(t - 0.15) * (0.8 + 0.5 * woman) + 0.012 * t
    thick = (0.020 + 0.010 * look.male) * (1.0 - 0.62 * np.clip(0.5 + 0.5 * t, 0.0, 1.0) ** 1.5)
    band = np.maximum(np.abs(part.y - arch) - thick, (np.abs(t) - 1.0) * half)
    hairs = np.sin(120.0 * (side * part.x + 0.75 * (part.y - arch)))
    strength = 0.86 + 0.09 * hairs
    part.over(color, strength * part.cover(band, 0.020))
