"""The factors of a portrait: thirteen normal scores each."""

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
