"""Privacy losses with evenly spaced values: what they leave of epsilon and delta, and their sums.

The hockey-stick divergence of such losses is `delta(e) = max_j U_j - exp(e - l_j) L_j` with `U_j` the
probability of a loss of at least `l_j`, and `L_j` the same under the other input, times `exp(l_j)`:
no threshold is better than the likelihood ratio's. Both directions of reading it are closed forms.
"""

import dataclasses
import functools
import math
from collections.abc import Sequence

import numpy as np

# Of a sum of losses, what lies outside the window that is kept; counted as infinite.
_TAIL = 1e-15
# Rounding of the Fourier transforms for each of the added losses: ten times what was seen against
# exact sums of up to a million.
_NOISE = 4e-16
# Exponents of Chernoff's bound, in units of the best one for Gaussian sums; of a double's exp.
_EXPONENTS = np.array([0.35, 0.6, 1.0, 1.6])
_LARGEST_EXPONENT = 700.0
_LEAST_WEIGHT = 1e-250
_SHORT = 1 << 16


@dataclasses.dataclass(frozen=True, eq=False)
class Losses:
  """The privacy loss of one or more releases; either exact or an upper bound.

  Attributes:
    start: the least loss.
    step: > 0, between neighbouring losses.
    probabilities: [n], of the losses `start + i * step`.
    infinity: probability of an infinite loss.
    error: relative error of the probabilities' sums.
  """

  start: float
  step: float
  probabilities: np.ndarray
  infinity: float = 0.0
  error: float = 0.0

  @property
  def values(self) -> np.ndarray:
    """[n], the finite losses."""
    return self.start + self.step * np.arange(len(self.probabilities))

  def delta(self, epsilon: float) -> float:
    """Probability that is left beyond `epsilon`, rounded up."""
    # Losses carry their own rounding, to the safe side.
    # sum over l > epsilon of p(l) (1 - e^(epsilon - l)), the hockey-stick divergence.
    beyond = epsilon - self.values - self._rounding(epsilon)
    chosen = beyond < 0
    total = float(np.dot(self.probabilities[chosen], -np.expm1(beyond[chosen])))
    return min(1.0, max(0.0, total) * (1 + self.error) + self.infinity)

  def epsilon(self, delta: float) -> float:
    """Least epsilon >= 0 that leaves at most `delta`, rounded up; infinite if there is none."""
    from scipy import signal

    if self.infinity > delta:
      return math.inf
    falling = self.probabilities[::-1]
    upper = np.cumsum(falling) * (1 + self.error) + self.infinity - delta
    # L_j by recursion from the largest loss: a step down makes all above e^-step times as much.
    lower = signal.lfilter([1.0], [1.0, -math.exp(-self.step)], falling) * (1 - self.error)
    # Thresholds so far below the losses that exp gives nothing are not the best ones.
    useful = (upper > 0) & (lower > _LEAST_WEIGHT)
    if not useful.any():
      return 0.0
    best = np.max(self.values[::-1][useful] + np.log(upper[useful]) - np.log(lower[useful]))
    return max(0.0, float(best) + self._rounding(0.0))

  def _rounding(self, epsilon: float) -> float:
    largest = max(abs(self.start), abs(self.start + self.step * len(self.probabilities)))
    return 1e-15 * (largest + epsilon)


