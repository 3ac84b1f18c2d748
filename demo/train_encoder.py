r"""Trains the encoder of "avatars": portrait -> W in one pass.

    python -m demo.train_encoder

It learns from the portraits that the generator learned from (`demo.portrait.pool`), whose codes are
known: what users give it are such portraits, and not what the generator makes of them. Broken off, it
goes on where it was.
"""

from pathlib import Path

import numpy as np
from absl import app, flags

_CHECKPOINT = flags.DEFINE_string("checkpoint", "avatars", "The generator.")
_OUTPUT_DIR = flags.DEFINE_string(
  "output_dir", "checkpoints/avatars/encoder", "Where the encoder goes."
)
_POOL_FOLDER = flags.DEFINE_string("pool_folder", "training/pool", "Where renders are kept.")
_CHUNKS = flags.DEFINE_integer("chunks", 32, "Of 512 portraits each, to learn from.", lower_bound=2)
_STEPS = flags.DEFINE_integer("steps", 3000, "Of the training.", lower_bound=1)
_SEED = flags.DEFINE_integer("seed", 1, "Of the encoder's weights.", lower_bound=0)
_POOL_SEED = 1  # The generator's own training has it too.
# Of the pictures that it looks at: irises are three pixels wide then, and a step costs a quarter.
RESOLUTION = 64


def main(argv: list[str]) -> None:
  if len(argv) > 1:
    raise app.UsageError(f"Unknown argument {argv[1]!r}.")
  import privai_tf
  from privai_tf.demo.embedding import latents_of_scores
  from privai_tf.demo.mapping import offset
  from privai_tf.demo.portrait.pool import Pool
  from privai_tf.inversion.encoder_drawn import DrawnSamples
  from privai_tf.inversion.encoder_settings import EncoderTraining
  from privai_tf.inversion.encoder_training import train_encoder

  generator = privai_tf.load_generator(_CHECKPOINT.value)
  pool = Pool(Path(_POOL_FOLDER.value), _CHUNKS.value, _POOL_SEED, RESOLUTION)
  record = {
    "made_by": "python -m demo.train_encoder",
    "data": "portraits rendered by demo's own renderer; no photo was used",
    "pool_seed": _POOL_SEED,
    "licence": "Apache-2.0",
  }
  codes = (latents_of_scores(pool.scores) + offset()).astype(np.float32)
  pictures = pool.images(np.arange(len(pool)))
  training = EncoderTraining(
    latent_space="W", steps=_STEPS.value, batch_size=32, seed=_SEED.value, half=True
  )
  train_encoder(
    generator,
    training,
    Path(_OUTPUT_DIR.value),
    tell=lambda line: print(line, flush=True),
    samples=DrawnSamples(codes, pictures, record),
  )


if __name__ == "__main__":
  app.run(main)
