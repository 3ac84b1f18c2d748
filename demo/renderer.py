"""Portraits from factors: softly shaded, anti-aliased, aligned as FFHQ's photos are."""

import functools

import numpy as np

from privai_tf.demo.factors import NAMES, Look, sample_factors

_BATCH = 32
# Compiling takes as long as drawing this many portraits without, in batches of 8.
_COMPILED_FROM, _SMALL_BATCH = 96, 8
_LEAST_GRID = 128


def portraits(count: int, seed: int, resolution: int = 64) -> np.ndarray:
  """Portraits rendered afresh (no generator made them), for a run without input pictures.

  Args:
    count: how many.
    seed: of the factors.
    resolution: width and height R in pixels.

  Returns:
    float32 [count, R, R, 3] in [-1, 1].
  """
  return render(sample_factors(count, seed), resolution)


def render(factors: np.ndarray, resolution: int = 64) -> np.ndarray:
  """Draws one portrait for each row of factors.

  Args:
    factors: [N, 13] normal scores, see `demo.factors.NAMES`.
    resolution: width and height R in pixels.

  Returns:
    float32 [N, R, R, 3] in [-1, 1].
  """
  factors = np.asarray(factors, np.float32)
  many = len(factors) >= _COMPILED_FROM
  batch = _BATCH if many else _SMALL_BATCH
  images = np.empty((len(factors), resolution, resolution, 3), np.float32)
  for start in range(0, len(factors), batch):
    chunk = factors[start : start + batch]
    count = len(chunk)
    if many:
      # Always whole batches: each new shape would be compiled anew.
      chunk = np.concatenate([chunk, np.zeros((batch - count, len(NAMES)), np.float32)])
      images[start : start + count] = _compiled(resolution)(vars(Look.of(chunk)))[:count]
    else:
      images[start : start + count] = _draw(vars(Look.of(chunk)), resolution)
  return images


@functools.cache
def _compiled(resolution: int):
  import tensorflow as tf

  return tf.function(lambda parts: _draw(parts, resolution), jit_compile=True, autograph=False)


def _draw(parts: dict, resolution: int):
  """[N, R, R, 3] in [-1, 1] from the parts of a `Look`, back to front."""
  import tensorflow as tf

  from privai_tf.demo import features, hair, head
  from privai_tf.demo.canvas import Canvas

  samples = max(2, _LEAST_GRID // resolution)
  canvas, look = Canvas.of(samples * resolution), Look(**parts)
  skull = head.shape_head(canvas, look)
  glow = 0.82 + 0.28 * canvas.blob(0.5 * look.light, -0.3, 1.1, 1.1)
  image = look.background * glow[..., None]
  image = hair.draw_back_hair(image, canvas, look, skull)
  image = head.draw_bust(image, canvas, look, skull)
  image = head.draw_face(image, canvas, look, skull)
  image = features.draw_wrinkles(image, canvas, look, skull)
  image = features.draw_nose(image, canvas, look, skull)
  image = features.draw_beard(image, canvas, look, skull)
  image = features.draw_mouth(image, canvas, look, skull)
  image = features.draw_eyes(image, canvas, look, skull)
  image = hair.draw_front_hair(image, canvas, look, skull)
  image = features.draw_glasses(image, canvas, look, skull)
  image = tf.clip_by_value(image, 0.0, 1.0)
  return tf.nn.avg_pool2d(image, samples, samples, "VALID") * 2.0 - 1.0