def added(parts: Sequence[tuple[Losses, int]]) -> Losses:
  """The sum of independent losses, an upper bound if they are.

  By one Fourier transform of each, raised to its power: the time is proportional to the kinds, and to
  the logarithm of the counts.

  Args:
    parts: losses on multiples of the same step, and how many of each.

  Returns:
    Their sum, without what is less likely than 1e-15 on either side.
  """
  from scipy import fft

  step = parts[0][0].step
  low, high = _window(parts)
  least = max(high - low + 1, *(len(one.probabilities) for one, _ in parts))
  # Short ones keep to few lengths, so that the next sum finds its parts transformed.
  short = least <= _SHORT
  size = 1 << (least - 1).bit_length() if short else fft.next_fast_len(least, real=True)
  transform = _kept_transform if short else _transform
  product = np.ones(size // 2 + 1, complex)
  for one, count in parts:
    product *= _power(transform(one, size), count)
  # Cyclic: what lies outside the window comes round into it, less than the tail (Koskela, Jälkö and
  # Honkela, "Computing tight differential privacy guarantees using FFT", 2020).
  probabilities = np.roll(fft.irfft(product, size), -low)[: high - low + 1]
  start = sum(count * round(one.start / step) for one, count in parts) + low
  return Losses(
    start * step,
    step,
    probabilities,
    infinite_mass(parts) + _TAIL + _NOISE * sum(count for _, count in parts),
  )


def infinite_mass(parts: Sequence[tuple[Losses, int]]) -> float:
  """Probability that any of them is infinite.

  Args:
    parts: independent losses, and how many of each.

  Returns:
    In [0, 1].
  """
  return -math.expm1(sum(count * math.log1p(-one.infinity) for one, count in parts))


def _transform(one: Losses, size: int) -> np.ndarray:
  from scipy import fft

  return fft.rfft(one.probabilities, size)


_kept_transform = functools.lru_cache(maxsize=128)(_transform)


def _power(values: np.ndarray, exponent: int) -> np.ndarray:
  """By repeated squaring, which is faster and closer than NumPy's complex power."""
  result = None
  while True:
    if exponent & 1:
      result = values if result is None else result * values
    exponent >>= 1
    if not exponent:
      return result
    values = values * values


def _window(parts: Sequence[tuple[Losses, int]]) -> tuple[int, int]:
  """Least and largest sum of indices, but for a tail on each side (Chernoff's bound)."""
  moments = [_moments(one) for one, _ in parts]
  counts = [count for _, count in parts]
  center = math.fsum(n * mean for n, (mean, _) in zip(counts, moments, strict=True))
  variance = math.fsum(n * spread for n, (_, spread) in zip(counts, moments, strict=True))
  need = math.log(2 / _TAIL)
  # The best s below, were the sum normal: K(s) = s^2 variance / 2. Others are tried around it.
  exponents = _EXPONENTS * math.sqrt(2 * need / max(variance, 1e-9))
  reach = []
  for side in (-1, 1):
    cumulants = np.zeros(len(exponents))
    for (one, count), (mean, _) in zip(parts, moments, strict=True):
      cumulants += count * _log_moments(one.probabilities, mean, side * exponents)
    # P(S - center >= t) <= exp(K(s) - s t) for every s > 0: _TAIL / 2 at t = (K(s) + need) / s.
    reach.append(float(np.min((cumulants + need) / exponents)))
  last = sum(count * (len(one.probabilities) - 1) for one, count in parts)
  low = 0 if math.isinf(reach[0]) else max(0, math.floor(center - reach[0]))
  high = last if math.isinf(reach[1]) else min(last, math.ceil(center + reach[1]))
  return low, high


@functools.lru_cache(maxsize=1024)
def _moments(one: Losses) -> tuple[float, float]:
  """Mean and variance of the index."""
  probabilities = one.probabilities
  indices, total = np.arange(len(probabilities)), float(probabilities.sum())
  mean = float(np.dot(indices, probabilities)) / total
  return mean, float(np.dot((indices - mean) ** 2, probabilities)) / total


def _log_moments(probabilities: np.ndarray, mean: float, exponents: np.ndarray) -> np.ndarray:
  """log E exp(t (index - mean)) for each exponent t; infinite where it is out of a double's reach."""
  shifted = np.arange(len(probabilities)) - mean
  largest = np.maximum(exponents * shifted[0], exponents * shifted[-1])
  result = np.full(len(exponents), math.inf)
  for place in np.flatnonzero(largest < _LARGEST_EXPONENT):
    result[place] = math.log(np.dot(np.exp(exponents[place] * shifted), probabilities))
  return result
