"""The demo models: portraits with known factors, and a StyleGAN and a PGGAN that draw them."""

import numpy as np


def portraits(count: int, seed: int, resolution: int = 64) -> np.ndarray:
  """Portraits rendered afresh (no generator made them), for a run without input pictures.

  Args:
    count: how many.
    seed: of the factors.
    resolution: width and height R in pixels.

  Returns:
    float32 [count, R, R, 3] in [-1, 1].
  """
  from privai_tf.demo.factors import sample_factors
  from privai_tf.demo.renderer import render

  return render(sample_factors(count, seed), resolution)
