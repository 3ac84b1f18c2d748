"""Isotropic normal noise, calibrated by the analytic Gaussian mechanism; (epsilon, delta).

#### References
Balle and Wang, "Improving the Gaussian Mechanism for Differential Privacy", ICML 2018.
Canonne, Kamath and Steinke, "The Discrete Gaussian for Differential Privacy", NeurIPS 2020.
Laurent and Massart, "Adaptive estimation of a quadratic functional", 2000 (lemma 1: chi^2 tail).
"""

import math
from typing import Any, ClassVar

import numpy as np

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.accounting.calibration import gaussian_multiplier
from privai_tf.privacy.grid import CELLS, STEP
from privai_tf.privacy.mechanisms.base import Mechanism
from privai_tf.privacy.sampling.discrete_gaussian import discrete_gaussian
from privai_tf.privacy.sampling.source import SystemSource

_TAIL = 2.0**-40


class Gaussian(Mechanism):
  """Clips in L2 to R, adds normal noise of the least standard deviation for (epsilon, delta)."""

  name = "gaussian"
  norm: ClassVar[str | None] = "l2"
  pure: ClassVar[bool] = False
  summary = "normal noise"

  def _calibrate(self) -> None:
    self.sigma_steps = discrete_sigma(
      self.epsilon, self.delta, self.sensitivity * CELLS, self.dimensions
    )

  @property
  def sensitivity(self) -> float:
    """2R; in several dimensions plus the grid's share, sqrt(k) steps."""
    share = 0.0 if self.dimensions == 1 else math.sqrt(self.dimensions) * STEP
    return 2 * self.clip_radius + share

  @property
  def noise_scale(self) -> float:
    """sigma in latent units."""
    return self.sigma_steps / CELLS

  def _noise(self, count: int, source: SystemSource) -> np.ndarray:
    draws = discrete_gaussian(self.sigma_steps, count * self.dimensions, source)
    return draws.reshape(count, self.dimensions)

  def distribution(self, coordinates: Any = None) -> Any:
    import tensorflow_probability as tfp

    centers = self._centers(coordinates)
    return tfp.distributions.Independent(tfp.distributions.Normal(centers, self.noise_scale), 1)

  def event(self) -> Any:
    """Normal noise at the multiplier that (epsilon, delta) needs; what is added is no less.

    In compositions RDP numbers hold as they are for the discrete Gaussian (Canonne, Kamath and
    Steinke 2020, theorem 4, axis by axis); PLD numbers for n releases leave out at most n times the
    correction of `discrete_sigma`, about n * 1e-9.
    """
    import dp_accounting

    return dp_accounting.GaussianDpEvent(gaussian_multiplier(self.epsilon, self.delta))


def discrete_sigma(epsilon: float, delta: float, sensitivity: float, dimensions: int) -> int:
  """Standard deviation of the discrete Gaussian on Z^k that is (epsilon, delta)-DP, rounded up.

  The curve of Balle and Wang is that of the continuous Gaussian. Let p be the discrete Gaussian
  around a grid point and q the continuous one rounded to the grid, which is post-processing and so
  obeys their curve. With y the offset from the centre, on all of Z^k

      exp(-k / 24 s^2)  <=  q(y) / p(y)  <=  exp(|y|^2 / 24 s^4),

  the left by Jensen's inequality, the right from sinh(x) / x <= exp(x^2 / 6); both up to the
  discrete Gaussian's normalizer, which is 1 to within 3 exp(-2 pi^2 s^2). So if q is (e', d')-DP
  and q(|y| > T s) <= t, then p is DP with

      epsilon = e' + (k + T^2) / 24 s^2,     delta = exp(k / 24 s^2) (d' + e^e' t).

  Here t = 2^-40 delta e^-epsilon, T from the chi-squared tail. The correction of epsilon is about
  1e-9 for usual radii.

  Args:
    epsilon, delta: the target.
    sensitivity: L2, in grid steps.
    dimensions: k.

  Returns:
    s in whole grid steps.

  Raises:
    ConfigurationError: if the noise is so small that the grid is too coarse for it.
  """
  least = gaussian_multiplier(epsilon, delta) * sensitivity
  rarity = epsilon - math.log(delta) - math.log(_TAIL)
  tail = math.sqrt(dimensions + 2 * math.sqrt(dimensions * rarity) + 2 * rarity)
  # Rounding moves a point by at most sqrt(k) / 2 steps.
  tail += math.sqrt(dimensions) / (2 * least)
  loss = (dimensions + tail**2) / (24 * least**2)
  if least < 16 or loss > 0.01 * epsilon:
    raise ConfigurationError(
      f"epsilon={epsilon}, delta={delta} ask for noise of {least * STEP:.3g} latent units, finer "
      "than the release grid carries: use a smaller epsilon."
    )
  target_delta = delta * (math.exp(-dimensions / (24 * least**2)) - _TAIL)
  multiplier = gaussian_multiplier(epsilon - loss, target_delta)
  return math.ceil(math.nextafter(multiplier * sensitivity, math.inf))
