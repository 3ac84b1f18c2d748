r"""Trains the synthesis network of "avatars": from w to the portrait with those factors.

    python -m demo.train_generator --minutes=82

Supervised regression, no discriminator: 16 x 16 first, then 32 x 32, then 64 x 64, each starting
from the weights of the one before. The plan is a budget of minutes, not of steps, so that the
learning rate has come down when the time is up, however busy the machine is. Run again with the
same flags it goes on from its last saved state. `demo.finish_generator` makes the checkpoint.
"""

import csv
import dataclasses
import time
from pathlib import Path

import numpy as np
from absl import app, flags, logging

_FOLDER = flags.DEFINE_string("folder", "training/avatars", "State and log; made if absent.")
_POOL_FOLDER = flags.DEFINE_string("pool_folder", "training", "Where renders are kept.")
_MINUTES = flags.DEFINE_float("minutes", 82, "Training time in all, over all runs.")
_POOL_SIZE = flags.DEFINE_integer("pool_size", 40000, "Portraits to learn from.")
_BATCH_SIZE = flags.DEFINE_integer("batch_size", 12, "Portraits a step.")
_LEARNING_RATE = flags.DEFINE_float("learning_rate", 5e-3, "Adam's, before it comes down.")
_FMAP_BASE = flags.DEFINE_integer("fmap_base", 3900, "See StyleGANConfig.")
_FMAP_DECAY = flags.DEFINE_float("fmap_decay", 1.585, "See StyleGANConfig; 16, 48, 96 channels.")
_FMAP_MAX = flags.DEFINE_integer("fmap_max", 96, "Most channels of a layer.")
_SEED = flags.DEFINE_integer("seed", 1, "Of weights, portraits and their order.")
_SAVE_SECONDS = flags.DEFINE_float("save_seconds", 120, "Between two saved states.")

RESOLUTION = 64
_EMA = 0.998
_FIELDS = ("seconds", "step", "images", "resolution", "learning_rate", "loss", "psnr")


@dataclasses.dataclass(frozen=True)
class Phase:
  """A resolution and the share of the time budget, from `start` to `end`, that it gets."""

  resolution: int
  start: float
  end: float


PHASES = (Phase(16, 0.0, 0.07), Phase(32, 0.07, 0.27), Phase(64, 0.27, 1.0))


def phase_at(fraction: float) -> Phase:
  """The phase in which a fraction of the budget falls."""
  return next((phase for phase in PHASES if fraction < phase.end), PHASES[-1])


def learning_rate(fraction: float, peak: float) -> float:
  """Constant until the last resolution, where it follows a cosine to zero; a short rise at each
  phase's start, since Adam's statistics and the new layers are fresh there."""
  phase = phase_at(fraction)
  progress = (fraction - phase.start) / (phase.end - phase.start)
  rate = peak * min(1.0, 0.05 + progress / 0.02)
  if phase is PHASES[-1]:
    rate *= 0.5 * (1 + np.cos(np.pi * min(progress, 1.0)))
  return float(rate)


def psnr(images: np.ndarray, goals: np.ndarray) -> float:
  """Mean over images of the peak signal-to-noise ratio in dB; both [N, R, R, 3] in [-1, 1]."""
  errors = np.mean((np.clip(images, -1, 1) - goals) ** 2, axis=(1, 2, 3))
  return float(np.mean(10 * np.log10(4 / np.maximum(errors, 1e-12))))


