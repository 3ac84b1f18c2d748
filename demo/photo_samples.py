"""What the photo encoder learns from: sketches by seeds, kept in files, and the previews."""

import dataclasses
import functools
from pathlib import Path
from typing import Any

import numpy as np

from privai_tf.demo import photo_previews
from privai_tf.demo.photo_sketches import Sketcher, fitted_codes, preview_pictures, sketch_codes
from privai_tf.inversion.encoder_drawn import DrawnSamples

FIRST_SEED = 40_000
FITTED = 160  # Previews that sketches are fitted on.
_BLOCK, _CHUNK = 32, 1000
_HELD_OUT = 100


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


def with_previews(
  sketches: DrawnSamples, generator: Any, folder: Path, fitted: int, chunks: int | None
) -> DrawnSamples:
  """Sketches and about as many previews, each of which comes as often as that takes.

  Args:
    sketches: of `draw_samples`.
    generator: that drew them.
    folder: of `photo_previews.draw_previews`.
    fitted: previews among the sketches, at the end: held out here too.
    chunks: that are read; None: all.

  Returns:
    The samples; the previews that sketches were fitted on and the last 100 are held out.
  """
  codes, pictures = photo_previews.read_previews(generator, folder, chunks)
  side = sketches.side
  factor = pictures.shape[1] // side
  means = pictures.reshape(len(pictures), side, factor, side, factor, 3).mean(axis=(2, 4))
  pictures = np.rint(means).astype(np.uint8)
  rough, learnt = len(sketches.codes) - fitted, len(codes) - _HELD_OUT
  times = max(1, round(rough / learnt))

  def together(drawn: np.ndarray, seen: np.ndarray) -> np.ndarray:
    return np.concatenate([drawn[:rough], *[seen[:learnt]] * times, drawn[rough:], seen[learnt:]])

  return dataclasses.replace(
    sketches,
    codes=together(sketches.codes, codes),
    pictures=together(sketches.pictures, pictures),
    record={**sketches.record, "previews": learnt, "held_out_previews": fitted + _HELD_OUT},
    unseen_count=fitted + _HELD_OUT,
  )


def _kept(path: Path, make: Any) -> np.ndarray:
  if not path.is_file():
    part = path.with_suffix(".part.npy")
    np.save(part, make(), allow_pickle=False)
    part.replace(path)
  return np.load(path, allow_pickle=False)
