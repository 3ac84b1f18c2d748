"""The factors of a portrait: thirteen normal scores each, and what they look like."""

import dataclasses

import numpy as np

NAMES = (
  "age",
  "eyeglasses",
  "gender",
  "pose",
  "smile",
  "skin",
  "hair_color",
  "hair_length",
  "beard",
  "eye_color",
  "background_hue",
  "background_brightness",
  "light",
)
ATTRIBUTES = NAMES[:5]
AGE_EYEGLASSES_CORRELATION = 0.3


def correlate(scores: np.ndarray) -> np.ndarray:
  """Makes independent scores those of portraits: the old wear glasses more often.

  Args:
    scores: [N, 13] independent standard normal.

  Returns:
    [N, 13], standard normal each, age and eyeglasses correlated 0.3.
  """
  scores = np.array(scores)
  rho = AGE_EYEGLASSES_CORRELATION
  scores[:, 1] = rho * scores[:, 0] + np.sqrt(1 - rho**2) * scores[:, 1]
  return scores


def sample_factors(count: int, seed: int) -> np.ndarray:
  """Draws the factors of `count` portraits.

  Returns:
    float32 [count, 13] normal scores in the order of `NAMES`.
  """
  rng = np.random.default_rng(seed)
  return correlate(rng.standard_normal((count, len(NAMES)))).astype(np.float32)


def labels(factors: np.ndarray) -> np.ndarray:
  """Which of the five attributes are present: age (old), eyeglasses, gender (male), pose (turned to
  the picture's right), smile.

  Args:
    factors: [N, 13].

  Returns:
    bool [N, 5].
  """
  return np.asarray(factors)[:, : len(ATTRIBUTES)] > 0


_SKINS = ((0.99, 0.85, 0.76), (0.93, 0.73, 0.59), (0.76, 0.54, 0.39), (0.50, 0.33, 0.23))
_HAIRS = ((0.13, 0.10, 0.10), (0.32, 0.19, 0.11), (0.60, 0.29, 0.12), (0.90, 0.71, 0.38))
_GREY = (0.84, 0.84, 0.85)
_EYES = ((0.30, 0.17, 0.08), (0.33, 0.42, 0.20), (0.22, 0.45, 0.70))
_HUES = (
  (0.38, 0.75, 0.66),
  (0.40, 0.60, 0.88),
  (0.66, 0.53, 0.86),
  (0.92, 0.55, 0.62),
  (0.95, 0.72, 0.42),
)


@dataclasses.dataclass(frozen=True)
class Look:
  """What the scores look like. Amounts are [N, 1, 1] in [0, 1], colours [N, 1, 1, 3].

  `yaw` and `light` are in (-1, 1): the head's turn, 1 being 12 degrees, and where the light stands.
  """

  age: np.ndarray
  glasses: np.ndarray
  male: np.ndarray
  yaw: np.ndarray
  smile: np.ndarray
  length: np.ndarray
  beard: np.ndarray
  light: np.ndarray
  skin: np.ndarray
  hair: np.ndarray
  iris: np.ndarray
  background: np.ndarray
  cloth: np.ndarray

  @classmethod
  def of(cls, factors: np.ndarray) -> "Look":
    """Saturating functions throughout: far-out scores still are portraits, and few portraits are
    undecided between, say, glasses and none.
    """
    score = dict(zip(NAMES, np.asarray(factors, np.float32).T[:, :, None, None], strict=True))
    male, age = _step(3.5 * score["gender"]), _step(2.4 * score["age"])
    hair = _palette(_HAIRS, score["hair_color"])
    grey = (0.92 * age**1.5)[..., None]
    background = _palette(_HUES, score["background_hue"])
    brightness = (0.45 + 0.6 * _uniform(score["background_brightness"]))[..., None]
    return cls(
      age=age,
      glasses=_step(14.0 * score["eyeglasses"]),
      male=male,
      yaw=np.tanh(1.4 * score["pose"]),
      smile=_step(5.0 * score["smile"]),
      length=_step(2.5 * (score["hair_length"] + 0.9 - 2.2 * male)),
      beard=_step(3.0 * (score["beard"] - 0.2)) * male,
      light=np.tanh(score["light"]),
      skin=_palette(_SKINS, score["skin"]),
      hair=hair + (np.array(_GREY, np.float32) - hair) * grey,
      iris=_palette(_EYES, score["eye_color"]),
      background=background * brightness,
      cloth=0.75 * background[..., ::-1] * (1.1 - 0.75 * brightness) + 0.08,
    )


def _step(x: np.ndarray) -> np.ndarray:
  return 1 / (1 + np.exp(-x))


def _uniform(score: np.ndarray) -> np.ndarray:
  """Near enough the normal distribution function."""
  return _step(1.702 * score)


def _palette(colors: tuple, score: np.ndarray) -> np.ndarray:
  """The score's place in a row of colours, each as frequent as the others; [N, 1, 1, 3]."""
  colors = np.array(colors, np.float32)
  place = _uniform(score)[..., None] * (len(colors) - 1)
  weights = np.maximum(0, 1 - np.abs(place - np.arange(len(colors), dtype=np.float32)))
  return weights @ colors
