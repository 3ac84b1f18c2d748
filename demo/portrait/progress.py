r"""Draws how far a training has come: renders that it never saw, and its own pictures under them.

python -m demo.portrait.progress --folder=training/portraits --output=progress.png
"""

from pathlib import Path

import numpy as np
from absl import app, flags

_FOLDER = flags.DEFINE_string("folder", "training/portraits", "What the training wrote.")
_OUTPUT = flags.DEFINE_string("output", "progress.png", "The picture.")
_COUNT = flags.DEFINE_integer("count", 6, "Portraits.")
_SEED = flags.DEFINE_integer("seed", 77, "Of the portraits.")


def main(argv: list[str]) -> None:
  if len(argv) > 1:
    raise app.UsageError(f"Unknown argument {argv[1]!r}.")
  from PIL import Image

  from privai_tf.demo.embedding import factors_of_scores, latents_of_scores, sample_scores
  from privai_tf.demo.portrait import render
  from privai_tf.demo.portrait.network import build, config_at
  from privai_tf.inversion.quality import psnr

  saved = np.load(Path(_FOLDER.value) / "averaged.npz")
  resolution = max(saved[name].shape[1] for name in saved.files if name.endswith("/noise"))
  network, draw = build(config_at(resolution), seed=0)
  for name, variable in network.named_variables().items():
    variable.assign(saved[name])
  scores = sample_scores(_COUNT.value, _SEED.value)
  goals = render(factors_of_scores(scores), resolution)
  images = np.asarray(draw(latents_of_scores(scores)))
  print(
    f"{resolution} x {resolution}: {psnr(images, goals).mean():.2f} dB on {_COUNT.value} portraits"
  )
  rows = [np.concatenate(list(np.clip(batch, -1, 1)), axis=1) for batch in (goals, images)]
  pixels = np.rint((np.concatenate(rows) + 1) * 127.5).astype(np.uint8)
  Image.fromarray(pixels).save(_OUTPUT.value)


if __name__ == "__main__":
  app.run(main)
