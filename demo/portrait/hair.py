"""Hair in strands: behind the head, and in front of it around the face."""

import dataclasses

import numpy as np

from privai_tf.demo.portrait.canvas import Picture, mix
from privai_tf.demo.portrait.head import Head

_BOX = (-0.72, 0.72, -0.88, 1.0)
# Waves across the strands: frequency, phase, bend, strength.
_WAVES = ((23.0, 0.3, 0.9, 0.40), (47.0, 1.7, 1.3, 0.36), (83.0, 4.1, 1.7, 0.24))


@dataclasses.dataclass(frozen=True)
class Strands:
  """Outline and colour of the whole head of hair, over the part `_BOX`.

  Attributes:
    outline: distance to the outline, negative inside.
    tone: brightness of the strands, about 0.8.
    gloss: where the light is mirrored, from 0 to 1.
  """

  outline: np.ndarray
  tone: np.ndarray
  gloss: np.ndarray

  @classmethod
  def of(cls, picture: Picture, look, head: Head) -> "Strands":
    part = picture.part(*_BOX)
    x, y = part.x - head.center, part.y
    woman = 1.0 - look.male
    # Strands run from the parting down like meridians, and straight on below.
    part_x = 0.10 + 0.04 * look.male
    narrow = np.sqrt(np.maximum(1.0 - np.square(np.minimum(y - 0.02, 0.0) / 0.86), 0.02))
    meridian = (x - part_x * (1.0 - narrow)) / narrow
    texture = np.zeros_like(meridian)
    for frequency, phase, bend, strength in _WAVES:
      wave = phase + bend * np.sin(3.1 * y + phase)
      texture += strength * np.sin(frequency * meridian + wave)
    texture *= np.clip(1.25 * narrow - 0.1, 0.0, 1.0)
    around = np.sqrt(np.square(x / 0.53) + np.square((y + 0.02) / 0.82))
    tone = 0.86 + 0.15 * texture - 0.20 * np.clip(around - 0.86, 0.0, 0.3) / 0.3
    tone = tone + 0.06 * look.light * np.clip(x / 0.5, -1.0, 1.0)
    band = np.exp(-np.square((around - 0.80 + 0.02 * texture) / 0.075)) * (0.8 + 0.45 * texture)
    gloss = band * part.blob(head.center + 0.30 * look.light - 0.06, -0.56, 0.34, 0.30)
    gloss = gloss * (0.55 + 0.45 * woman)
    return cls(_outline(part, x, look), tone, gloss)

  def color(self, hair, shade: float) -> list:
    """The hair's colour [3, H, W] in a light of `shade`."""
    tone = self.tone * shade
    return [value * tone + (0.06 + 0.30 * value) * self.gloss for value in hair]


def _outline(part: Picture, x, look):
  y = part.y
  woman = 1.0 - look.male
  age_thin = 0.02 * look.age * look.male
  width, height = 0.480 + 0.055 * woman - age_thin, 0.650 + 0.045 * woman - age_thin
  across = np.minimum(np.square(x / width), 2.0)
  along = np.minimum(np.square((y + 0.11 - 0.02 * woman) / height), 2.0)
  radius = np.sqrt(across + along - 0.42 * across * along)  # Fuller than an ellipse.
  cap = (radius - 1.0) * 0.5
  # A quiff: the top of short hair leans to one side.
  cap = cap - 0.022 * look.male * (1 - look.age) * np.exp(-np.square((x - 0.12) / 0.22)) * (y < 0)
  round_off = 5.0 * np.square(np.maximum(np.abs(x) - 0.37, 0.0))
  cap = np.maximum(cap, y - mix(0.02, 0.7, look.length) + round_off)
  bottom = mix(0.0, 1.04, look.length) - 1.6 * np.square(np.maximum(np.abs(x) - 0.30, 0.0))
  bottom = bottom + 0.014 * np.sin(38.0 * x)
  wave = (0.022 * np.sin(8.0 * y + 0.4) + 0.05 * np.clip(y, 0.0, 1.0)) * look.length
  curtain = np.abs(x) - 0.545 * look.length**0.25 - wave
  curtain = curtain + 0.35 * np.square(np.maximum(0.25 - y, 0.0))
  curtain = np.maximum(np.maximum(0.8 * curtain, y - bottom), -0.30 - y)
  return np.minimum(cap, curtain)


def draw_back(picture: Picture, look, head: Head, strands: Strands) -> None:
  """What is seen behind neck and ears."""
  part = picture.part(*_BOX)
  shadow = part.cover(strands.outline - 0.03, 0.10)
  part.darken(0.16 * shadow, (1.0, 1.0, 1.0))
  part.over(strands.color(look.hair, 0.70), part.cover(strands.outline, 0.02))


def draw_front(picture: Picture, look, head: Head, strands: Strands) -> None:
  """What frames the face: a hairline that recedes with age in men, swept sides in women."""
  part = picture.part(*_BOX)
  y, woman = part.y, 1.0 - look.male
  recede = look.age * look.male
  x = part.x - 0.75 * head.center
  inner = 0.405 + 0.03 * look.male - 0.09 * np.clip((y - 0.25) / 0.45, 0.0, 1.0) * woman
  t = np.abs(x) / inner
  far = t**2
  far = far * far * far
  parting = np.abs(x - 0.10) / 0.43
  swept = -0.56 + 0.36 * parting * np.sqrt(parting) + 0.05 * np.square(parting)
  temples = np.exp(-np.square((np.abs(x) - 0.24) / 0.10))
  short = -0.47 - 0.12 * recede - 0.10 * recede * temples - 0.05 * x
  short = short + 0.010 * np.sin(34.0 * x + 1.0) * (1 - look.age)
  line = mix(swept, short, look.male) + 0.16 * far + 0.30 * far * far
  slope = np.zeros_like(line)
  slope[:, 1:-1] = (line[:, 2:] - line[:, :-2]) * np.float32(0.5 / part.pixel)
  hair = (y - line) / np.sqrt(1.0 + slope * slope)
  lowest = mix(0.05 - 0.06 * recede, 1.04, look.length) + 0.02 * np.sin(30.0 * x)
  round_off = 5.0 * np.square(np.maximum(np.abs(x) - 0.37, 0.0)) * (1 - look.length)
  outside = np.maximum(strands.outline, y - lowest + round_off)
  shadow = part.cover(hair - 0.045, 0.12) * part.cover(outside - 0.03, 0.06)
  part.darken(0.24 * shadow * part.cover(part.outline, 0.04))
  hair = np.maximum(hair, outside)
  root = 1.0 - 0.16 * part.cover(-hair - 0.02, 0.07)
  color = [value * root for value in strands.color(look.hair, 1.0)]
  part.over(color, part.cover(hair, 0.016))
