"""Shoulders, collar, neck and ears, all behind the face."""

import numpy as np

from privai_tf.demo.portrait.canvas import Picture, mix
from privai_tf.demo.portrait.head import SIDES, Head


def draw_bust(picture: Picture, look, head: Head) -> None:
  """Neck in the chin's shadow, shirt, and the collar that stands around the neck."""
  part = picture.part(-0.45, 0.45, 0.35, 1.0)
  x, y = part.x - 0.45 * head.center, part.y
  neck = 0.205 + 0.05 * look.male + 0.5 * np.square(np.maximum(y - 0.66, 0.0))
  light = 0.86 - 0.10 * np.square(x / 0.25) + 0.05 * look.light * x / 0.25
  tones = zip(look.skin, (1.0, 0.94, 0.92), strict=True)
  seen = part.cover(np.abs(x) - neck)
  part.over([value * tone * light for value, tone in tones], seen)
  # The chin's shadow falls to the side that the light does not come from.
  shadow_x = head.center + head.mouth_x - 0.05 * look.light
  part.darken(0.34 * seen * part.blob(shadow_x, head.chin + 0.02, 0.30, 0.13))
  _draw_shirt(picture, look, head)
  for side in SIDES:
    _draw_ear(picture, look, head, side)


def _draw_shirt(picture: Picture, look, head: Head) -> None:
  part = picture.part(-1.0, 1.0, 0.62, 1.0)
  x, y = part.x - 0.45 * head.center, part.y
  width = 0.80 + 0.14 * look.male
  top = 0.80 - 0.035 * look.male + 0.30 * np.square(np.abs(x) / width) ** 1.6
  light = 0.96 + 0.10 * look.light * x - 0.22 * np.clip(np.abs(x) - 0.45, 0.0, 0.6)
  light = light - 0.10 * part.blob(0.62, 1.0, 0.10, 0.22) - 0.10 * part.blob(-0.62, 1.0, 0.10, 0.22)
  # An open neck: a V between the collar's points.
  opening = np.abs(x) - 0.235 - 0.05 * look.male + 0.72 * np.maximum(y - 0.72, 0.0)
  shirt = np.maximum(top - y, -opening)
  part.over([value * light for value in look.cloth], part.cover(shirt))
  for side in SIDES:
    half = picture.part(*sorted((0.0, 0.55 * side)), 0.62, 1.0)
    along, y = (half.x - 0.45 * head.center) * side, half.y
    inner = 0.215 + 0.05 * look.male - 0.72 * (y - 0.72) - along
    flap = np.maximum(0.8 * inner, along - 0.27 - 0.05 * look.male - 0.16 * (y - 0.70))
    flap = np.maximum(flap, 0.8 * (y - 1.08 + 0.62 * along))
    flap = np.maximum(flap, 0.715 + 0.45 * (along - 0.25) - y)
    shadow = half.cover(np.maximum(flap - 0.03, 0.74 - y), 0.07)
    half.darken(0.22 * shadow, (1.0, 1.0, 0.9))
    collar = [mix(value, 1.0, 0.22) * (1.0 + 0.06 * look.light * side) for value in look.cloth]
    half.over(collar, half.cover(flap))
    stitch = half.cover(np.abs(flap + 0.022) - 0.003)
    half.darken(0.16 * stitch, (1.0, 1.0, 1.0))


def _draw_ear(picture: Picture, look, head: Head, side: float) -> None:
  x = head.center + side * (head.width + 0.012)
  part = picture.part(x - 0.14, x + 0.14, -0.20, 0.32)
  tilted = part.moved(part.x - side * 0.10 * (0.06 - part.y), part.y)
  ear = tilted.ellipse(x, 0.05, 0.060, 0.125)
  light = 0.90 + 0.07 * side * look.light
  tones = zip(look.skin, (1.0, 0.92, 0.90), strict=True)
  part.over([value * tone * light for value, tone in tones], part.cover(ear))
  inner = tilted.ellipse(x + 0.006 * side, 0.045, 0.036, 0.088)
  part.darken(0.20 * part.cover(inner, 0.03))
  rim = np.abs(tilted.ellipse(x + 0.004 * side, 0.04, 0.040, 0.098)) - 0.004
  part.darken(0.18 * part.cover(rim, 0.015) * part.cover(part.y - 0.09, 0.08))
  part.lighten(0.05 * part.blob(x + 0.035 * side, 0.0, 0.016, 0.07))
