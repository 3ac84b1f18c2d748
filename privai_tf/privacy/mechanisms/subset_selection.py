"""Publishes one of M public faces, likelier one of the K that resemble the photo most; pure epsilon.

#### References
Ye and Barg, "Optimal Schemes for Discrete Distribution Estimation Under Locally Differential
Privacy", IEEE Transactions on Information Theory 2018.
Bhowmick, Duchi, Freudiger, Kapoor and Rogers, "Protection Against Reconstruction", 2018 (PrivUnit).
"""

import functools
import math
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.accounting.attackers import Pairs, product_variation
from privai_tf.privacy.figures import double_up
from privai_tf.privacy.grid import CELLS, from_grid
from privai_tf.privacy.mechanisms.base import Mechanism
from privai_tf.privacy.sampling.digits import exp_bounds, exp_digits
from privai_tf.privacy.sampling.source import SystemSource
from privai_tf.privacy.sampling.uniform import uniform_below

_WEIGHT_BITS = 40
_DIGITS = 50
_ROWS = 64


class SubsetSelection(Mechanism):
  """A codeword of the K nearest has the weight A, any other the weight B, A / B <= e^epsilon.

  The weights of all M add up to K A + (M - K) B whatever the input is: no normalizer tells it. The
  output is the index of a codeword, the same in all k numbers.

  Attributes:
    subset_size: K.
    inside, outside: A and B, whole numbers.
  """

  name = "subset_selection"
  norm: ClassVar[str | None] = None
  scopes: ClassVar[tuple[str, ...]] = ("image",)
  has_codebook: ClassVar[bool] = True
  decodings: ClassVar[tuple[str, ...]] = ("raw",)
  summary = "a private choice among public faces"

  def _calibrate(self) -> None:
    self._neighbours = self.parameters.neighbours
    if self._neighbours is None:
      raise ConfigurationError("subset_selection chooses among public faces: give it a codebook.")
    self.subset_size = self.parameters.subset_size
    if self.subset_size is None or not 0 < self.subset_size < self.codewords:
      raise ConfigurationError(
        f"subset_size is {self.subset_size} of {self.codewords} faces: it must be from 1 to "
        f"{self.codewords - 1} (0 or all of them would choose regardless of the photo)."
      )
    self.inside, self.outside = subset_weights(self.epsilon)
    self.verify()

  @property
  def neighbours(self) -> Any:
    """The codewords, by resemblance."""
    return self._neighbours

  @property
  def codewords(self) -> int:
    """M."""
    return len(self._neighbours)

  @property
  def total(self) -> int:
    """K A + (M - K) B, the same for every input."""
    return self.subset_size * self.inside + (self.codewords - self.subset_size) * self.outside

  def verify(self) -> None:
    """Checks the promise in rationals.

    Raises:
      ConfigurationError: if some output can be more than e^epsilon times likelier for one input.
    """
    likelier, other = Fraction(self.inside, self.total), Fraction(self.outside, self.total)
    whole = self.subset_size * likelier + (self.codewords - self.subset_size) * other
    # e^epsilon is at least 1 over an upper bound of e^-epsilon.
    most = 1 / exp_bounds(-Fraction(self.epsilon), _DIGITS)[1]
    if whole != 1 or not 0 < other <= likelier <= most * other:
      raise ConfigurationError(
        f"subset_selection: weights {self.inside} and {self.outside} of {self.subset_size} and "
        f"{self.codewords - self.subset_size} faces exceed epsilon = {self.epsilon}; this is a bug."
      )

  @property
  def noise_scale(self) -> None:
    """No noise is added."""
    return None

  def places(self, integers: np.ndarray) -> np.ndarray:
    """Where uniform integers below `total` lead to: A of them to each of the first K places of an
    order, B to each of the others; int64 [n]."""
    first = self.subset_size * self.inside
    # Both branches for every integer: the work does not tell which counts (docs/proofs.md, 13).
    nearest = integers // self.inside
    others = self.subset_size + (integers - first) // self.outside
    return np.where(integers < first, nearest, others).astype(np.int64)

  def release(self, coordinates: np.ndarray, source: SystemSource | None = None) -> np.ndarray:
    """Indices of codewords as latent units on the grid, int64 [n, 1]."""
    count, source = len(coordinates), source or SystemSource()
    integers = uniform_below(self.total, count, source)
    chosen = np.empty(count, np.int64)
    for start in range(0, count, _ROWS):
      rows = slice(start, start + _ROWS)
      chosen[rows] = self.choose(from_grid(coordinates[rows]), integers[rows])
    return chosen[:, np.newaxis] * CELLS

  noisy = release

  def choose(self, numbers: np.ndarray, integers: np.ndarray) -> np.ndarray:
    """The codewords that integers lead to.

    Args:
      numbers: float64 [n, k], of codes; or of one code, [1, k], for all integers.
      integers: [n], below `total`.

    Returns:
      int64 [n], indices.
    """
    places = self.places(integers)
    orders = [
      self._neighbours.order(one, self.subset_size) for one in self._neighbours.cosines(numbers)
    ]
    if len(orders) == 1:
      return orders[0][places]
    return np.array([order[place] for order, place in zip(orders, places, strict=True)])

  def outputs(self, coordinates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    (inside,) = self._nearest(from_grid(coordinates))
    weights = np.where(inside, 1.0, math.exp(-self.parameters.epsilon))
    return np.arange(self.codewords) * CELLS, weights / weights.sum()

  def simulate(self, coordinates: Any, seed: Any) -> Any:
    return self.distribution(coordinates).sample(seed=seed)

  def distribution(self, coordinates: Any = None) -> Any:
    """Of the index, on 0 ... M - 1: event shape [1]."""
    import tensorflow as tf
    import tensorflow_probability as tfp

    centers = self._centers(coordinates)
    flat = tf.reshape(centers, [-1, self.dimensions])
    inside = tf.numpy_function(self._nearest, [flat], tf.bool)
    shape = tf.concat([tf.shape(centers)[:-1], [1, self.codewords]], axis=0)
    log_ratio = tf.constant(math.log(Fraction(self.inside, self.outside)), tf.float64)
    logits = tf.where(tf.reshape(inside, shape), log_ratio, tf.zeros_like(log_ratio))
    outcomes = tf.range(self.codewords, dtype=tf.float64)
    static = [*centers.shape[:-1], 1, self.codewords]
    logits = tf.ensure_shape(logits, static)
    one = tfp.distributions.FiniteDiscrete(outcomes, logits=logits)
    return tfp.distributions.Independent(one, 1)

  def _nearest(self, numbers: np.ndarray) -> np.ndarray:
    """Which codewords are among the K nearest, bool [n, M]."""
    inside = np.zeros((len(numbers), self.codewords), bool)
    for row, one in zip(inside, self._neighbours.cosines(numbers), strict=True):
      row[self._neighbours.order(one, self.subset_size)[: self.subset_size]] = True
    return inside

  def event(self) -> Any:
    from privai_tf.privacy.accounting.events import pure_event

    return pure_event(self.epsilon)

  def worst_pairs(self) -> Pairs:
    """Two inputs' nearest K have at most min(K, M - K) codewords that the other's lack.

    Each of these has A / total for the one and B / total for the other, and vice versa. Inputs with
    more in common are seen through these two by an attacker who now and then is shown nothing.
    """
    apart = min(self.subset_size, self.codewords - self.subset_size)
    likelier, other = (
      Fraction(apart * weight, self.total) for weight in (self.inside, self.outside)
    )
    same = 1 - likelier - other
    return (likelier, other), (other, likelier), (same, same)

  @functools.cached_property
  def total_variation(self) -> float:
    """Of the two worst inputs, exact, then rounded up."""
    return double_up(product_variation([self.worst_pairs()]))


def subset_weights(epsilon: float) -> tuple[int, int]:
  """Whole numbers A and B with A / B <= e^epsilon, as close as 40 binary digits allow.

  Args:
    epsilon: > 0; taken for exact.

  Returns:
    `A = 2^40` and `B = floor(2^40 e^-epsilon) + 1`.
  """
  return 1 << _WEIGHT_BITS, exp_digits(Fraction(epsilon), _WEIGHT_BITS) + 1
