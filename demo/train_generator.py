r"""Trains the synthesis network of "avatars": from w to the portrait with those factors.

    python -m demo.train_generator --minutes=82

Supervised regression, no discriminator: 16 x 16 first, then 32 x 32, then 64 x 64, each starting
from the weights of the one before. The plan is a budget of minutes, not of steps, so that the
learning rate has come down when the time is up, however busy the machine is. Run again with the
same flags it goes on from its last saved state. `demo.finish_generator` makes the checkpoint.
"""

import csv
import time
from pathlib import Path

import numpy as np
from absl import app, flags, logging

from demo.plan import RESOLUTION, Options, config_of, learning_rate, phase_at, psnr
from demo.trainer import Trainer, save_state

_FOLDER = flags.DEFINE_string("folder", "training/avatars", "State and log; made if absent.")
_POOL_FOLDER = flags.DEFINE_string("pool_folder", "training", "Where renders are kept.")
_MINUTES = flags.DEFINE_float("minutes", 82, "Training time in all, over all runs.")
_POOL_SIZE = flags.DEFINE_integer("pool_size", 40000, "Portraits to learn from.")
_BATCH_SIZE = flags.DEFINE_integer("batch_size", 12, "Portraits a step.")
_LEARNING_RATE = flags.DEFINE_float("learning_rate", 5e-3, "Adam's, before it comes down.")
_SEED = flags.DEFINE_integer("seed", 1, "Of weights, portraits and their order.")
_SAVE_SECONDS = flags.DEFINE_float("save_seconds", 120, "Between two saved states.")

_FIELDS = ("seconds", "step", "images", "resolution", "learning_rate", "loss", "psnr")


def train(config_at, folder: Path, pool, held_out, options) -> Trainer:
  """Trains until the budget is spent.

  Args:
    config_at: resolution -> `StyleGANConfig`.
    folder: of state and log.
    pool, held_out: (w [N, 512], uint8 images [N, R, R, 3]) to learn from, and to measure with.
    options: has seconds, batch_size, learning_rate, seed, save_seconds.

  Returns:
    The trainer of the last phase.
  """
  folder.mkdir(parents=True, exist_ok=True)
  path, log_path = folder / "state.npz", folder / "log.csv"
  spent, step, images = 0.0, 0, 0
  saved = dict(np.load(path)) if path.exists() else None
  if saved is not None:
    spent, step, images = (float(saved[f"number/{k}"]) for k in ("spent", "step", "images"))
    step, images = int(step), int(images)
  phase = phase_at(spent / options.seconds)
  trainer = Trainer(config_at(phase.resolution), options.seed)
  if saved is not None:
    trainer.restore(saved)
    logging.info("Going on at %.0f s, step %d.", spent, step)
  rng = np.random.default_rng([options.seed, step])
  goals = np.asarray(held_out[1], np.float32) / 127.5 - 1
  losses, last_save, clock = [], spent, time.monotonic()
  with log_path.open("a", newline="") as file:
    log = csv.writer(file)
    if not file.tell():
      log.writerow(_FIELDS)
    while spent < options.seconds:
      now_phase = phase_at(spent / options.seconds)
      if now_phase is not phase:
        phase = now_phase
        trainer = Trainer(config_at(phase.resolution), options.seed, trainer.weights(averaged=True))
        logging.info("%d x %d from now on.", phase.resolution, phase.resolution)
      rate = learning_rate(spent / options.seconds, options.learning_rate)
      chosen = np.sort(rng.choice(len(pool[0]), options.batch_size, replace=False))
      loss = trainer.step(pool[0][chosen], pool[1][chosen], np.float32(rate))
      losses.append(float(loss))
      step, images = step + 1, images + options.batch_size
      now = time.monotonic()
      spent, clock = spent + now - clock, now
      if spent - last_save >= options.save_seconds or spent >= options.seconds:
        last_save = spent
        scale = goals.shape[1] // phase.resolution
        sides = (len(goals), phase.resolution, scale, phase.resolution, scale, 3)
        quality = psnr(trainer.draw_averaged(held_out[0]), goals.reshape(sides).mean((2, 4)))
        row = (round(spent, 1), step, images, phase.resolution, f"{rate:.3g}")
        log.writerow((*row, f"{np.mean(losses):.5f}", f"{quality:.2f}"))
        file.flush()
        logging.info("%s loss %.4f, %.2f dB", row, np.mean(losses), quality)
        losses = []
        save_state(path, trainer, spent=spent, step=step, images=images)
  np.savez(folder / "averaged.npz", **trainer.weights(averaged=True))
  return trainer


def main(argv: list[str]) -> None:
  if len(argv) > 1:
    raise app.UsageError(f"Unknown argument {argv[1]!r}.")
  from demo.pool import load_pool

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
