"""The textbook Gaussian mechanism, for comparison: more noise than needed, and epsilon <= 1 only.

#### References
Dwork and Roth, "The Algorithmic Foundations of Differential Privacy", 2014, theorem 3.22.
"""

import math
from typing import Any

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.accounting.calibration import classic_multiplier
from privai_tf.privacy.grid import CELLS
from privai_tf.privacy.mechanisms.gaussian import Gaussian


class GaussianClassic(Gaussian):
  """Clips in L2 to R, adds normal noise of sigma = sqrt(2 ln(1.25 / delta)) 2R / epsilon."""

  name = "gaussian_classic"
  summary = "normal noise of the textbook's size"

  @classmethod
  def check(cls, epsilon: float, delta: float) -> None:
    super().check(epsilon, delta)
    if epsilon > 1:
      raise ConfigurationError(
        f"epsilon is {epsilon}: the textbook formula of gaussian_classic is proven for epsilon <= 1 "
        "only; use gaussian, which holds for any epsilon with less noise."
      )

  def _calibrate(self) -> None:
    super()._calibrate()
    textbook = classic_multiplier(self.epsilon, self.delta) * self.sensitivity * CELLS
    # The larger of the two: the analytic value also covers the grid.
    self.sigma_steps = max(self.sigma_steps, math.ceil(math.nextafter(textbook, math.inf)))

  def event(self) -> Any:
    import dp_accounting

    return dp_accounting.GaussianDpEvent(classic_multiplier(self.epsilon, self.delta))
