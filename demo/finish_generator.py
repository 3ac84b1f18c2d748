r"""Makes a checkpoint of what `demo.portrait.train` learned.

python -m demo.finish_generator --folder=training/portraits
"""

import csv
import shutil
from pathlib import Path

import numpy as np
from absl import app, flags

_FOLDER = flags.DEFINE_string("folder", "training/portraits", "What the training wrote.")
_OUTPUT = flags.DEFINE_string("output", "checkpoints/avatars", "The checkpoint's folder.")
_OUTSIDE = flags.DEFINE_float(
  "outside", 0.1, "Strength of the directions of w that carry no factor."
)
_SEED = flags.DEFINE_integer("seed", 1, "That of the training, for the record.")
LOG_NAME = "training_log.csv"
_RECORDED = ("cpu_seconds", "step", "images", "psnr")


def main(argv: list[str]) -> None:
  if len(argv) > 1:
    raise app.UsageError(f"Unknown argument {argv[1]!r}.")
  from privai_tf.demo.portrait.network import CHECKPOINT, config_at, finish
  from privai_tf.generators.checkpoint import save_checkpoint

  folder, output = Path(_FOLDER.value), Path(_OUTPUT.value)
  saved = np.load(folder / "averaged.npz")
  trained = {name: saved[name] for name in saved.files}
  with (folder / "log.csv").open(newline="") as file:
    last = list(csv.DictReader(file))[-1]
  config, weights = finish(config_at(int(last["resolution"])), trained, _OUTSIDE.value)
  provenance = {
    "name": CHECKPOINT,
    "licence": "Apache-2.0",
    "made_by": ["python -m demo.portrait.train", "python -m demo.finish_generator"],
    "seed": _SEED.value,
    "data": "portraits rendered by demo's own renderer; no photo was used",
    "training": {key: last[key] for key in _RECORDED},
  }
  save_checkpoint(output, config, weights, provenance)
  shutil.copyfile(folder / "log.csv", output / LOG_NAME)


if __name__ == "__main__":
  app.run(main)
