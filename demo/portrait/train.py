r"""Trains the generator of portraits: from thirteen scores to the picture.

    python -m demo.portrait.train

Supervised regression: 16 x 16 first, doubled up to 256 x 256, each network starting with the picture
of the one before. The plan is a budget of processor hours. Run again with the same flags it goes on
from its last saved state.
"""

from pathlib import Path

from absl import app, flags, logging

_FOLDER = flags.DEFINE_string("folder", "training/portraits", "State, log and weights.")
_POOL_FOLDER = flags.DEFINE_string("pool_folder", "training/pool", "Where renders are kept.")
_CPU_HOURS = flags.DEFINE_float("cpu_hours", 4, "Of the processor, in all, over all runs.")
_LEARNING_RATE = flags.DEFINE_float("learning_rate", None, "Adam's; by default the network's.")
_SEED = flags.DEFINE_integer("seed", 1, "Of weights, portraits and their order.")
_SAVE_SECONDS = flags.DEFINE_float("save_seconds", 240, "Between two saved states.")
_THREADS = flags.DEFINE_integer("threads", 1, "Of TensorFlow.")


def main(argv: list[str]) -> None:
  if len(argv) > 1:
    raise app.UsageError(f"Unknown argument {argv[1]!r}.")
  import tensorflow as tf

  from privai_tf.demo.embedding import latents_of_scores
  from privai_tf.demo.portrait.network import LEARNING_RATE, config_at
  from privai_tf.demo.portrait.plan import PHASES
  from privai_tf.demo.portrait.pool import Pool
  from privai_tf.demo.portrait.training import Options, Training

  logging.set_verbosity(logging.INFO)
  tf.config.threading.set_intra_op_parallelism_threads(_THREADS.value)
  tf.config.threading.set_inter_op_parallelism_threads(_THREADS.value)
  options = Options(
    3600 * _CPU_HOURS.value,
    _LEARNING_RATE.value or LEARNING_RATE,
    _SEED.value,
    _SAVE_SECONDS.value,
  )
  pool_folder, seed = Path(_POOL_FOLDER.value), _SEED.value
  chunks = {phase.resolution: phase.chunks for phase in PHASES}
  Training(
    config_at,
    latents_of_scores,
    Path(_FOLDER.value),
    lambda resolution: Pool(pool_folder, chunks[resolution], seed, resolution),
    lambda resolution: Pool(pool_folder, 1, seed + 1000, resolution),
    options,
  ).run()


if __name__ == "__main__":
  app.run(main)
