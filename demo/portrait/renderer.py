"""Portraits from factors: illustrated, anti-aliased, aligned as FFHQ's photos are."""

import numpy as np

from privai_tf.demo.factors import NAMES, sample_factors
from privai_tf.demo.portrait import hair
from privai_tf.demo.portrait.backdrop import draw_backdrop
from privai_tf.demo.portrait.bust import draw_bust
from privai_tf.demo.portrait.canvas import Picture
from privai_tf.demo.portrait.eyes import draw_brows, draw_eyes
from privai_tf.demo.portrait.glasses import draw_glasses
from privai_tf.demo.portrait.head import Head, draw_face
from privai_tf.demo.portrait.look import Look
from privai_tf.demo.portrait.mouth import draw_mouth
from privai_tf.demo.portrait.skin import draw_beard, draw_nose, draw_wrinkles

_GRID = 256


def portraits(count: int, seed: int, resolution: int = 256) -> np.ndarray:
  """Portraits rendered afresh (no generator made them), for a run without input pictures.

  Args:
    count: how many.
    seed: of the factors.
    resolution: width and height R in pixels.

  Returns:
    float32 [count, R, R, 3] in [-1, 1].
  """
  return render(sample_factors(count, seed), resolution)


def render(factors: np.ndarray, resolution: int = 256) -> np.ndarray:
  """Draws one portrait for each row of factors.

  Args:
    factors: [N, 13] normal scores, see `demo.factors.NAMES`.
    resolution: width and height R in pixels, a power of two.

  Returns:
    float32 [N, R, R, 3] in [-1, 1].
  """
  factors = np.asarray(factors, np.float32).reshape(-1, len(NAMES))
  images = np.empty((len(factors), resolution, resolution, 3), np.float32)
  samples = max(1, _GRID // resolution)
  shape = (3, resolution, samples, resolution, samples)
  for image, row in zip(images, factors, strict=True):
    pixels = _draw(Look.of(row), samples * resolution)
    if samples > 1:
      pixels = pixels.reshape(shape).mean((2, 4))
    pixels *= 2.0
    pixels -= 1.0
    image[:] = pixels.transpose(1, 2, 0)
  return images


def _draw(look: Look, size: int) -> np.ndarray:
  """[3, size, size] in [0, 1], back to front."""
  picture, head = Picture.empty(size), Head.of(look)
  picture.outline[:] = head.distance(picture)
  draw_backdrop(picture, look)
  strands = hair.Strands.of(picture, look, head)
  hair.draw_back(picture, look, head, strands)
  draw_bust(picture, look, head)
  draw_face(picture, look, head)
  draw_nose(picture, look, head)
  draw_beard(picture, look, head)
  draw_mouth(picture, look, head)
  draw_eyes(picture, look, head)
  draw_brows(picture, look, head)
  draw_wrinkles(picture, look, head)
  draw_glasses(picture, look, head)
  hair.draw_front(picture, look, head, strands)
  return np.clip(picture.pixels, 0.0, 1.0, out=picture.pixels)
