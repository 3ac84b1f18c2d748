"""Keeps or flips the side of the boundary; pure epsilon, the least noise for one binary attribute.

#### References
Warner, "Randomized Response", JASA 1965.
"""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.grid import CELLS, to_grid
from privai_tf.privacy.mechanisms.base import Mechanism
from privai_tf.privacy.sampling.coins import keep_side
from privai_tf.privacy.sampling.source import SystemSource


class RandomizedResponse(Mechanism):
  """Says the coordinate's side with probability e^epsilon / (1 + e^epsilon), else the other.

  The output is one of two public values, at the distance m on either side of the boundary.
  """

  name = "randomized_response"
  norm: ClassVar[str | None] = None
  scopes: ClassVar[tuple[str, ...]] = ("attribute",)
  has_sides: ClassVar[bool] = True
  largest_dimensions: ClassVar[int | None] = 1
  summary = "randomized response"

  def _calibrate(self) -> None:
    distance = self.parameters.side_distance
    if distance is None or not 0 < distance < math.inf:
      raise ConfigurationError(
        f"randomized_response needs the public distance of a side's value, and has {distance}: "
        "calibrate the boundary on generated samples."
      )
    self._threshold = int(to_grid(self.parameters.threshold))
    self._distance = max(1, int(to_grid(distance)))

  @property
  def side_values(self) -> tuple[float, float]:
    """The two possible outputs, in latent units."""
    low, high = self._threshold - self._distance, self._threshold + self._distance
    return low / CELLS, high / CELLS

  @property
  def noise_scale(self) -> None:
    """No noise is added."""
    return None

  def release(self, coordinates: np.ndarray, source: SystemSource | None = None) -> np.ndarray:
    kept = keep_side(Fraction(self.epsilon), len(coordinates), source or SystemSource())
    # Kept: its own side; not kept: the other (docs/proofs.md, section 8).
    positive = (coordinates > self._threshold) == kept[:, np.newaxis]
    return np.where(positive, self._threshold + self._distance, self._threshold - self._distance)

  noisy = release

  def outputs(self, coordinates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values = self._threshold + self._distance * np.array([-1, 1])
    odds = math.exp(-self.parameters.epsilon)
    changed = odds / (1 + odds)
    positive = coordinates[0, 0] > self._threshold
    return values, np.array([changed, 1 - changed] if positive else [1 - changed, changed])

  def simulate(self, coordinates: Any, seed: Any) -> Any:
    return self.distribution(coordinates).sample(seed=seed)

  def distribution(self, coordinates: Any = None) -> Any:
    """Of the output, on its two values."""
    import tensorflow as tf
    import tensorflow_probability as tfp

    positive = self._centers(coordinates) > self._threshold / CELLS
    # A number; or a tensor [n, 1], in a model server.
    epsilon = tf.convert_to_tensor(self.epsilon, tf.float64)
    none = tf.zeros_like(epsilon)
    kept, changed = tf.stack([none, epsilon], axis=-1), tf.stack([epsilon, none], axis=-1)
    logits = tf.where(positive[..., tf.newaxis], kept, changed)
    outcomes = tf.constant(self.side_values, tf.float64)
    two = tfp.distributions.FiniteDiscrete(outcomes, logits=logits)
    return tfp.distributions.Independent(two, 1)

  def likelihood(self, inputs: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    positive, threshold = self.encode(inputs)[:, 0] > self._threshold, self._threshold / CELLS
    return lambda noisy: np.where((noisy > threshold) == positive, 0.0, -self.epsilon)

  def event(self) -> Any:
    from privai_tf.privacy.accounting.events import pure_event

    return pure_event(self.epsilon)
