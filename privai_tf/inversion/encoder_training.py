"""Training of an encoder from the first step to the stored result, within steps or minutes."""

import dataclasses
import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from privai_tf.errors import CheckpointError, ConfigurationError
from privai_tf.inversion.encoder import Encoder, load_encoder
from privai_tf.inversion.encoder_drawn import DrawnSamples
from privai_tf.inversion.encoder_samples import draw_codes, require_encodable
from privai_tf.inversion.encoder_settings import EncoderTraining
from privai_tf.inversion.encoder_trainer import AUGMENTATION, HELD_OUT, Trainer
from privai_tf.inversion.quality import psnr
from privai_tf.runtime import outside
from privai_tf.runtime.files import make_folder, shown, write_bytes
from privai_tf.runtime.interruption import uninterrupted

STATE_FILE = "unfinished_training.safetensors"
_LARGEST_HELD_OUT, _LEAST_HELD_OUT = 128, 16
_LARGEST_BATCH, _LEAST_BATCH = 32, 4
_TOLD = 10  # Times that held-out figures are told.
_WARM_UP = 0.03  # Share of the training in which the rate grows.
_SAVE_SECONDS = 60.0


def train_encoder(
  generator,
  training: EncoderTraining,
  folder: Path,
  progress: Callable[[int, int], None] | None = None,
  tell: Callable[[str], None] | None = None,
  samples: DrawnSamples | None = None,
  start: Encoder | None = None,
) -> Encoder:
  """Trains an encoder on the generator's own samples and stores it.

  Broken off, it leaves its state in the folder, and the same call goes on from there.

  Args:
    generator: a `privai_tf.Generator`.
    training: the settings.
    folder: where the encoder goes; an encoder there is replaced at the end.
    progress: called with what is done and the total, in steps or in seconds.
    tell: called with a line of held-out figures, ten times in all.
    samples: drawn ahead, for generators whose images cost more than what is learnt from them; None:
      drawn anew in every step.
    start: an encoder of the same form whose weights the training begins with; None: random ones.

  Returns:
    The encoder as stored.

  Raises:
    LatentSpaceError, ConfigurationError: if the generator cannot have such an encoder, `start` is of
      another form, the folder holds an unfinished training with other settings, or the loss is no longer a number.
    OutputError: if the folder cannot be written.
  """
  training = _decided(training, generator)
  require_encodable(generator, training.latent_space)
  made_of = {"generator": generator.fingerprint}
  if samples is not None:
    samples.check(generator, training.latent_space)
    made_of["samples"] = samples.digest
  if start is not None:
    made_of["start"] = start.digest
  folder = make_folder(folder)
  trainer = Trainer(generator, training, samples)
  if start is not None:
    trainer.start_from(start)
  settings = json.dumps(dataclasses.asdict(training) | made_of, sort_keys=True)
  clock = _Clock(training, *_resume(folder / STATE_FILE, settings, trainer))
  told = int(clock.share() * _TOLD)
  last_save = clock.seconds

  def figures() -> dict[str, float]:
    if samples is not None:
      return drawn_figures(trainer, samples, training)
    return held_out_figures(trainer, generator, training)

  def save() -> None:
    _save_state(folder / STATE_FILE, settings, trainer, clock)

  try:
    while clock.share() < 1.0:
      # Counted as soon as it is taken: what is saved must not take a step twice.
      with uninterrupted():
        losses = trainer.step(clock.steps, _rate(clock.share(), training.learning_rate))
        clock.advance()
      if not np.all(np.isfinite(losses)):
        raise ConfigurationError(
          f"The training diverged in step {clock.steps - 1} (its loss is no longer a number); lower "
          f"the learning rate, now {training.learning_rate:g}."
        )
      if progress:
        progress(*clock.progress())
      if tell and int(clock.share() * _TOLD) > told:
        told = int(clock.share() * _TOLD)
        tell(_line(clock, losses, figures()))
      if clock.seconds - last_save >= _SAVE_SECONDS:
        last_save = clock.seconds
        save()
    encoder = trainer.refresh_encoder()
    encoder.provenance = {
      "made_by": "python -m privai_tf.train_encoder",
      "training": dataclasses.asdict(training),
      "steps": clock.steps,
      "seconds": round(clock.seconds),
      "held_out": figures(),
    }
    if samples is not None:
      encoder.provenance["samples"] = {**samples.record, "count": len(samples.codes)}
    if start is not None:
      encoder.provenance["start"] = start.provenance
  except KeyboardInterrupt:
    save()
    raise
  encoder.save(folder, training.half)
  (folder / STATE_FILE).unlink(missing_ok=True)
  return load_encoder(folder, generator) if training.half else encoder


