"""Renders kept on disk in chunks, so that training does not wait for the renderer.

A chunk is drawn once, at 256 pixels, and kept at every size that a training needs; what was broken
off goes on with the next chunk.
"""

import os
from pathlib import Path

import numpy as np

from privai_tf.demo.embedding import factors_of_scores, sample_scores
from privai_tf.demo.portrait import render

CHUNK = 512
FULL = 256


def pixels(scores: np.ndarray, resolution: int) -> np.ndarray:
  """Renders of scores u [N, 13], uint8 [N, R, R, 3]."""
  return np.rint((render(factors_of_scores(scores), resolution) + 1) * 127.5).astype(np.uint8)


def shrunk(images: np.ndarray, resolution: int) -> np.ndarray:
  """uint8 [N, S, S, 3] -> [N, R, R, 3], averaged."""
  count, side = images.shape[:2]
  scale = side // resolution
  if scale == 1:
    return images
  shape = (count, resolution, scale, resolution, scale, 3)
  return np.rint(images.reshape(shape).mean((2, 4), dtype=np.float32)).astype(np.uint8)


def draw_chunk(folder: Path, seed: int, index: int) -> Path:
  """Draws a chunk unless it is there; the file of its renders, uint8 [512, 256, 256, 3].

  Args:
    folder: of the pool; made if absent.
    seed: of the pool.
    index: of the chunk, from 0; its scores have a seed of their own.
  """
  path = folder / f"portraits_{seed}_{index}.npy"
  if not path.exists():
    folder.mkdir(parents=True, exist_ok=True)
    _save(path, pixels(scores_of_chunk(seed, index), FULL))
  return path


def _save(path: Path, images: np.ndarray) -> None:
  """Whole or not at all."""
  partial = path.with_suffix(f".{os.getpid()}.partial.npy")
  np.save(partial, images)
  os.replace(partial, path)


def scores_of_chunk(seed: int, index: int) -> np.ndarray:
  """u of a chunk's portraits, float32 [512, 13]."""
  return sample_scores(CHUNK, 1_000_000 * seed + index)


class Pool:
  """The chunks that are there, at one size."""

  def __init__(self, folder: Path, chunks: int, seed: int, resolution: int):
    """Args:
    folder: of the pool.
    chunks: how many to use; those that are missing are drawn first.
    seed: of the pool.
    resolution: width and height R in pixels.
    """
    self.scores = np.concatenate([scores_of_chunk(seed, i) for i in range(chunks)])
    self._images = []
    for index in range(chunks):
      path = draw_chunk(folder, seed, index)
      if resolution < FULL:
        small = path.with_stem(f"{path.stem}_{resolution}")
        if not small.exists():
          _save(small, shrunk(np.load(path, mmap_mode="r"), resolution))
        path = small
      self._images.append(np.load(path, mmap_mode="r" if resolution == FULL else None))

  def __len__(self) -> int:
    return len(self.scores)

  def images(self, chosen: np.ndarray) -> np.ndarray:
    """uint8 [n, R, R, 3] of these portraits."""
    return np.stack([self._images[i // CHUNK][i % CHUNK] for i in chosen])
