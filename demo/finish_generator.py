r"""Makes a checkpoint of what `demo.train_generator` or `demo.portrait.train` learned.

python -m demo.finish_generator --family=stylegan
python -m demo.finish_generator --family=pggan
python -m demo.finish_generator --family=portraits --folder=training/portraits --output=FOLDER
"""

import csv
import shutil
from pathlib import Path

import numpy as np
from absl import app, flags

from privai_tf.demo.families import FAMILIES
from privai_tf.demo.portrait.family import PORTRAITS

_FAMILIES = FAMILIES | {"portraits": PORTRAITS}
_FAMILY = flags.DEFINE_enum("family", "stylegan", sorted(_FAMILIES), "Architecture.")
_FOLDER = flags.DEFINE_string(
  "folder", None, "What the training wrote. By default training/ and the model's name."
)
_OUTPUT = flags.DEFINE_string(
  "output", None, "The checkpoint's folder. By default checkpoints/ and the model's name."
)
_OUTSIDE = flags.DEFINE_float(
  "outside", 0.1, "StyleGAN: strength of the directions of w that carry no factor."
)
_SEED = flags.DEFINE_integer("seed", 1, "That of the training, for the record.")
LOG_NAME = "training_log.csv"
_RECORDED = ("seconds", "cpu_seconds", "step", "images", "psnr")


def _trained_by() -> str:
  if _FAMILY.value == "portraits":
    return "python -m demo.portrait.train"
  return f"python -m demo.train_generator --family={_FAMILY.value}"


def main(argv: list[str]) -> None:
  if len(argv) > 1:
    raise app.UsageError(f"Unknown argument {argv[1]!r}.")
  from privai_tf.generators.checkpoint import save_checkpoint

  family = _FAMILIES[_FAMILY.value]
  folder = Path(_FOLDER.value or f"training/{family.checkpoint}")
  output = Path(_OUTPUT.value or f"checkpoints/{family.checkpoint}")
  saved = np.load(folder / "averaged.npz")
  trained = {name: saved[name] for name in saved.files}
  with (folder / "log.csv").open(newline="") as file:
    rows = list(csv.DictReader(file))
  config, weights = family.finish(
    family.config_at(int(rows[-1]["resolution"])), trained, _OUTSIDE.value
  )
  provenance = {
    "name": family.checkpoint,
    "licence": "Apache-2.0",
    "made_by": [_trained_by(), f"python -m demo.finish_generator --family={_FAMILY.value}"],
    "seed": _SEED.value,
    "data": "portraits rendered by demo's own renderer; no photo was used",
    "training": {key: rows[-1][key] for key in _RECORDED if key in rows[-1]},
  }
  save_checkpoint(output, config, weights, provenance)
  shutil.copyfile(folder / "log.csv", output / LOG_NAME)


if __name__ == "__main__":
  app.run(main)
