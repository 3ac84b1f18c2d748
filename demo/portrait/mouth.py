"""The mouth: closed lips, or a smile that shows the teeth."""

import numpy as np

from privai_tf.demo.portrait.canvas import Picture, mix
from privai_tf.demo.portrait.head import MOUTH_Y, SIDES, Head

_TEETH = (-0.165, -0.108, -0.054, 0.0, 0.054, 0.108, 0.165)
_PAINTED = np.array((0.80, 0.27, 0.31), np.float32)
_BARE = np.array((0.86, 0.60, 0.57), np.float32)


def draw_mouth(picture: Picture, look, head: Head) -> None:
  """Lips with a bow, a line between them, teeth, and the shadow under the lower lip."""
  part = picture.part(-0.42, 0.42, MOUTH_Y - 0.16, MOUTH_Y + 0.24)
  smile, woman = look.smile, 1.0 - look.male
  center = head.mouth_x
  x, half = part.x - center, 0.148 + 0.066 * smile
  t = x / half
  arch = np.maximum(1.0 - t * t, 0.0)
  ends = (np.abs(t) - 1.0) * half
  # How much higher the corners are than the middle: a little even without a smile.
  corner = 0.021 + 0.056 * smile
  y = part.y - (MOUTH_Y - 0.005 + 0.012 * smile - corner * t * t)
  bow = (
    1.0 - 0.24 * np.exp(-np.square(t / 0.16)) + 0.10 * np.exp(-np.square((np.abs(t) - 0.28) / 0.16))
  )
  root = np.sqrt(arch)
  thin = 1.0 - 0.30 * look.age
  upper = (0.034 + 0.010 * woman - 0.010 * smile) * thin * arch**0.75 * bow
  opened = 0.078 * smile * arch
  lower = opened + (0.046 + 0.014 * woman - 0.012 * smile) * thin * root

  part.darken(0.20 * part.blob(center, MOUTH_Y + 0.085 + 0.055 * smile, 0.10, 0.024))
  part.darken(0.05 * part.blob(center, MOUTH_Y - 0.085, 0.022, 0.045))
  face = part.cover(part.outline)
  for side in SIDES:
    dimple = part.blob(center + side * (half + 0.014), MOUTH_Y - 0.8 * corner, 0.020, 0.030)
    part.darken((0.10 + 0.14 * smile) * dimple * face)

  lips = np.maximum(np.maximum(-y - upper, y - lower), ends)
  color = mix(look.skin * _BARE, 0.35 * look.skin + 0.65 * _PAINTED, 0.75 * woman)
  light = 0.86 + 0.14 * np.clip((y - opened) / 0.03, 0.0, 1.0)
  part.over([value * light for value in color], part.cover(lips, 0.014))
  gleam = part.blob(center + 0.03 * look.light, MOUTH_Y + 0.030 + 0.090 * smile, 0.055, 0.011)
  part.lighten((0.10 + 0.08 * woman) * gleam)

  parted = np.clip(2.0 * smile - 0.4, 0.0, 1.0)
  if parted > 0:
    inside = np.maximum(np.maximum(-y - 0.002, y - opened), ends + 0.008)
    covered = parted * part.cover(inside, 0.012)
    part.over((0.36, 0.11, 0.12), covered)
    bite = np.maximum(y - 0.060 * arch**0.6 * (0.3 + 0.7 * smile), ends + 0.014)
    ivory = 1.0 - 0.16 * t * t - 0.10 * part.cover(y - 0.006, 0.02)
    teeth = covered * part.cover(bite, 0.012)
    part.over([value * ivory for value in (0.975, 0.965, 0.945)], teeth)
    gaps = sum(np.exp(-np.square((x - gap) / 0.006)) for gap in _TEETH)
    part.darken(teeth * (0.13 * gaps), (1.0, 1.0, 1.0))

  line = part.cover(np.maximum(np.abs(y) - 0.0065 * (0.4 + 0.6 * root), ends - 0.010), 0.014)
  part.darken((0.60 - 0.42 * parted) * line, (0.85, 1.0, 1.0))
