"""The generator's training, from the first resolution to the last, within a budget.

It may be broken off at any moment, and goes on from its last saved state.
"""

import csv
import dataclasses
import time
from pathlib import Path

import numpy as np
from absl import logging

from privai_tf.demo.portrait.growth import grown
from privai_tf.demo.portrait.plan import learning_rate, phase_at
from privai_tf.demo.portrait.trainer import Trainer, save_state
from privai_tf.inversion.quality import psnr

_FIELDS = ("cpu_seconds", "step", "images", "resolution", "learning_rate", "loss", "psnr")
_MEASURED = 64  # Portraits that the log's PSNR is the mean of.


@dataclasses.dataclass(frozen=True)
class Options:
  """Budget in seconds of the processor; Adam's rate; seed; seconds (the clock's) between states."""

  cpu_seconds: float
  learning_rate: float
  seed: int
  save_seconds: float


class Training:
  """A training as far as it has come."""

  def __init__(self, config_at, inputs_of_scores, folder: Path, pool_at, held_out_at, options):
    """Args:
    config_at: resolution -> configuration, see `demo.portrait.network`.
    inputs_of_scores: u [N, 13] -> the network's inputs [N, d].
    folder: of state, log and averaged weights; made if absent.
    pool_at, held_out_at: resolution -> a `demo.portrait.pool.Pool`, to learn from and to measure
      with.
    options: `Options`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    self.config_at, self.inputs_of_scores = config_at, inputs_of_scores
    self.folder, self.options = folder, options
    self.pool_at, self.held_out_at = pool_at, held_out_at
    self.spent, self.step, self.images = 0.0, 0, 0
    path = folder / "state.npz"
    if not path.exists():
      self._take(Trainer(config_at(phase_at(0.0).resolution), options.seed))
      return
    saved = dict(np.load(path))
    self.spent = float(saved["number/spent"])
    self.step, self.images = int(saved["number/step"]), int(saved["number/images"])
    trainer = Trainer(config_at(int(saved["number/resolution"])), options.seed)
    trainer.restore(saved)
    self._take(trainer)
    logging.info("Going on at %.0f s, step %d.", self.spent, self.step)

  @property
  def resolution(self) -> int:
    """That of the network as it is now."""
    return self.trainer.network.config.resolution

  def _take(self, trainer: Trainer) -> None:
    self.trainer = trainer
    self.pool, self.held_out = self.pool_at(self.resolution), self.held_out_at(self.resolution)
    self.inputs = self.inputs_of_scores(self.pool.scores)

  def _grow(self) -> None:
    """To twice the resolution, from the averaged weights."""
    from privai_tf.demo.portrait.network import build

    config, small = self.config_at(2 * self.resolution), self.trainer
    for name, value in small.average.items():
      small.named[name].assign(value)
    weights = grown(small.network, build(config, self.options.seed)[0])
    self._take(Trainer(config, self.options.seed, weights))
    logging.info("%d x %d from now on.", self.resolution, self.resolution)

  def run(self) -> Trainer:
    """Trains until the budget is spent; the trainer of the last phase."""
    options = self.options
    rng = np.random.default_rng([options.seed, self.step])
    losses, saved_at, clock = [], time.monotonic(), time.process_time()
    while self.spent < options.cpu_seconds:
      fraction = self.spent / options.cpu_seconds
      phase = phase_at(fraction)
      if self.resolution < phase.resolution:
        self._grow()
      rate = learning_rate(fraction, options.learning_rate)
      chosen = np.sort(rng.choice(len(self.pool), phase.batch_size, replace=False))
      loss = self.trainer.step(self.inputs[chosen], self.pool.images(chosen), np.float32(rate))
      losses.append(float(loss))
      self.step, self.images = self.step + 1, self.images + phase.batch_size
      now = time.process_time()
      self.spent, clock = self.spent + now - clock, now
      over = self.spent >= options.cpu_seconds
      if over or time.monotonic() - saved_at >= options.save_seconds:
        self._save(rate, float(np.mean(losses)))
        # What measuring and saving cost is none of the budget.
        losses, saved_at, clock = [], time.monotonic(), time.process_time()
    return self.trainer

  def _save(self, rate: float, loss: float) -> None:
    measured = np.arange(min(_MEASURED, len(self.held_out)))
    goals = self.held_out.images(measured).astype(np.float32) / 127.5 - 1
    inputs = self.inputs_of_scores(self.held_out.scores[measured])
    quality = np.mean(psnr(self.trainer.draw_averaged(inputs), goals))
    row = (round(self.spent, 1), self.step, self.images, self.resolution, f"{rate:.3g}")
    row = (*row, f"{loss:.5f}", f"{quality:.2f}")
    path = self.folder / "log.csv"
    new = not path.exists()
    with path.open("a", newline="") as file:
      log = csv.writer(file)
      if new:
        log.writerow(_FIELDS)
      log.writerow(row)
    logging.info("%s", row)
    numbers = {"spent": self.spent, "step": self.step, "images": self.images}
    save_state(self.folder / "state.npz", self.trainer, resolution=self.resolution, **numbers)
    np.savez(self.folder / "averaged.npz", **self.trainer.weights(averaged=True))
