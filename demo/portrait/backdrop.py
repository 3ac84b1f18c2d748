"""The background: far away and out of focus."""

import functools

import numpy as np

from privai_tf.demo.portrait.canvas import Picture

# Discs of light as a lens blurs them: x, y, radius, strength.
_DISCS = (
  (-0.88, -0.78, 0.24, 0.050),
  (-0.66, -0.52, 0.15, 0.030),
  (-0.95, -0.22, 0.17, 0.035),
  (0.70, -0.88, 0.19, 0.040),
  (0.93, -0.52, 0.25, 0.050),
  (0.72, -0.22, 0.13, 0.025),
  (-0.80, 0.22, 0.12, 0.020),
  (0.90, 0.16, 0.15, 0.025),
)


@functools.cache
def _far(size: int) -> np.ndarray:
  """What there is behind, as brightness [size, size]: blurred shapes, and discs of light."""
  picture = Picture.empty(size)
  x, y = picture.x, picture.y
  light = 0.10 * picture.blob(0.0, -0.35, 1.1, 0.9) - 0.07 * np.clip(y, 0.0, 1.0)
  # A window's edge and a shelf, far out of focus.
  light = light - 0.055 * picture.cover(np.abs(x + 0.52 + 0.05 * y) - 0.10, 0.35)
  light = light - 0.06 * picture.cover(np.abs(y - 0.30 + 0.03 * x) - 0.05, 0.30)
  light = light + 0.035 * picture.cover(0.45 - x, 0.45)
  for disc_x, disc_y, radius, strength in _DISCS:
    distance = picture.ellipse(disc_x, disc_y, radius, radius)
    rim = np.exp(-np.square((distance + 0.02) / 0.02))
    light = light + strength * picture.cover(distance, 0.06) * (1.0 + 0.15 * rim)
  return light.astype(np.float32)


def draw_backdrop(picture: Picture, look) -> None:
  """Fills the whole picture."""
  side = np.float32(0.05 * look.light) * picture.x
  light = _far(picture.x.shape[1]) + side
  for channel, value, warmth in zip(picture.pixels, look.background, (1.08, 1.0, 0.9), strict=True):
    channel[:] = value + np.float32(warmth) * light
