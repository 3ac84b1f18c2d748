"""The exponential mechanism on the clip set: outputs near the coordinate are likelier; pure epsilon.

#### References
McSherry and Talwar, "Mechanism Design via Differential Privacy", FOCS 2007.
"""

import math
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np

from privai_tf.privacy.clipping import clip_integers
from privai_tf.privacy.grid import CELLS
from privai_tf.privacy.mechanisms.base import Mechanism, clip_tensor
from privai_tf.privacy.sampling.bernoulli import bernoulli_exp
from privai_tf.privacy.sampling.discrete_laplace import discrete_laplace
from privai_tf.privacy.sampling.source import SystemSource
from privai_tf.privacy.sampling.uniform import uniform_below

_SUBSTEPS = 1024
# Up to here uniform proposals are accepted more often than those of Laplace noise.
_UNIFORM_EPSILON = 1.5


class Exponential(Mechanism):
  """Draws o in [-R, R] with probability proportional to exp(-epsilon |o - a| / 4R).

  The score |o - a| of a fixed o changes by at most 2R between clipped inputs, and so does the
  normalizer: epsilon / 2 each.
  """

  name = "exponential"
  norm: ClassVar[str | None] = "l1"
  largest_dimensions: ClassVar[int | None] = 1
  summary = "the exponential mechanism on the clip set"

  def _calibrate(self) -> None:
    exact = Fraction(4 * self.radius_steps) / Fraction(self.epsilon)
    self.scale_steps = Fraction(math.ceil(exact * _SUBSTEPS), _SUBSTEPS)

  @property
  def noise_scale(self) -> float:
    """4R / epsilon in latent units: the scale before the cut to [-R, R]."""
    return float(self.scale_steps / CELLS)

  def release(self, coordinates: np.ndarray, source: SystemSource | None = None) -> np.ndarray:
    source = source or SystemSource()
    inputs = clip_integers(coordinates, self.radius_steps, self.norm)[:, 0]
    propose = self._uniform if self.epsilon <= _UNIFORM_EPSILON else self._laplace
    outputs = np.zeros(len(inputs), np.int64)
    missing = np.arange(len(inputs))
    while missing.size:
      values, accepted = propose(inputs[missing], source)
      outputs[missing[accepted]] = values[accepted]
      missing = missing[~accepted]
    return outputs[:, np.newaxis]

  def _uniform(self, inputs: np.ndarray, source: SystemSource) -> tuple[np.ndarray, np.ndarray]:
    """Uniform on the clip set, accepted with probability exp(-|o - a| / scale)."""
    radius = self.radius_steps
    values = uniform_below(2 * radius + 1, len(inputs), source) - radius
    distances = np.abs(values - inputs) * self.scale_steps.denominator
    return values, bernoulli_exp(distances, self.scale_steps.numerator, source)

  def _laplace(self, inputs: np.ndarray, source: SystemSource) -> tuple[np.ndarray, np.ndarray]:
    """Laplace noise, accepted inside the clip set."""
    values = inputs + discrete_laplace(self.scale_steps, len(inputs), source)
    return values, np.abs(values) <= self.radius_steps

  def simulate(self, coordinates: Any, seed: Any) -> Any:
    clipped = clip_tensor(coordinates, self.clip_radius, self.norm)
    return self.distribution(clipped).sample(seed=seed)

  def distribution(self, coordinates: Any = None) -> Any:
    import tensorflow_probability as tfp

    from privai_tf.privacy.distributions.truncated_laplace import TruncatedLaplace

    centers, radius = self._centers(coordinates), self.clip_radius
    one = TruncatedLaplace(centers, self.noise_scale, -radius, radius)
    return tfp.distributions.Independent(one, 1)

  def event(self) -> Any:
    """Only that the release is epsilon-DP, whatever its curve."""
    from privai_tf.privacy.accounting.events import pure_event

    return pure_event(self.epsilon)
