r"""Trains the synthesis network of "avatars": from w to the portrait with those factors.

    python -m demo.train_generator --minutes=82

Supervised regression, no discriminator: 16 x 16 first, then 32 x 32, then 64 x 64, each starting
from the weights of the one before. The plan is a budget of minutes, not of steps, so that the
learning rate has come down when the time is up, however busy the machine is. Run again with the
same flags it goes on from its last saved state. `demo.finish_generator` makes the checkpoint.
"""

from pathlib import Path

from absl import app, flags, logging

from demo.plan import RESOLUTION, Options, config_of

_FOLDER = flags.DEFINE_string("folder", "training/avatars", "State and log; made if absent.")
_POOL_FOLDER = flags.DEFINE_string("pool_folder", "training", "Where renders are kept.")
_MINUTES = flags.DEFINE_float("minutes", 82, "Training time in all, over all runs.")
_POOL_SIZE = flags.DEFINE_integer("pool_size", 40000, "Portraits to learn from.")
_BATCH_SIZE = flags.DEFINE_integer("batch_size", 12, "Portraits a step.")
_LEARNING_RATE = flags.DEFINE_float("learning_rate", 5e-3, "Adam's, before it comes down.")
_SEED = flags.DEFINE_integer("seed", 1, "Of weights, portraits and their order.")
_SAVE_SECONDS = flags.DEFINE_float("save_seconds", 120, "Between two saved states.")


def main(argv: list[str]) -> None:
  if len(argv) > 1:
    raise app.UsageError(f"Unknown argument {argv[1]!r}.")
  from demo.pool import load_pool
  from demo.training import train

  logging.set_verbosity(logging.INFO)
  pools = Path(_POOL_FOLDER.value)
  train(
    config_of,
    Path(_FOLDER.value),
    load_pool(pools, _POOL_SIZE.value, _SEED.value, RESOLUTION),
    load_pool(pools, 128, _SEED.value + 1000, RESOLUTION),
    Options(
      60 * _MINUTES.value,
      _BATCH_SIZE.value,
      _LEARNING_RATE.value,
      _SEED.value,
      _SAVE_SECONDS.value,
    ),
  )


if __name__ == "__main__":
  app.run(main)
