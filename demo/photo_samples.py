"""What the photo encoder learns from: sketches by seeds, kept in files, and the previews."""

import functools
from pathlib import Path
from typing import Any

import numpy as np

from demo.photo_sketches import Sketcher, fitted_codes, preview_pictures, sketch_codes

FIRST_SEED = 40_000
_BLOCK, _CHUNK = 32, 1000


def draw_samples(generator: Any, folder: Path, previews: int, count: int) -> tuple:
  """Codes and pictures of 64 x 64, a file for each chunk; the previews go last.

  Args:
    generator: a `MobileStyleGANGenerator`.
    folder: created.
    previews: how many.
    count: sketches.

  Returns:
    codes float32 [n, d], pictures uint8 [n, 64, 64, 3].
  """
  folder.mkdir(parents=True, exist_ok=True)
  known = fitted_codes(generator, previews)
  seen = _kept(folder / "previews.npy", lambda: preview_pictures(generator, known, 2 * _BLOCK))
  codes, pictures = [], []

  @functools.cache
  def sketcher() -> Sketcher:
    return Sketcher.fit(generator, _BLOCK, known, seen)

  for start in range(0, count, _CHUNK):
    seed = FIRST_SEED + start // _CHUNK
    codes.append(sketch_codes(generator, min(_CHUNK, count - start), seed))
    path = folder / f"sketches_{seed}_{len(codes[-1])}.npy"
    pictures.append(_kept(path, lambda: sketcher().draw(codes[-1])))
    print(f"{start + len(codes[-1])} of {count} sketches.", flush=True)
  return np.concatenate([*codes, known]), np.concatenate([*pictures, seen])


def _kept(path: Path, make: Any) -> np.ndarray:
  if not path.is_file():
    part = path.with_suffix(".part.npy")
    np.save(part, make(), allow_pickle=False)
    part.replace(path)
  return np.load(path, allow_pickle=False)
