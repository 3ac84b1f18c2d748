"""d-privacy: noise in proportion to nothing but epsilon, a promise in proportion to distance.

#### References
Chatzikokolakis, Andres, Bordenabe and Palamidessi, "Broadening the Scope of Differential Privacy
Using Metrics", PETS 2013.
"""

from fractions import Fraction
from typing import Any, ClassVar

import numpy as np

from privai_tf.privacy.grid import CELLS
from privai_tf.privacy.mechanisms.base import Mechanism
from privai_tf.privacy.mechanisms.laplace import laplace_steps
from privai_tf.privacy.sampling.discrete_laplace import discrete_laplace
from privai_tf.privacy.sampling.radial import radial_laplace
from privai_tf.privacy.sampling.source import SystemSource


class MetricLaplace(Mechanism):
  """Adds noise of density proportional to exp(-epsilon |n|_2); clips nothing."""

  name = "metric_laplace"
  norm: ClassVar[str | None] = None
  scopes: ClassVar[tuple[str, ...]] = ("metric",)
  decodings: ClassVar[tuple[str, ...]] = ("raw",)
  summary = "Laplace noise of uniform direction"

  def _calibrate(self) -> None:
    self.scale_steps = laplace_steps(Fraction(CELLS), Fraction(self.epsilon))

  @property
  def noise_scale(self) -> float:
    """1 / epsilon in latent units: the scale of the radius."""
    return float(self.scale_steps / CELLS)

  def release(self, coordinates: np.ndarray, source: SystemSource | None = None) -> np.ndarray:
    source = source or SystemSource()
    count = len(coordinates)
    if self.dimensions == 1:
      noise = discrete_laplace(self.scale_steps, count, source)[:, np.newaxis]
    else:
      noise = radial_laplace(self.scale_steps, self.dimensions, count, source)
    return coordinates + noise

  noisy = release

  def simulate(self, coordinates: Any, seed: Any) -> Any:
    return self.distribution(coordinates).sample(seed=seed)

  def distribution(self, coordinates: Any = None) -> Any:
    from privai_tf.privacy.distributions.radial_laplace import RadialLaplace

    return RadialLaplace(self._centers(coordinates), self.noise_scale)

  def event(self) -> Any:
    """None that an accountant of plain epsilons could compose: the loss grows with distance."""
    import dp_accounting

    return dp_accounting.UnsupportedDpEvent()
