"""Renders kept on disk, so that training does not wait for the renderer."""

import os
from pathlib import Path

import numpy as np

from privai_tf.demo.embedding import factors_of_scores, sample_scores

_CHUNK = 1024


def load_pool(
  folder: Path, count: int, seed: int, resolution: int
) -> tuple[np.ndarray, np.ndarray]:
  """The scores and renders of `count` random portraits, rendered unless the folder has them.

  Args:
    folder: where the pool is kept.
    count: portraits.
    seed: of their factors.
    resolution: width and height R.

  Returns:
    u, float32 [count, 13], and images, uint8 [count, R, R, 3].
  """
  scores = sample_scores(count, seed)
  path = folder / f"pool_{count}_{seed}_{resolution}.npy"
  if not path.exists():
    from privai_tf.demo.renderer import render

    folder.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial.npy")
    shape = (count, resolution, resolution, 3)
    images = np.lib.format.open_memmap(partial, mode="w+", dtype=np.uint8, shape=shape)
    for start in range(0, count, _CHUNK):
      chunk = render(factors_of_scores(scores[start : start + _CHUNK]), resolution)
      images[start : start + _CHUNK] = np.rint((chunk + 1) * 127.5)
    images.flush()
    os.replace(partial, path)
  return scores, np.load(path)
