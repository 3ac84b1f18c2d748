"""The rest of a code is released with a little exact noise, whose epsilon is part of the total.

Two neighbours have the same rest only in real numbers. As float32 codes they differ by up to `rho`,
the rounding of the path, and so do their rests: without noise 99.7% of such pairs would be told
apart by their last digits. So the rest becomes integers on a fine public grid and gets integer
noise some hundreds of times larger than `rho`, far below what can be seen.

A pure promise stays pure: discrete Laplace noise then; where the promise has a delta, discrete
Gaussian noise, which many directions need less of.
"""

import dataclasses
import math
from fractions import Fraction
from typing import Any

import numpy as np

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.figures import double_down
from privai_tf.privacy.mechanisms.gaussian import discrete_sigma
from privai_tf.privacy.sampling.discrete_gaussian import discrete_gaussian
from privai_tf.privacy.sampling.discrete_laplace import discrete_laplace
from privai_tf.privacy.sampling.source import SystemSource

REST_BITS = 24
REST_CELLS = 1 << REST_BITS  # grid cells in one latent unit
_LARGEST = float(1 << 24)
# What the rest costs of a release's epsilon: so little that nobody misses it, so much that nobody
# sees the noise (a fiftieth; a quarter where epsilon is so small that a fiftieth would be seen).
_SHARE, _SMALL_SHARE = Fraction(1, 50), Fraction(1, 4)
_LEAST, _MOST = Fraction(1, 400), Fraction(1, 25)
_LEAST_TOTAL = 2e-6
_DELTA_SHARE = Fraction(1, 10)
# Rounding of the float64 arithmetic that splits a code, in latent units; measured below 1e-11.
_ARITHMETIC = 2.0**-30


@dataclasses.dataclass(frozen=True)
class RestNoise:
  """Calibrated noise for the rest.

  Attributes:
    epsilon, delta: what it costs.
    dimensions: p.
    rho: what neighbours may differ by, in latent units.
    scale_steps: of discrete Laplace noise, in grid steps; None for Gaussian noise.
    sigma_steps: of discrete Gaussian noise, in grid steps; None for Laplace noise.
  """

  epsilon: float
  delta: float
  dimensions: int
  rho: float
  scale_steps: Fraction | None
  sigma_steps: int | None

  @property
  def noise_scale(self) -> float:
    """Scale (b or sigma) of the noise in latent units."""
    steps = self.sigma_steps if self.scale_steps is None else self.scale_steps
    return float(Fraction(steps) / REST_CELLS)

  def event(self) -> Any:
    """The `dp_accounting` event of one release's rest."""
    from privai_tf.privacy.accounting.calibration import gaussian_multiplier
    from privai_tf.privacy.accounting.events import pure_event

    if self.scale_steps is not None:
      return pure_event(self.epsilon)
    import dp_accounting

    return dp_accounting.GaussianDpEvent(gaussian_multiplier(self.epsilon, self.delta))

  def draw(self, rest: np.ndarray, source: SystemSource) -> np.ndarray:
    """The private step: int64 [n, p] on the grid -> int64 [n, p], noise added."""
    if self.scale_steps is not None:
      noise = discrete_laplace(self.scale_steps, rest.size, source)
    else:
      noise = discrete_gaussian(self.sigma_steps, rest.size, source)
    return rest + noise.reshape(rest.shape)


def rest_noise(
  epsilon: float, delta: float, dimensions: int, rho: float, lipschitz: float
) -> RestNoise:
  """Noise for p numbers whose neighbours differ by at most `rho * lipschitz` in L2.

  On the grid a difference of D latent units is at most `D * 2^24` steps in L2, and rounding both
  sides adds at most one step to each of the p numbers: sqrt(p) in L2, p in L1.

  Args:
    epsilon, delta: of the whole release; with delta 0 the noise is pure.
    dimensions: p.
    rho: latent units, > 0.
    lipschitz: of the split, >= 1.

  Raises:
    ConfigurationError: if epsilon is too small to be shared.
  """
  if epsilon < _LEAST_TOTAL:
    raise ConfigurationError(
      f"epsilon is {epsilon}: scope attribute shares it between the coordinate and the rest, and "
      f"supports {_LEAST_TOTAL:g} or more."
    )
  cost = rest_cost(epsilon)
  if dimensions == 0:
    return RestNoise(cost, 0.0, 0, rho, Fraction(1), None)
  distance = (rho * lipschitz + _ARITHMETIC) * REST_CELLS
  if delta == 0:
    # L1 <= sqrt(p) L2, and the grid's p steps (docs/proofs.md, section 2, step 3).
    steps = math.ceil(math.sqrt(dimensions) * distance) + dimensions
    scale = Fraction(math.ceil(Fraction(steps) / Fraction(cost)))
    return RestNoise(cost, 0.0, dimensions, rho, scale, None)
  part = double_down(_DELTA_SHARE * Fraction(delta))
  sigma = discrete_sigma(cost, part, distance + math.sqrt(dimensions), dimensions)
  return RestNoise(cost, part, dimensions, rho, None, sigma)


def rest_cost(epsilon: float) -> float:
  """What the rest takes of a release's epsilon: a fiftieth, at most 0.04.

  Args:
    epsilon: of the whole release, > 0; taken for exact.

  Returns:
    Rounded down; not less than 1/400 unless that is over a quarter of epsilon, which it is then.
  """
  total = Fraction(epsilon)
  return double_down(min(max(_SHARE * total, min(_SMALL_SHARE * total, _LEAST)), _MOST))


def rest_to_grid(values: np.ndarray) -> np.ndarray:
  """Nearest grid integers; saturates at 2^24 units.

  Args:
    values: float64, latent units, any shape, no NaN.

  Returns:
    int64 in steps of 2^-24 units, the same shape.
  """
  return np.rint(np.clip(values, -_LARGEST, _LARGEST) * REST_CELLS).astype(np.int64)


def rest_from_grid(integers: np.ndarray) -> np.ndarray:
  """The inverse of `rest_to_grid`; exact below 2^53.

  Args:
    integers: in steps of 2^-24 units, any shape.

  Returns:
    float64 in latent units, the same shape.
  """
  return integers.astype(np.float64) / REST_CELLS


def rounding_radius(codes: np.ndarray) -> float:
  """rho: twice what rounding a code to float32 moves it by, rounded up to a power of two.

  Rounding to nearest moves each number by at most 2^-24 of itself, and so a code by at most 2^-24 of
  its length; the longest public code stands for all.

  Args:
    codes: public codes, [n, ...].
  """
  longest = float(np.linalg.norm(codes.reshape(len(codes), -1).astype(np.float64), axis=1).max())
  return 2.0 ** math.ceil(math.log2(max(longest, 1e-3) * 2.0**-23))
