"""The generator's training from the first resolution to the last, within a budget of time."""

import csv
import time
from pathlib import Path

import numpy as np
from absl import logging

from privai_tf.demo.plan import learning_rate, phase_at, psnr
from privai_tf.demo.trainer import Trainer, save_state

_FIELDS = ("seconds", "step", "images", "resolution", "learning_rate", "loss", "psnr")


def train(config_at, folder: Path, pool, held_out, options) -> Trainer:
  """Trains until the budget is spent.

  Args:
    config_at: resolution -> configuration, see `demo.families`.
    folder: of state and log.
    pool, held_out: (inputs [N, d], uint8 images [N, R, R, 3]) to learn from, and to measure with.
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
