"""The plan of the generator's training: resolutions, batches and learning rate.

It counts the processor's time, not the clock's, so that a busy machine changes nothing but when the
training ends.
"""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Phase:
  """A resolution, how many chunks of the pool it learns from, portraits a step, and the share of the
  budget, from `start` to `end`."""

  resolution: int
  chunks: int
  batch_size: int
  start: float
  end: float


PHASES = (
  Phase(16, 4, 16, 0.00, 0.02),
  Phase(32, 6, 16, 0.02, 0.10),
  Phase(64, 16, 12, 0.10, 0.35),
  Phase(128, 24, 8, 0.35, 0.60),
  Phase(256, 32, 4, 0.60, 1.00),
)
_WARM = 0.002  # Share of the budget in which the rate rises at each phase's start.


def phase_at(fraction: float) -> Phase:
  """The phase in which a fraction of the budget falls."""
  return next((phase for phase in PHASES if fraction < phase.end), PHASES[-1])


def learning_rate(fraction: float, peak: float) -> float:
  """A short rise at each phase's start, for Adam's statistics are fresh; from the last phase's
  beginning a cosine to zero, and less of it where batches are smaller."""
  phase = phase_at(fraction)
  rate = peak * np.sqrt(phase.batch_size / PHASES[0].batch_size)
  rate *= min(1.0, 0.05 + (fraction - phase.start) / _WARM)
  if phase is PHASES[-1]:
    progress = min((fraction - phase.start) / (phase.end - phase.start), 1.0)
    rate *= 0.5 * (1 + np.cos(np.pi * progress))
  return float(rate)
