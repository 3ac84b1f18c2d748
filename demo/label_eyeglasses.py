r"""Fits the scorer of eyeglasses to faces that were looked at, and says how often it is right on others.

    python -m demo.photo_draw --num=400 && python -m demo.label_eyeglasses

`label_eyeglasses.json` names the rows of each file of 100 previews that wear glasses, dark ones among
them, as seen by eye. The last files are not fitted, but judged.
"""

import json
from pathlib import Path

import numpy as np
from absl import app, flags

from privai_tf.demo.photo_previews import CHUNK

_WORK_DIR = flags.DEFINE_string("work_dir", "photo_samples", "Where previews are kept.")
_HELD_OUT = flags.DEFINE_integer("held_out", 2, "Files that are judged.", lower_bound=1)
_SEEN = Path(__file__).with_suffix(".json")
# Of the logistic regression on a thousand shares of edges: best among 0.03, 0.3 and 3 within 200 faces.
_C = 3.0


def seen_glasses() -> dict[int, np.ndarray]:
  """By the seed of each file of previews which rows wear glasses, bool [100]."""
  rows = json.loads(_SEEN.read_text())["rows"]
  return {int(seed): np.isin(np.arange(CHUNK), worn) for seed, worn in rows.items()}


def judged(scores: np.ndarray, worn: np.ndarray) -> dict[str, float]:
  """How often scores above 0 go with glasses: overall, among those with and among those without."""
  right = (scores > 0) == worn
  shares = {"all": right, "with": right[worn], "without": right[~worn]}
  return {name: round(float(np.mean(values)), 4) for name, values in shares.items()}


def main(argv: list[str]) -> None:
  if len(argv) > 1:
    raise app.UsageError(f"Unknown argument {argv[1]!r}.")
  from sklearn.linear_model import LogisticRegression

  from privai_tf.attributes.scorers.eyeglasses import FILE, EyeglassesScorer, eyeglasses_features

  def pictures(seeds: list[int]) -> np.ndarray:
    paths = [Path(_WORK_DIR.value) / f"previews_{seed}.npy" for seed in seeds]
    return np.concatenate([np.load(path) for path in paths]).astype(np.float32) / 127.5 - 1

  seen = seen_glasses()
  fitted, held_out = list(seen)[: -_HELD_OUT.value], list(seen)[-_HELD_OUT.value :]
  images = pictures(fitted)
  both = [eyeglasses_features(shown) for shown in (images, images[..., ::-1, :])]
  worn = np.concatenate([seen[seed] for seed in fitted])
  model = LogisticRegression(C=_C, class_weight="balanced", max_iter=1000)
  model.fit(np.concatenate(both), np.tile(worn, 2))
  provenance = {
    "made_by": "python -m demo.label_eyeglasses",
    "licence": "Apache-2.0; learnt from pictures of a network for research use, see docs/networks.md",
    "faces_fitted": len(worn),
    "faces_held_out": CHUNK * len(held_out),
  }
  stored = {
    "weights": [round(float(weight), 3) for weight in model.coef_[0]],
    "intercept": round(float(model.intercept_[0]), 3),
    "provenance": provenance,
  }
  FILE.write_text(json.dumps(stored))
  unseen = np.concatenate([seen[seed] for seed in held_out])
  provenance["right_held_out"] = judged(EyeglassesScorer().scores(pictures(held_out))[:, 0], unseen)
  FILE.write_text(json.dumps(stored) + "\n")
  print(json.dumps(provenance, indent=2))


if __name__ == "__main__":
  app.run(main)
