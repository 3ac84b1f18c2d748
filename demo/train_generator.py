r"""Trains the synthesis network of a demo model: from thirteen scores to the portrait.

    python -m demo.train_generator --family=stylegan --minutes=82
    python -m demo.train_generator --family=pggan --minutes=54

Supervised regression, no discriminator: 16 x 16 first, then 32 x 32, then 64 x 64, each starting
from the weights of the one before. The plan is a budget of minutes, not of steps, so that the
learning rate has come down when the time is up, however busy the machine is. Run again with the
same flags it goes on from its last saved state. `demo.finish_generator` makes the checkpoint.
"""

from pathlib import Path

from absl import app, flags, logging

from privai_tf.demo.families import FAMILIES
from privai_tf.demo.plan import RESOLUTION, Options

_FAMILY = flags.DEFINE_enum("family", "stylegan", sorted(FAMILIES), "Architecture.")
_FOLDER = flags.DEFINE_string(
  "folder", None, "State and log; made if absent. By default training/ and the model's name."
)
_POOL_FOLDER = flags.DEFINE_string("pool_folder", "training", "Where renders are kept.")
_MINUTES = flags.DEFINE_float("minutes", 82, "Training time in all, over all runs.")
_POOL_SIZE = flags.DEFINE_integer("pool_size", 40000, "Portraits to learn from.")
_BATCH_SIZE = flags.DEFINE_integer("batch_size", 12, "Portraits a step.")
_LEARNING_RATE = flags.DEFINE_float(
  "learning_rate", None, "Adam's, before it comes down. By default the family's own."
)
_SEED = flags.DEFINE_integer("seed", 1, "Of weights, portraits and their order.")
_SAVE_SECONDS = flags.DEFINE_float("save_seconds", 120, "Between two saved states.")
_THREADS = flags.DEFINE_integer("threads", 0, "Of TensorFlow; 0: one a core.")


def main(argv: list[str]) -> None:
  if len(argv) > 1:
    raise app.UsageError(f"Unknown argument {argv[1]!r}.")
  import tensorflow as tf

  from privai_tf.demo.pool import load_pool
  from privai_tf.demo.training import train

  logging.set_verbosity(logging.INFO)
  if _THREADS.value:
    tf.config.threading.set_intra_op_parallelism_threads(_THREADS.value)
    tf.config.threading.set_inter_op_parallelism_threads(_THREADS.value)
  family = FAMILIES[_FAMILY.value]

  def pool(count: int, seed: int):
    scores, images = load_pool(Path(_POOL_FOLDER.value), count, seed, RESOLUTION)
    return family.inputs_of_scores(scores), images

  train(
    family.config_at,
    Path(_FOLDER.value or f"training/{family.checkpoint}"),
    pool(_POOL_SIZE.value, _SEED.value),
    pool(128, _SEED.value + 1000),
    Options(
      60 * _MINUTES.value,
      _BATCH_SIZE.value,
      _LEARNING_RATE.value or family.learning_rate,
      _SEED.value,
      _SAVE_SECONDS.value,
    ),
  )


if __name__ == "__main__":
  app.run(main)
