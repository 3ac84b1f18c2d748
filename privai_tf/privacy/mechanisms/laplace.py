"""Independent Laplace noise on each axis; pure epsilon.

#### References
Dwork, McSherry, Nissim and Smith, "Calibrating Noise to Sensitivity", TCC 2006.
"""

import functools
import math
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np

from privai_tf.privacy.grid import CELLS
from privai_tf.privacy.mechanisms.base import Mechanism
from privai_tf.privacy.sampling.discrete_laplace import discrete_laplace
from privai_tf.privacy.sampling.source import SystemSource

_SUBSTEPS = 1024
_ROUNDING = 2.0**-50


class Laplace(Mechanism):
  """Clips in L1 to R, adds Laplace noise of scale 2R / epsilon to each axis."""

  name = "laplace"
  norm: ClassVar[str | None] = "l1"
  summary = "independent Laplace noise on each axis"

  def _calibrate(self) -> None:
    self.scale_steps = laplace_steps(Fraction(2 * self.radius_steps), Fraction(self.epsilon))

  @property
  def noise_scale(self) -> float:
    """b in latent units."""
    return float(self.scale_steps / CELLS)

  @functools.cached_property
  def total_variation(self) -> float:
    """1 - exp(-epsilon / 2), of continuous noise, which is told apart more easily (see `event`)."""
    return math.nextafter(-math.expm1(-self.epsilon / 2) * (1 + _ROUNDING), 1)

  def _noise(self, count: int, source: SystemSource) -> np.ndarray:
    draws = discrete_laplace(self.scale_steps, count * self.dimensions, source)
    return draws.reshape(count, self.dimensions)

  def distribution(self, coordinates: Any = None) -> Any:
    import tensorflow_probability as tfp

    centers = self._centers(coordinates)
    return tfp.distributions.Independent(tfp.distributions.Laplace(centers, self.noise_scale), 1)

  def event(self) -> Any:
    """Continuous Laplace noise on one axis, at the multiplier 1 / epsilon.

    It bounds what is drawn, integer noise on k axes. One axis: see `laplace_steps`. Several: a
    shift of D steps shared as A + B among two axes is never easier to see than D on one axis. Both
    have privacy losses (D - 2s) / t, s = 0..D, so their curves are linear in e^epsilon between the
    same points; at these the difference of the two has, with q = e^(-1/t), the generating function

        (1 - x^A)(1 - x^B) / (1 - x)^2    (times a positive factor),

    whose coefficients min(s, A, B, D - s) are not negative. More axes follow by induction, and
    shorter shifts because they are what one sees of a shared one by looking at one axis only.
    """
    import dp_accounting

    return dp_accounting.LaplaceDpEvent(noise_multiplier=inverse_down(self.epsilon))


def inverse_down(epsilon: float) -> float:
  """1 / epsilon, rounded so that an event of this noise multiplier costs no less than epsilon.

  Args:
    epsilon: > 0; taken for exact.
  """
  inverse = 1 / epsilon
  return inverse if Fraction(inverse) * Fraction(epsilon) <= 1 else math.nextafter(inverse, 0)


def laplace_steps(sensitivity: Fraction, epsilon: Fraction) -> Fraction:
  """Scale of the discrete noise, in grid steps, rounded up.

  At scale t integer noise is exactly (D / t)-DP for inputs D steps apart. Its curve delta(epsilon)
  equals that of continuous Laplace noise of scale t wherever `epsilon = (D - 2j) / t`, and is linear
  in e^epsilon between, where it lies above by at most 0.37 / t^2 of `1 - delta` (for t >= 1). A
  scale larger by 1 / D lowers it by more than that. So the continuous curve at the asked epsilon,
  which accountants know, is an upper bound.

  Args:
    sensitivity: D, in grid steps.
    epsilon: exact.

  Returns:
    t >= D / epsilon + 1 / D, a multiple of 1 / 1024.
  """
  exact = sensitivity / epsilon + 1 / sensitivity
  return Fraction(math.ceil(exact * _SUBSTEPS), _SUBSTEPS)
