"""The reference prototype's mechanism, kept as a baseline: it clips the noise, not the coordinate.

`w~ = w + clip_tau(Q n)`, `n ~ N(0, sigma^2)`, `sigma = sqrt(2 ln(1.25 / delta)) L tau / epsilon`. The
coordinate itself is unbounded and most draws end at plus or minus tau from it, so two coordinates
further apart than 2 tau have disjoint outputs. No epsilon holds; audits use it as a control that
must be caught.
"""

import math
from typing import Any, ClassVar

import numpy as np

from privai_tf.privacy.clipping import clip_integers
from privai_tf.privacy.grid import CELLS, to_grid
from privai_tf.privacy.mechanisms.base import Mechanism, clip_tensor
from privai_tf.privacy.sampling.discrete_gaussian import discrete_gaussian
from privai_tf.privacy.sampling.source import SystemSource


class ReferencePostclip(Mechanism):
  """Adds clipped noise to an unclipped coordinate; tau is the clip radius. Never private."""

  name = "reference_postclip"
  norm: ClassVar[str | None] = "l2"
  pure: ClassVar[bool] = False
  private: ClassVar[bool] = False
  scopes: ClassVar[tuple[str, ...]] = ("attribute",)
  decodings: ClassVar[tuple[str, ...]] = ("raw",)
  summary = "clipped noise on an unclipped coordinate"

  def _calibrate(self) -> None:
    multiplier = math.sqrt(2 * math.log(1.25 / self.delta)) / self.epsilon
    sigma = multiplier * self.parameters.lipschitz * self.clip_radius
    self.sigma_steps = max(1, math.ceil(sigma * CELLS))

  @property
  def sensitivity(self) -> None:
    """Unbounded: the coordinate is not clipped."""
    return None

  @property
  def noise_scale(self) -> float:
    """sigma in latent units, before the clipping of the noise."""
    return self.sigma_steps / CELLS

  def encode(self, coordinates: np.ndarray) -> np.ndarray:
    return to_grid(coordinates)

  def release(self, coordinates: np.ndarray, source: SystemSource | None = None) -> np.ndarray:
    count = len(coordinates) * self.dimensions
    noise = discrete_gaussian(self.sigma_steps, count, source or SystemSource())
    clipped = clip_integers(noise.reshape(-1, self.dimensions), self.radius_steps, self.norm)
    return coordinates + clipped

  noisy = release

  def clamp(self, noisy: np.ndarray) -> np.ndarray:
    """Nothing: the coordinate is published wherever it lies."""
    return noisy

  def simulate(self, coordinates: Any, seed: Any) -> Any:
    noise = self.distribution(coordinates).sample(seed=seed) - coordinates
    return coordinates + clip_tensor(noise, self.clip_radius, self.norm)

  def distribution(self, coordinates: Any = None) -> Any:
    """Of the coordinate with its noise before that is clipped."""
    import tensorflow_probability as tfp

    centers = self._centers(coordinates)
    return tfp.distributions.Independent(tfp.distributions.Normal(centers, self.noise_scale), 1)

  def event(self) -> Any:
    import dp_accounting

    return dp_accounting.NonPrivateDpEvent()