class Trainer:
  """One resolution's network, its averaged twin and its optimizer."""

  def __init__(self, config, seed: int, weights: dict[str, np.ndarray] | None = None):
    """Args:
    config: a `StyleGANConfig`.
    seed: of the initial weights.
    weights: by name, from the phase before; what it lacks starts random.
    """
    import keras
    import tensorflow as tf

    from demo.losses import attention, distance
    from privai_tf.generators.stylegan import SynthesisNetwork

    # A constant input of ones would be erased by instance normalization.
    self.network = SynthesisNetwork(config, seed, constant="normal")
    self.named = self.network.named_variables()
    for name, values in (weights or {}).items():
      if name in self.named:
        self.named[name].assign(values)
    # Portraits have no stochastic detail: the noise keeps strength 0.
    self.trained = {
      n: v for n, v in self.named.items() if v.trainable and not n.endswith("noise_strength")
    }
    self.average = {n: tf.Variable(v.value, trainable=False) for n, v in self.trained.items()}
    self.optimizer = keras.optimizers.Adam(0.0, beta_1=0.9, beta_2=0.99)
    self.optimizer.build(list(self.trained.values()))
    layers, weighting = config.num_layers, tf.constant(attention(config.resolution))

    def draw(latents):
      codes = tf.tile(latents[:, tf.newaxis], [1, layers, 1])
      return self.network(codes, noise="none")

    @tf.function
    def step(latents, pixels, rate):
      goals = tf.cast(pixels, tf.float32) / 127.5 - 1.0
      goals = tf.nn.avg_pool2d(
        goals, goals.shape[1] // config.resolution, goals.shape[1] // config.resolution, "VALID"
      )
      with tf.GradientTape() as tape:
        loss = distance(draw(latents), goals, weighting)
      variables = list(self.trained.values())
      gradients = tape.gradient(loss, [v.value for v in variables])
      self.optimizer.learning_rate.assign(rate)
      self.optimizer.apply_gradients(zip(gradients, variables, strict=True))
      # A short memory at first, which would be of random weights.
      count = tf.cast(self.optimizer.iterations.value, tf.float32)
      share = 1 - tf.minimum(_EMA, (1 + count) / (10 + count))
      for name, variable in self.trained.items():
        average = self.average[name]
        average.assign(average + (variable.value - average) * share)
      return loss

    self.step, self._draw = step, tf.function(draw)

  def weights(self, averaged: bool) -> dict[str, np.ndarray]:
    """All variables by name."""
    values = {n: v.numpy() for n, v in self.named.items()}
    if averaged:
      values |= {n: v.numpy() for n, v in self.average.items()}
    return values

  def draw_averaged(self, latents: np.ndarray) -> np.ndarray:
    """Images of the averaged weights, [N, R, R, 3]."""
    kept = self.weights(averaged=False)
    for name, value in self.average.items():
      self.named[name].assign(value)
    images = np.concatenate(
      [self._draw(latents[i : i + 16]).numpy() for i in range(0, len(latents), 16)]
    )
    for name in self.average:
      self.named[name].assign(kept[name])
    return images

  def state(self) -> dict[str, np.ndarray]:
    """Everything that a later run needs to go on."""
    arrays = {f"now/{n}": v for n, v in self.weights(averaged=False).items()}
    arrays |= {f"average/{n}": v.numpy() for n, v in self.average.items()}
    return arrays | {f"adam/{i}": v.numpy() for i, v in enumerate(self.optimizer.variables)}

  def restore(self, arrays: dict[str, np.ndarray]) -> None:
    """The reverse of `state`."""
    for name, variable in self.named.items():
      variable.assign(arrays[f"now/{name}"])
    for name, variable in self.average.items():
      variable.assign(arrays[f"average/{name}"])
    for index, variable in enumerate(self.optimizer.variables):
      variable.assign(arrays[f"adam/{index}"])


def save_state(path: Path, trainer: Trainer, **numbers: float) -> None:
  """Writes the state, whole or not at all."""
  partial = path.with_suffix(".partial.npz")
  np.savez(partial, **trainer.state(), **{f"number/{k}": v for k, v in numbers.items()})
  partial.replace(path)


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


@dataclasses.dataclass(frozen=True)
class Options:
  """What `train` needs besides data."""

  seconds: float
  batch_size: int
  learning_rate: float
  seed: int
  save_seconds: float


def config_of(resolution: int, fmap_base: int, fmap_decay: float, fmap_max: int):
  """The generator's configuration at one resolution; channels depend on the layer alone."""
  from privai_tf.generators.config import StyleGANConfig

  return StyleGANConfig(
    resolution=resolution,
    fmap_base=fmap_base,
    fmap_decay=fmap_decay,
    fmap_max=fmap_max,
    truncation_psi=None,
  )


def main(argv: list[str]) -> None:
  if len(argv) > 1:
    raise app.UsageError(f"Unknown argument {argv[1]!r}.")
  from demo.pool import load_pool

  logging.set_verbosity(logging.INFO)
  pools = Path(_POOL_FOLDER.value)
  train(
    lambda resolution: config_of(resolution, _FMAP_BASE.value, _FMAP_DECAY.value, _FMAP_MAX.value),
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
