"""Intervals: 99% everywhere in the evidence, exact for shares, by resampling for means."""

import dataclasses

import numpy as np

from privai_tf.privacy.audit.residual import CONFIDENCE, Share, share

__all__ = ["CONFIDENCE", "Mean", "Share", "mean", "share"]
_RESAMPLES = 2000
_AT_ONCE = 1 << 24


@dataclasses.dataclass(frozen=True)
class Mean:
  """A mean over faces, and its interval."""

  value: float
  low: float
  high: float

  def __str__(self) -> str:
    return f"{self.value:.3g} [{self.low:.3g}, {self.high:.3g}]"


def mean(values: np.ndarray, confidence: float = CONFIDENCE, seed: int = 0) -> Mean:
  """The mean of independent faces' numbers with its percentile bootstrap interval.

  Args:
    values: float [n], one a face (what is measured several times of one face is averaged before).
    confidence: of the interval.
    seed: of the resampling.
  """
  values = np.asarray(values, np.float64)
  random = np.random.default_rng(seed)
  step = max(1, _AT_ONCE // len(values))
  means = np.concatenate(
    [
      values[random.integers(len(values), size=(min(step, _RESAMPLES - start), len(values)))].mean(
        1
      )
      for start in range(0, _RESAMPLES, step)
    ]
  )
  low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
  return Mean(float(values.mean()), float(low), float(high))
