"""Labelled faces of a photorealistic generator: codes by seeds, and their scores."""

from pathlib import Path
from typing import Any

import numpy as np

from privai_tf.errors import InputError

CHUNK = 500
# As far from the mean as samples are shown as a rule; beyond, more of them are no clean faces.
PSI = 0.7


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
      unfinished = sorted(chunk.glob(".*.scores.npy"))
      if not unfinished:
        continue
      values = np.load(unfinished[0], allow_pickle=False)
    found = np.flatnonzero(~np.isnan(values).any(axis=1))
    rows[int(chunk.name)] = found
    scores.append(values[found])
  if not scores:
    raise InputError(f"{folder} holds no scores; call demo.label_faces first.")
  return rows, dict(zip(attributes, np.concatenate(scores).T, strict=True))
