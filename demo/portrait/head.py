"""The head's outline and the light on it, which every other part goes by."""

import dataclasses

import numpy as np

from privai_tf.demo.portrait.canvas import Picture, mix

# FFHQ's alignment: eyes at fixed places whatever the pose, so a turn moves everything else.
EYE_Y, EYE_X = -0.06, 0.205
MOUTH_Y, NOSE_Y = 0.43, 0.20
SIDES = (-1.0, 1.0)
_BOX = (-0.58, 0.58, -0.70, 0.78)


@dataclasses.dataclass(frozen=True)
class Head:
  """Where the parts are.

  Attributes:
    center: x of the outline's axis.
    nose_x, mouth_x: where the turn carries them.
    crown, chin: y of the outline's ends.
    width: half the largest width.
  """

  center: float
  nose_x: float
  mouth_x: float
  crown: float
  chin: float
  width: float
  male: float
  smile: float

  @classmethod
  def of(cls, look) -> "Head":
    return cls(
      center=-0.075 * look.yaw,
      nose_x=0.105 * look.yaw,
      mouth_x=0.05 * look.yaw,
      crown=-0.66,
      chin=0.70 + 0.04 * look.male,
      width=0.444 + 0.020 * look.male,
      male=look.male,
      smile=look.smile,
    )

  def half_width(self, y):
    """The outline's half width at y, 0 above and below the head."""
    middle = -0.02
    above = np.clip((middle - y) / (middle - self.crown), 0.0, 1.0)
    below = np.clip((y - middle) / (self.chin - middle), 0.0, 1.0)
    # A chin that narrows for women, a jaw with corners for men; cheeks that a smile lifts.
    power = 2.25 + 0.40 * self.male
    jaw = (1.0 - below**power) ** (1.0 / (power - 0.35))
    jaw = jaw * (1.0 - (0.15 - 0.06 * self.male) * below * below)
    cheeks = 0.012 * self.smile * np.exp(-np.square((y - 0.22) / 0.16))
    return self.width * np.sqrt(1.0 - above**2.6) * jaw + cheeks * (below < 1.0)

  def distance(self, picture: Picture):
    """To the outline, negative inside."""
    step = 0.5 * picture.pixel
    before, width, after = self.half_width(
      np.stack([picture.y - step, picture.y, picture.y + step])
    )
    slope = (after - before) / (2.0 * step)
    across = (np.abs(picture.x - self.center) - width) / np.sqrt(1.0 + np.minimum(slope**2, 1e3))
    return np.maximum(across, np.maximum(self.crown - picture.y, picture.y - self.chin))


def shade(picture: Picture, look, head: Head):
  """Light on the face's relief, 0 on a plane that faces us; linear in where the light stands."""
  across = np.square((picture.x - head.center) / (head.width + 0.10))
  along = np.square((picture.y - 0.02) / 0.86)
  height = 0.42 * np.sqrt(np.maximum(1.0 - across - along, 0.0) + 0.05)
  height += 0.075 * picture.blob(head.nose_x, NOSE_Y - 0.01, 0.075, 0.085)
  height += 0.035 * picture.blob(0.6 * head.nose_x, 0.02, 0.05, 0.17)
  height += (0.012 + 0.014 * look.male) * picture.blob(0.0, EYE_Y - 0.14, 0.34, 0.06)
  height += 0.022 * picture.blob(head.mouth_x, head.chin - 0.11, 0.11, 0.07)
  for side in SIDES:
    cheek = (0.020 + 0.020 * look.smile) * mix(1.0, 0.8, look.age)
    height += cheek * picture.blob(side * 0.255 + 0.4 * head.nose_x, 0.20, 0.12, 0.10)
    height -= 0.018 * picture.blob(side * EYE_X, EYE_Y - 0.02, 0.11, 0.075)
  slope_x, slope_y = np.zeros_like(height), np.zeros_like(height)
  half = np.float32(0.5 / picture.pixel)
  slope_x[:, 1:-1] = (height[:, 2:] - height[:, :-2]) * half
  slope_y[1:-1] = (height[2:] - height[:-2]) * half
  facing = 1.0 / np.sqrt(1.0 + slope_x * slope_x + slope_y * slope_y)
  return 0.16 * slope_y * facing - 0.15 * look.light * slope_x * facing + 0.55 * (facing - 0.93)


def draw_face(picture: Picture, look, head: Head) -> None:
  """The face's skin: light, blush, and the dark of its edge."""
  part = picture.part(*_BOX)
  light = np.clip(shade(part, look, head) + 0.03, -0.28, 0.16)
  light -= 0.10 * part.cover(-part.outline - 0.03, 0.11)
  color = [
    value * (1.0 + depth * light) for value, depth in zip(look.skin, (0.75, 1.0, 1.12), strict=True)
  ]
  part.over(color, part.cover(part.outline))
  for side in SIDES:
    cheek = part.blob(side * 0.26 + 0.5 * head.nose_x, 0.19, 0.12, 0.085)
    part.darken((0.07 + 0.07 * look.smile) * (1 - 0.4 * look.male) * cheek, (0.0, 1.0, 0.75))
