"""Faces of a photorealistic generator at 256 x 256, kept in files: what scorers and the encoder see.

Codes follow from the chunks' seeds, between 0.6 and 1 times as far from the mean as they are drawn.
"""

from pathlib import Path
from typing import Any

import numpy as np

from privai_tf.demo.photo_sketches import preview_pictures, sketch_codes
from privai_tf.errors import InputError

FIRST_SEED, CHUNK, SIDE = 50_000, 100, 256


def draw_previews(generator: Any, folder: Path, count: int) -> None:
  """Draws what is not there yet.

  Args:
    generator: a `MobileStyleGANGenerator`.
    folder: created.
    count: pictures; rounded up to whole chunks.
  """
  folder.mkdir(parents=True, exist_ok=True)
  for seed in range(FIRST_SEED, FIRST_SEED + -(-count // CHUNK)):
    path = folder / f"previews_{seed}.npy"
    if not path.is_file():
      part = path.with_suffix(".part.npy")
      codes = sketch_codes(generator, CHUNK, seed)
      np.save(part, preview_pictures(generator, codes, SIDE), allow_pickle=False)
      part.replace(path)
      print(f"{path}: {CHUNK} faces.", flush=True)


def read_previews(generator: Any, folder: Path, most: int | None = None) -> tuple:
  """The codes of all pictures that are there, and the pictures.

  Args:
    generator: that drew them.
    folder: of `draw_previews`.
    most: chunks that are read; None: all.

  Returns:
    codes float32 [n, d], pictures uint8 [n, 256, 256, 3].

  Raises:
    InputError: if there are none.
  """
  paths = sorted(Path(folder).glob("previews_?????.npy"))[:most]
  if not paths:
    raise InputError(f"{folder} holds no previews; call demo.photo_draw first.")
  seeds = [int(path.stem.split("_")[1]) for path in paths]
  codes = np.concatenate([sketch_codes(generator, CHUNK, seed) for seed in seeds])
  return codes, np.concatenate([np.load(path, allow_pickle=False) for path in paths])
