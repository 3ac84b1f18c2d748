r"""Makes the checkpoint "avatars" of what `demo.train_generator` learned.

python -m demo.finish_generator
"""

import csv
import shutil
from pathlib import Path

import numpy as np
from absl import app, flags

from demo.mapping import adapt_synthesis, generator_config, mapping_weights
from demo.plan import RESOLUTION, config_of

_FOLDER = flags.DEFINE_string("folder", "training/avatars", "What the training wrote.")
_OUTPUT = flags.DEFINE_string("output", "checkpoints/avatars", "The checkpoint's folder.")
_OUTSIDE = flags.DEFINE_float(
  "outside", 0.1, "Strength of the directions of w that carry no factor."
)
_SEED = flags.DEFINE_integer("seed", 1, "That of the training, for the record.")
LOG_NAME = "training_log.csv"


def main(argv: list[str]) -> None:
  if len(argv) > 1:
    raise app.UsageError(f"Unknown argument {argv[1]!r}.")
  from privai_tf.generators.checkpoint import save_checkpoint

  folder, output = Path(_FOLDER.value), Path(_OUTPUT.value)
  saved = np.load(folder / "averaged.npz")
  trained = {name: saved[name] for name in saved.files}
  with (folder / "log.csv").open(newline="") as file:
    rows = list(csv.DictReader(file))
  config = generator_config(config_of(RESOLUTION))
  weights = adapt_synthesis(config, trained, _OUTSIDE.value) | mapping_weights(config)
  provenance = {
    "name": "avatars",
    "licence": "Apache-2.0",
    "made_by": ["python -m demo.train_generator", "python -m demo.finish_generator"],
    "seed": _SEED.value,
    "data": "portraits rendered by demo.renderer; no photo was used",
    "training": {key: rows[-1][key] for key in ("seconds", "step", "images", "psnr")},
  }
  save_checkpoint(output, config, weights, provenance)
  shutil.copyfile(folder / "log.csv", output / LOG_NAME)


if __name__ == "__main__":
  app.run(main)