def held_out_figures(trainer: Trainer, generator, training: EncoderTraining) -> dict[str, float]:
  """Figures on 128 samples (above 128 x 128 fewer, at least 16) that training does not see.

  Returns:
    `code_error`: mean squared error in whitened coordinates, 1 being no better than the mean code
    (in Z: of what shows in images);
    `psnr`: mean, dB, of the images of the found codes; both also for roughened images.
  """
  import tensorflow as tf

  space = training.latent_space
  count = _scaled(generator, _LARGEST_HELD_OUT, _LEAST_HELD_OUT)
  codes = draw_codes(generator, space, count, [HELD_OUT, training.seed])
  images = generator.synthesize(codes, latent_space=space)
  changed = AUGMENTATION[training.augmentation]
  rough = changed(tf.constant(images), tf.constant([HELD_OUT, training.seed])).numpy()
  encoder = trainer.refresh_encoder()
  figures = {}
  for suffix, seen in (("", images), ("_roughened", rough)):
    found = encoder.encode(seen)
    again = generator.synthesize(found, latent_space=space)
    figures[f"code_error{suffix}"] = round(trainer.code_error(found, codes), 4)
    figures[f"psnr{suffix}"] = round(float(np.mean(psnr(again, images))), 2)
  return figures


def drawn_figures(
  trainer: Trainer, samples: DrawnSamples, training: EncoderTraining
) -> dict[str, float]:
  """`held_out_figures` of samples drawn ahead: codes only, and by their spread, not whitened."""
  import tensorflow as tf

  codes, images = samples.unseen()
  changed = AUGMENTATION[training.augmentation]
  rough = changed(tf.constant(images), tf.constant([HELD_OUT, training.seed])).numpy()
  return {
    f"code_error{suffix}": round(trainer.code_error(trainer.encode_drawn(seen), codes), 4)
    for suffix, seen in (("", images), ("_roughened", rough))
  }


def _decided(training: EncoderTraining, generator) -> EncoderTraining:
  """The settings with what depends on the generator decided."""
  space = training.latent_space or ("W" if "W" in generator.latent_spaces else "Z")
  size = training.batch_size or _scaled(generator, _LARGEST_BATCH, _LEAST_BATCH)
  return dataclasses.replace(training, latent_space=space, batch_size=size)


def _scaled(generator, most: int, least: int) -> int:
  """How many images: fewer in proportion to their pixels above 128 x 128."""
  return max(least, min(most, most * 128**2 // generator.resolution**2))


class _Clock:
  """How much of the training is done, in steps and seconds."""

  def __init__(self, training: EncoderTraining, steps: int, seconds: float):
    self.steps, self.seconds = steps, seconds
    self._training, self._last = training, time.monotonic()

  def advance(self) -> None:
    now = time.monotonic()
    self.steps, self.seconds, self._last = self.steps + 1, self.seconds + now - self._last, now

  def share(self) -> float:
    if self._training.steps is not None:
      return self.steps / self._training.steps
    return self.seconds / (60 * self._training.minutes)

  def progress(self) -> tuple[int, int]:
    if self._training.steps is not None:
      return self.steps, self._training.steps
    total = math.ceil(60 * self._training.minutes)
    return min(int(self.seconds), total), total


def _rate(share: float, peak: float) -> float:
  rising = min(1.0, (share + 1e-3) / _WARM_UP)
  return peak * rising * (0.5 + 0.5 * math.cos(math.pi * min(1.0, share)))


def _line(clock: _Clock, losses: tuple[float, float], figures: dict[str, float]) -> str:
  held_out = ", ".join(f"{name} {value:g}" for name, value in figures.items())
  return (
    f"step {clock.steps}, {clock.seconds:.0f} s: code loss {losses[0]:.4f}, image loss "
    f"{losses[1]:.4f}; held out: {held_out}"
  )


def _save_state(path: Path, settings: str, trainer: Trainer, clock: _Clock) -> None:
  from safetensors.numpy import save

  metadata = {"settings": settings, "steps": str(clock.steps), "seconds": repr(clock.seconds)}
  write_bytes(path, save(trainer.state(), metadata=metadata))


def _resume(path: Path, settings: str, trainer: Trainer) -> tuple[int, float]:
  """Restores an unfinished training, if there is one; returns its steps and seconds."""
  if not path.exists():
    return 0, 0.0
  from safetensors import safe_open

  damaged = CheckpointError(f"{shown(path)} is damaged; delete it to train from the start.")
  with (
    outside.opened(path, CheckpointError),
    outside.damage_as(damaged),
    safe_open(path, "numpy") as file,
  ):
    metadata: dict[str, Any] = file.metadata() or {}
    arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
  if metadata.get("settings") != settings:
    raise ConfigurationError(
      f"{shown(path)} is an unfinished training with other settings "
      f"({metadata.get('settings')}); give the same flags to go on, or delete it."
    )
  try:
    trainer.restore(arrays)
    return int(metadata["steps"]), float(metadata["seconds"])
  except (KeyError, ValueError) as error:
    raise damaged from error
