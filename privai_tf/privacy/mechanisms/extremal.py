"""A finite set of public outputs with two levels of probability: the least error epsilon allows.

#### References
Kairouz, Oh and Viswanath, "Extremal mechanisms for local differential privacy", JMLR 2016.
"""

import functools
from typing import Any, ClassVar

import numpy as np

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.extremal.cells import Cells, make_cells
from privai_tf.privacy.extremal.rational import DENOMINATOR, total_variation
from privai_tf.privacy.extremal.table import (
  Table,
  calibrated_table,
  certified_gap,
  expected_loss,
)
from privai_tf.privacy.figures import double_up
from privai_tf.privacy.grid import CELLS, from_grid
from privai_tf.privacy.mechanisms.base import Mechanism
from privai_tf.privacy.sampling.source import SystemSource
from privai_tf.privacy.sampling.uniform import uniform_below

_BLOCK = 1 << 12  # Rows at a time.


class Extremal(Mechanism):
  """Finds the coordinate's cell, and names one of few public values by a table of integers.

  Nothing is clipped: every number lies in a cell. `extremal.rational` verifies at calibration that no
  output is more than e^epsilon times likelier from one cell than from another.
  """

  name = "extremal"
  norm: ClassVar[str | None] = None
  scopes: ClassVar[tuple[str, ...]] = ("attribute",)
  needs_samples: ClassVar[bool] = True
  largest_dimensions: ClassVar[int | None] = 1
  decodings: ClassVar[tuple[str, ...]] = ("value", "sample")
  summary = "the extremal mechanism, which names one of a few public values"

  cells: Cells
  table: Table

  def _calibrate(self) -> None:
    if self.parameters.samples is None:
      raise ConfigurationError(
        "extremal needs public samples of its coordinate: give those of the release path."
      )
    self.cells = make_cells(self.parameters.samples)
    self.table = calibrated_table(self.cells, self.epsilon, self.parameters.loss)

  @property
  def noise_scale(self) -> None:
    """No noise is added."""
    return None

  @property
  def side_values(self) -> tuple[float, float]:
    """The least and the largest output, in latent units."""
    return self.table.outputs[0] / CELLS, self.table.outputs[-1] / CELLS

  @functools.cached_property
  def expected_loss(self) -> float:
    """Mean error (or squared error) of a released value over the public samples."""
    return expected_loss(self.cells, self.table, self.parameters.loss)

  @functools.cached_property
  def duality_gap(self) -> float:
    """What any mechanism of this epsilon could do better, at most, as a share of the expected loss."""
    return certified_gap(self.cells, self.epsilon, self.parameters.loss)

  @functools.cached_property
  def total_variation(self) -> float:
    """By summation over the outputs, exact, then rounded up."""
    return double_up(total_variation(self.table.probabilities, DENOMINATOR))

  def release(self, coordinates: np.ndarray, source: SystemSource | None = None) -> np.ndarray:
    """One word a row, and a look at every edge and every threshold of a row's table."""
    source = source or SystemSource()
    chosen = np.empty(len(coordinates), np.int64)
    for start in range(0, len(chosen), _BLOCK):
      rows = slice(start, start + _BLOCK)
      thresholds = self.table.thresholds[self.cells.of(coordinates[rows, 0])]
      uniform = uniform_below(DENOMINATOR, len(thresholds), source)
      # By counting, no search: every threshold is compared (docs/proofs.md, extremal, step 2).
      chosen[rows] = (uniform[:, np.newaxis] >= thresholds).sum(axis=1)
    return self.table.outputs[chosen][:, np.newaxis]

  noisy = release

  def outputs(self, coordinates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    (cell,) = self.cells.of(coordinates[:, 0])
    return self.table.outputs, self.table.shares[cell]

  def index_of(self, values: np.ndarray) -> np.ndarray:
    """Which outputs released values [n] in latent units are, int64 [n]."""
    middles = (self.table.outputs[1:] + self.table.outputs[:-1]) / 2
    return np.searchsorted(middles, values * CELLS)

  def simulate(self, coordinates: Any, seed: Any) -> Any:
    return self.distribution(coordinates).sample(seed=seed)

  def distribution(self, coordinates: Any = None) -> Any:
    """Of the output, on its values."""
    import tensorflow as tf
    import tensorflow_probability as tfp

    edges = tf.constant(from_grid(self.cells.edges))
    inside = self._centers(coordinates)[..., tf.newaxis] > edges
    cell = tf.reduce_sum(tf.cast(inside, tf.int32), axis=-1)
    outcomes = tf.constant(from_grid(self.table.outputs))
    finite = tfp.distributions.FiniteDiscrete(outcomes, probs=tf.gather(self.table.shares, cell))
    return tfp.distributions.Independent(finite, 1)

  def event(self) -> Any:
    from privai_tf.privacy.accounting.events import pure_event

    return pure_event(self.epsilon)
