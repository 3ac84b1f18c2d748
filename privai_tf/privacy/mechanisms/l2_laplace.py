"""Noise of density proportional to exp(-epsilon |n|_2 / 2R): uniform direction; pure epsilon.

#### References
Hardt and Talwar, "On the Geometry of Differential Privacy", STOC 2010 (the K-norm mechanism).
"""

import math
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np

from privai_tf.privacy.grid import CELLS, STEP
from privai_tf.privacy.mechanisms.base import Mechanism
from privai_tf.privacy.mechanisms.laplace import inverse_down, laplace_steps
from privai_tf.privacy.sampling.discrete_laplace import discrete_laplace
from privai_tf.privacy.sampling.radial import radial_laplace
from privai_tf.privacy.sampling.source import SystemSource


class L2Laplace(Mechanism):
  """Clips in L2 to R; radius `Gamma(k, 2R / epsilon)`. Equals `laplace` at k = 1."""

  name = "l2_laplace"
  norm: ClassVar[str | None] = "l2"
  summary = "Laplace noise of uniform direction"

  def _calibrate(self) -> None:
    # On several axes the grid's share, sqrt(k) steps, is added, rounded up (docs/proofs.md, 6).
    share = 0 if self.dimensions == 1 else math.isqrt(self.dimensions - 1) + 1
    steps = Fraction(2 * self.radius_steps + share)
    self.scale_steps = laplace_steps(steps, Fraction(self.epsilon))
    self._sensitivity_steps = steps

  @property
  def sensitivity(self) -> float:
    """2R; in several dimensions plus the grid's share."""
    return float(self._sensitivity_steps) * STEP

  @property
  def noise_scale(self) -> float:
    """2R / epsilon in latent units: the scale of the radius."""
    return float(self.scale_steps / CELLS)

  def _noise(self, count: int, source: SystemSource) -> np.ndarray:
    if self.dimensions == 1:
      return discrete_laplace(self.scale_steps, count, source)[:, np.newaxis]
    return radial_laplace(self.scale_steps, self.dimensions, count, source)

  def distribution(self, coordinates: Any = None) -> Any:
    from privai_tf.privacy.distributions.radial_laplace import RadialLaplace

    return RadialLaplace(self._centers(coordinates), self.noise_scale)

  def event(self) -> Any:
    """One axis: Laplace noise. More: only that the release is epsilon-DP, whatever its curve."""
    import dp_accounting

    from privai_tf.privacy.accounting.events import pure_event

    if self.dimensions == 1:
      return dp_accounting.LaplaceDpEvent(noise_multiplier=inverse_down(self.epsilon))
    return pure_event(self.epsilon)
