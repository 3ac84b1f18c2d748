"""The exponential mechanism on the clip set: outputs near the coordinate are likelier; pure epsilon.

#### References
McSherry and Talwar, "Mechanism Design via Differential Privacy", FOCS 2007.
"""

import functools
import math
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np

from privai_tf.privacy.clipping import clip_integers
from privai_tf.privacy.grid import CELLS
from privai_tf.privacy.mechanisms.base import Mechanism, clip_tensor
from privai_tf.privacy.sampling.discrete_laplace import laplace_within
from privai_tf.privacy.sampling.source import SystemSource
from privai_tf.privacy.sampling.surplus import surplus

_SUBSTEPS = 1024
_ROUNDING = 2.0**-45
_BLOCK = 256  # Rows at a time.


class Exponential(Mechanism):
  """Draws o in [-R, R] with probability proportional to exp(-|o - a| / t), t >= 2R / epsilon.

  That is epsilon-DP on the grid, where R, o and a are whole numbers of steps. For a' < a a fixed o
  is the more telling the nearer to a, from o = a on by the factor exp((a - a') / t) Z(a') / Z(a), with the
  normalizer `Z(a) = sum_o exp(-|o - a| / t)`. Now `exp(-a / t) Z(a)` is a sum of `exp(-max(2a - o, o) / t)`,
  none of which grows with a; so the factor is largest for a' = -R, a = R, where the normalizers are equal,
  and it is exp(2R / t). The other direction is its mirror image.
  """

  name = "exponential"
  norm: ClassVar[str | None] = "l1"
  largest_dimensions: ClassVar[int | None] = 1
  summary = "the exponential mechanism on the clip set"

  def _calibrate(self) -> None:
    exact = Fraction(2 * self.radius_steps) / Fraction(self.epsilon)
    self.scale_steps = Fraction(math.ceil(exact * _SUBSTEPS), _SUBSTEPS)

  @property
  def noise_scale(self) -> float:
    """2R / epsilon in latent units: the scale before the cut to [-R, R]."""
    return float(self.scale_steps / CELLS)

  @functools.cached_property
  def total_variation(self) -> float:
    """Of the inputs R and -R: with q = e^(-1/t), `(1 - q^R) (1 - q^(R+1)) / (1 - q^(2R+1))`."""
    radius, scale = self.radius_steps, float(self.scale_steps)
    parts = [-math.expm1(-count / scale) for count in (radius, radius + 1, 2 * radius + 1)]
    return min(1.0, parts[0] * parts[1] / parts[2] * (1 + _ROUNDING))

  def release(self, coordinates: np.ndarray, source: SystemSource | None = None) -> np.ndarray:
    """The first of many candidates around the coordinate that lies in the clip set.

    The candidates' noise reaches from -2R to 2R. A candidate lies in the clip set with probability
    1/2 at least (least at a = R, where the wrong sign leaves it), so of 64 none does with
    probability 2^-64 at most. All 64 are drawn and looked at, wherever the coordinate is.
    """
    source = source or SystemSource()
    inputs = clip_integers(coordinates, self.radius_steps, self.norm)
    outputs = np.empty_like(inputs)
    for start in range(0, len(inputs), _BLOCK):
      rows = slice(start, start + _BLOCK)
      outputs[rows, 0] = self._block(inputs[rows], source)
    return outputs

  noisy = release

  def _block(self, inputs: np.ndarray, source: SystemSource) -> np.ndarray:
    """int64 [n, 1] -> int64 [n]."""
    candidates, count = surplus(1, 0.5), len(inputs)
    reach = 2 * self.radius_steps
    noise, stands = laplace_within(self.scale_steps, reach, count * candidates, source)
    values = inputs + noise.reshape(count, candidates)
    stands = stands.reshape(count, candidates)
    stands &= (values >= -self.radius_steps) & (values <= self.radius_steps)
    outputs = values[np.arange(count), stands.argmax(axis=1)]
    for row in np.flatnonzero(~stands.any(axis=1)):
      outputs[row] = self._block(inputs[row : row + 1], source)[0]
    return outputs

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
