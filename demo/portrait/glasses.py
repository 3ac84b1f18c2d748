"""Glasses: frames with a shine, lenses that mirror a window, a shadow on the face."""

import numpy as np

from privai_tf.demo.portrait.canvas import Picture
from privai_tf.demo.portrait.head import EYE_X, EYE_Y, SIDES, Head

_Y = EYE_Y + 0.018
_RIM = 0.0135


def draw_glasses(picture: Picture, look, head: Head) -> None:
  """Dark frames; none at all where the face has no glasses."""
  if look.glasses < 1e-3:
    return
  part = picture.part(-0.66, 0.66, -0.26, 0.24)
  frame, lens = _shapes(part, look, head)
  shadow = part.moved(part.x + 0.02 * look.light, part.y - 0.026)
  cast, _ = _shapes(shadow, look, head)
  part.darken(0.20 * look.glasses * part.cover(cast, 0.030) * part.cover(part.outline))
  inside = look.glasses * part.cover(lens)
  part.over((0.93, 0.97, 1.0), 0.10 * inside)
  slant = part.x + 0.55 * (part.y - _Y)
  for side in SIDES:
    place = slant - side * EYE_X - 0.055 - 0.02 * look.light
    stripe = part.cover(np.abs(place) - 0.020, 0.016) + 0.6 * part.cover(
      np.abs(place - 0.055) - 0.007, 0.012
    )
    near = part.cover(np.abs(part.x - side * EYE_X) - 0.19)
    part.lighten(0.20 * inside * stripe * near)
  covered = look.glasses * part.cover(frame)
  part.over((0.12, 0.095, 0.10), 0.97 * covered)
  shine = np.exp(-np.square((frame + 0.010) / 0.005)) * part.cover(part.y - EYE_Y + 0.055, 0.03)
  part.lighten(0.16 * covered * shine)


def _shapes(part: Picture, look, head: Head):
  """Distances to frames, bridge and temples, and to the lenses."""
  frame = lens = np.full((part.y.size, part.x.size), 9.0, np.float32)
  for side in SIDES:
    far = 1.0 - 0.06 * side * look.yaw
    # Rounded boxes, narrower at the bottom.
    taper = 1.0 + 0.16 * (part.y - _Y)
    dx = np.abs(part.x - side * (EYE_X + 0.004)) * taper - 0.094 * far
    dy = np.abs(part.y - _Y) - 0.058
    corner = np.sqrt(np.square(np.maximum(dx, 0.0)) + np.square(np.maximum(dy, 0.0)))
    box = corner + np.minimum(np.maximum(dx, dy), 0.0) - 0.072
    rim = np.abs(box) - _RIM * (1.0 - 0.25 * np.clip((part.y - _Y) / 0.1, -0.6, 1.0))
    frame, lens = np.minimum(frame, rim), np.minimum(lens, box)
    start, end = side * (EYE_X + 0.165), head.center + side * 0.95 * head.width
    temple = np.abs(part.x - 0.5 * (start + end)) - 0.5 * abs(end - start)
    frame = np.minimum(frame, np.maximum(temple, np.abs(part.y - _Y + 0.045) - 0.014))
  arch = np.abs(part.y - _Y + 0.040 - 2.2 * np.square(part.x)) - 0.011
  return np.minimum(frame, np.maximum(np.abs(part.x) - 0.042, arch)), lens
