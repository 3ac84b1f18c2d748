"""What the factors look like: saturating amounts, and palettes that are linear.

A colour is a straight line in its factor. Styles are linear in w, and so a StyleGAN can
draw such a palette exactly; a row of hues it cannot.
"""

import dataclasses

import numpy as np

from privai_tf.demo.factors import NAMES

# The colours at -2 and at 2 deviations.
_SKIN = ((1.0, 0.85, 0.75), (0.52, 0.325, 0.205))
_HAIR = ((0.09, 0.06, 0.06), (0.92, 0.66, 0.33))
_IRIS = ((0.44, 0.22, 0.06), (0.30, 0.62, 0.88))
_BACKGROUND = ((0.26, 0.56, 0.76), (0.90, 0.60, 0.60))
_CLOTH = ((0.94, 0.78, 0.62), (0.10, 0.37, 0.44))
_GREY = np.array((0.80, 0.79, 0.79), np.float32)
_BRIGHTER = np.array((0.075, 0.07, 0.065), np.float32)  # Of the background, for one deviation.
_STRAIGHT, _BEYOND = 2.0, 0.25


@dataclasses.dataclass(frozen=True)
class Look:
  """One portrait. Amounts are in [0, 1], colours float32 [3].

  `yaw` and `light` are in (-1, 1): the head's turn, 1 being 12 degrees, and where the light stands.
  """

  age: float
  glasses: float
  male: float
  yaw: float
  smile: float
  length: float
  beard: float
  stubble: float
  light: float
  skin: np.ndarray
  hair: np.ndarray
  iris: np.ndarray
  background: np.ndarray
  cloth: np.ndarray

  @classmethod
  def of(cls, factors: np.ndarray) -> "Look":
    """Saturating functions throughout: far-out scores still are portraits, and few portraits are
    undecided between, say, glasses and none.

    Args:
      factors: [13] normal scores.
    """
    score = dict(zip(NAMES, np.asarray(factors, np.float64).tolist(), strict=True))
    male, age = _step(3.5 * score["gender"]), _step(2.4 * score["age"])
    hair = _palette(_HAIR, score["hair_color"])
    bright = saturated(score["background_brightness"])
    return cls(
      age=age,
      glasses=_step(14.0 * score["eyeglasses"]),
      male=male,
      yaw=float(np.tanh(1.4 * score["pose"])),
      smile=_step(5.0 * score["smile"]),
      length=_step(2.5 * (score["hair_length"] + 0.9 - 2.2 * male)),
      beard=_step(3.0 * (score["beard"] - 0.2)) * male,
      stubble=_step(2.0 * (score["beard"] + 0.8)) * male,
      light=float(np.tanh(score["light"])),
      skin=_palette(_SKIN, score["skin"]),
      hair=hair + (_GREY - hair) * np.float32(0.9 * age**2.5),
      iris=_palette(_IRIS, score["eye_color"]),
      background=_palette(_BACKGROUND, score["background_hue"]) + bright * _BRIGHTER,
      cloth=_palette(_CLOTH, score["background_hue"]) - bright * 0.5 * _BRIGHTER,
    )


def saturated(score: float) -> np.float32:
  """The score itself up to two deviations, hardly more from there on."""
  beyond = max(0.0, abs(score) - _STRAIGHT)
  return np.float32(
    np.clip(score, -_STRAIGHT, _STRAIGHT) + np.sign(score) * _BEYOND * np.tanh(beyond / _BEYOND)
  )


def _palette(ends: tuple, score: float) -> np.ndarray:
  """The score's place on the line between two colours."""
  low, high = np.array(ends, np.float32)
  return (low + high) / 2 + (high - low) * (saturated(score) / (2 * _STRAIGHT))


def _step(x: float) -> float:
  return float(1 / (1 + np.exp(-x)))
