"""The plan of a generator's training: resolutions and learning rate."""

import dataclasses

import numpy as np

RESOLUTION = 64


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


@dataclasses.dataclass(frozen=True)
class Options:
  """What `train` needs besides data."""

  seconds: float
  batch_size: int
  learning_rate: float
  seed: int
  save_seconds: float
