"""Scores of sketches, and the boundaries that are learnt from them."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from demo.photo_sketches import sketch_codes
from privai_tf.errors import InputError

_SIDE, _BATCH = 256, 32


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
  generator, folder: str, attributes: list[str]
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
  """The codes of all scored sketches, and of each attribute their scores.

  Args:
    generator: a `StyleGenerator`.
    folder: of the sketches.
    attributes: what was scored, in the scorers' order: age, gender, smile.

  Returns:
    float32 [n, d], and float32 [n] by name.
  """
  codes, scores = [], []
  for path in sorted(Path(folder).glob("scores_*.npy")):
    seed, count = map(int, path.stem.split("_")[1:])
    codes.append(sketch_codes(generator, count, seed))
    scores.append(np.load(path, allow_pickle=False))
  if not codes:
    raise InputError(f"{folder} holds no scored sketches; call demo.label_sketches first.")
  return np.concatenate(codes), dict(zip(attributes, np.concatenate(scores).T, strict=True))


def plane_between_sketches(
  codes: np.ndarray,
  scores: np.ndarray,
  sketches: tuple[np.ndarray, np.ndarray],
  chosen: float,
  regularization: float,
  name: str,
  made_by: dict[str, Any],
) -> Any:
  """A boundary in W: its normal from sketches, its place and accuracy from faces it was not learnt from.

  Args:
    codes, scores: of the faces, float32 [n, d] and [n].
    sketches: their codes and scores.
    chosen: share of the highest scores that counts, and of the lowest.
    regularization: C of the support vector machine.
    name: the attribute.
    made_by: JSON values kept with the boundary.

  Returns:
    A `Boundary`.
  """
  from privai_tf.attributes.svm import fit_boundary

  drawn, rough = sketches
  learnt = fit_boundary(
    drawn,
    rough - np.median(rough),
    "W",
    name=name,
    chosen_share=2 * chosen,
    regularization=regularization,
  )
  middle = float(np.median(learnt.coordinate(codes)))
  low, high = np.quantile(scores, [chosen, 1 - chosen])
  surest = (scores < low) | (scores > high)
  right = (learnt.coordinate(codes[surest]) > middle) == (scores[surest] > high)
  provenance = {
    **made_by,
    "method": "linear support vector machine on scored sketches",
    "samples": len(drawn),
    "accuracy_among_sketches": learnt.provenance["accuracy_held_out"],
    "held_out_faces": int(surest.sum()),
    "accuracy_held_out": round(float(right.mean()), 4),
  }
  return dataclasses.replace(learnt, intercept=learnt.intercept - middle, provenance=provenance)
