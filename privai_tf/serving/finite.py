"""Releases with few public outputs, as graphs on tables that the library calibrated. Simulation grade.

These mechanisms are made for one epsilon, so their tables are made for some hundred at export.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from privai_tf.privacy.extremal.cells import Cells
from privai_tf.privacy.grid import from_grid
from privai_tf.privacy.mechanisms.extremal import Extremal
from privai_tf.privacy.mechanisms.subset_selection import SubsetSelection
from privai_tf.privacy.stand_ins import StandIns


@dataclasses.dataclass(frozen=True, eq=False)
class ExtremalTables:
  """`extremal` at t epsilons, all of one coordinate.

  Attributes:
    cells: N of them.
    outputs: float64 [t, m], latent units; the last one again where there are fewer than m.
    sums: float64 [t, N, m], cumulative probabilities of the outputs in each cell.
    posterior: float64 [t, m, N], cumulative probabilities of the cells given each output, for decode
      "sample"; None: the outputs themselves are published.
  """

  cells: Cells
  outputs: np.ndarray
  sums: np.ndarray
  posterior: np.ndarray | None

  def draw(self, values: Any, position: Any, seed: Any) -> Any:
    """Coordinates float64 [n, 1] -> released ones, each row by its own table."""
    uniforms = tf.random.stateless_uniform([tf.shape(values)[0], 3], seed, dtype=tf.float64)
    edges = tf.constant(from_grid(self.cells.edges))
    cell = tf.reduce_sum(tf.cast(values > edges, tf.int32), axis=1)
    output = _place(self.sums, position, cell, uniforms[:, :1])
    if self.posterior is None:
      return tf.gather_nd(self.outputs, tf.stack([position, output], axis=1))[:, tf.newaxis]
    chosen = _place(self.posterior, position, output, uniforms[:, 1:2])
    first = tf.gather(tf.constant(self.cells.starts[:-1]), chosen)
    counts = tf.gather(tf.constant(np.diff(self.cells.starts)), chosen)
    within = tf.cast(uniforms[:, 2] * tf.cast(counts, tf.float64), tf.int64)
    return tf.gather(tf.constant(self.cells.samples), first + within)[:, tf.newaxis]


def extremal_tables(mechanisms: Sequence[Extremal], *, sample: bool) -> ExtremalTables:
  """Args: mechanisms of one coordinate, one an epsilon; whether a draw from the posterior is published."""
  cells, tables = mechanisms[0].cells, [mechanism.table for mechanism in mechanisms]
  most = max(len(table.outputs) for table in tables)

  def padded(array: np.ndarray) -> np.ndarray:
    missing = most - array.shape[-1]
    return np.pad(array, [(0, 0)] * (array.ndim - 1) + [(0, missing)], mode="edge")

  posterior = None
  if sample:
    posterior = np.stack([_posterior(cells, padded(table.shares), most) for table in tables])
  return ExtremalTables(
    cells=cells,
    outputs=np.stack([padded(from_grid(table.outputs)) for table in tables]),
    sums=np.stack([padded(np.cumsum(table.shares, axis=1)) for table in tables]),
    posterior=posterior,
  )


def _posterior(cells: Cells, shares: np.ndarray, outputs: int) -> np.ndarray:
  # Bayes: the cell's share of the public codes, times that of the output in the cell.
  joint = (cells.mass[:, np.newaxis] * shares).T
  sums = np.cumsum(joint, axis=1)
  assert sums.shape == (outputs, len(cells))
  return sums / sums[:, -1:]


def _place(sums: np.ndarray, position: Any, row: Any, uniform: Any) -> Any:
  """Where a uniform number [n, 1] falls among cumulative sums [t, rows, places]; int32 [n]."""
  one = tf.gather_nd(sums, tf.stack([position, row], axis=1))
  # Without the last sum, which rounding may leave below the number.
  return tf.reduce_sum(tf.cast(uniform >= one[:, :-1], tf.int32), axis=1)


class StandInTables:
  """`subset_selection` of whole faces at t epsilons, all with one codebook.

  The codewords are in the model: a graph cannot make them again from their seed.
  """

  def __init__(self, layout: StandIns, mechanisms: Sequence[SubsetSelection]):
    """Args: of the library's release; one mechanism an epsilon, each with its K."""
    self._layout = layout
    codes = np.concatenate(list(layout.codebook.blocks()))
    self._codes = tf.Variable(codes, trainable=False, name="codewords")
    self._units = tf.Variable(mechanisms[0].neighbours.units(), trainable=False, name="units")
    self._weights = mechanisms[0].neighbours.weights
    self._sizes = np.array([one.subset_size for one in mechanisms], np.float64)
    self._inside = np.array([one.subset_size * one.inside / one.total for one in mechanisms])

  def draw(self, latents: Any, position: Any, seed: Any) -> Any:
    """Latents float64 [n, d] or [n, L, d] -> codewords, float32 of that shape."""
    layers = self._layout.layers
    codes = latents if layers is None else tf.reduce_mean(latents, axis=1)
    numbers = tf.matmul(codes - self._layout.mean, tf.constant(self._layout.axes))
    weighted = tf.cast(numbers * self._weights, tf.float32)
    # The length of a code changes no order.
    order = tf.argsort(tf.matmul(weighted, self._units, transpose_b=True), direction="DESCENDING")
    uniforms = tf.random.stateless_uniform([tf.shape(latents)[0], 2], seed, dtype=tf.float64)
    size, inside = tf.gather(self._sizes, position), tf.gather(self._inside, position)
    others = float(self._layout.codebook.size) - size
    near = tf.floor(uniforms[:, 1] * size)
    far = size + tf.floor(uniforms[:, 1] * others)
    place = tf.cast(tf.where(uniforms[:, 0] < inside, near, far), tf.int32)
    chosen = tf.gather(self._codes, tf.gather(order, place, batch_dims=1))
    return chosen if layers is None else tf.repeat(chosen[:, tf.newaxis], layers, axis=1)
