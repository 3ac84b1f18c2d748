"""Labelled faces of a photorealistic generator: codes by seeds, and their scores."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from privai_tf.errors import InputError

CHUNK = 500
# As far from the mean as samples are shown as a rule; beyond, more of them are no clean faces.
PSI = 0.7
_SIDE = 256


def chunk_codes(generator: Any, seed: int) -> tuple[np.ndarray, np.ndarray]:
  """The codes of a chunk.

  Args:
    generator: a `StyleGenerator`.
    seed: of the chunk.

  Returns:
    z [500, latent_size], and w [500, dlatent_size] as it is drawn, `PSI` from the mean.
  """
  z = generator.sample_z(CHUNK, seed)
  mean = generator.mean_latent("W")
  return z, mean + np.float32(PSI) * (generator.map(z) - mean)


class Previews:
  """Faces at 256 x 256; see `score_sources.Source`."""

  def __init__(self, generator: Any, seed: int):
    self._generator = generator
    _, self._codes = chunk_codes(generator, seed)
    self.count = len(self._codes)
    self.record = {"seed": seed, "psi": PSI, "checkpoint": generator.fingerprint}

  def pixels(self, wanted: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    rows = np.flatnonzero(wanted)
    drawn = self._generator.preview_batches(self._codes[rows], latent_space="W")
    images = (image for batch in drawn for image in batch)
    for row, image in zip(rows, images, strict=True):
      factor = len(image) // _SIDE
      means = image.reshape(_SIDE, factor, _SIDE, factor, -1).mean(axis=(1, 3))
      yield int(row), np.clip(np.rint(means * 127.5 + 127.5), 0, 255).astype(np.uint8)


def read_labels(
  folder: str, attributes: list[str]
) -> tuple[dict[int, np.ndarray], dict[str, np.ndarray]]:
  """The scores of all chunks; one that was broken off counts with what it has.

  Args:
    folder: of `label_faces`.
    attributes: what was scored, in order.

  Returns:
    Of each chunk's seed the rows that are scored; and of each attribute all their scores, float32 [n].
  """
  rows, scores = {}, []
  for chunk in sorted(Path(folder).iterdir()):
    if not chunk.name.isdecimal():
      continue
    files = [chunk / f"{name}.npy" for name in attributes]
    if all(path.is_file() for path in files):
      values = np.hstack([np.load(path, allow_pickle=False) for path in files])
    else:
      unfinished = [np.load(path, allow_pickle=False) for path in chunk.glob(".*.scores.npy")]
      if not unfinished:
        continue
      values = min(unfinished, key=lambda scores: np.isnan(scores).sum())
    found = np.flatnonzero(~np.isnan(values).any(axis=1))
    rows[int(chunk.name)] = found
    scores.append(values[found])
  if not scores:
    raise InputError(f"{folder} holds no scores; call demo.label_faces first.")
  return rows, dict(zip(attributes, np.concatenate(scores).T, strict=True))
