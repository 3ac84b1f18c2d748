"""The calibrated mechanism as a table of integers, made once for its public inputs and kept."""

import dataclasses
import functools

import numpy as np

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.extremal.cells import Cells
from privai_tf.privacy.extremal.certificate import duality_gap
from privai_tf.privacy.extremal.program import Program, losses, solve
from privai_tf.privacy.extremal.rational import DENOMINATOR, integer_table, is_private
from privai_tf.privacy.grid import from_grid, to_grid
from privai_tf.runtime.kept import Arrays, kept_arrays

FOLDER = "extremal"
# Beyond, 61 cells are told apart anyway, and levels below 2^-62 could not be written.
LARGEST_USED = 30.0
# What is left below epsilon for rounding, as a share of it: the first that is enough.
_HAIRS = (2.0**-34, 2.0**-24, 2.0**-14, 2.0**-7)
_FORMAT = 1
# Of the optimum.
_WANTED_GAP = 1e-6


@dataclasses.dataclass(frozen=True, eq=False)
class Table:
  """Outputs and their probabilities.

  Attributes:
    outputs: int64 [m], ascending, grid integers.
    probabilities: int64 [N, m], of the outputs given each cell, in units of 2^-62.
  """

  outputs: np.ndarray
  probabilities: np.ndarray

  @functools.cached_property
  def thresholds(self) -> np.ndarray:
    """int64 [N, m - 1]: a uniform u < 2^62 gives the output of index "how many are <= u"."""
    return np.cumsum(self.probabilities, axis=1)[:, :-1]

  @functools.cached_property
  def shares(self) -> np.ndarray:
    """The probabilities as float64 [N, m]."""
    return self.probabilities / DENOMINATOR


def calibrated_table(cells: Cells, epsilon: float, loss: str) -> Table:
  """The table of least expected error, verified in rationals whether it was made or found.

  Args:
    cells: the public distribution.
    epsilon: > 0.
    loss: "l1" or "l2".

  Raises:
    ConfigurationError: if no table holds epsilon exactly.
  """
  key = f"{cells.digest} {len(cells)} {loss} {epsilon!r} {_FORMAT}"

  def make() -> dict[str, np.ndarray]:
    return dataclasses.asdict(_calibrated(cells, epsilon, loss))

  def sound(found: Arrays) -> bool:
    table = Table(**found)
    # Its privacy is not taken on trust.
    return _is_table(table, len(cells)) and is_private(table.probabilities, DENOMINATOR, epsilon)

  return Table(**kept_arrays(FOLDER, key, make, sound, "outputs", "probabilities"))


def _calibrated(cells: Cells, epsilon: float, loss: str) -> Table:
  for hair in _HAIRS:
    used = min(epsilon, LARGEST_USED) * (1 - hair)
    table = table_of(solve(cells.points, cells.mass, used, loss))
    if is_private(table.probabilities, DENOMINATOR, epsilon):
      return table
  raise ConfigurationError(
    f"No extremal mechanism holds epsilon = {epsilon:g} exactly for this coordinate: use laplace."
  )


def certified_gap(cells: Cells, epsilon: float, loss: str) -> float:
  """How much less than the table's any mechanism's error could be: a bound, as a share of it.

  Takes up to some seconds, in which the program is solved over more sets than the table is made
  from; nothing that is promised hangs on it.

  Args:
    cells: the public distribution.
    epsilon: > 0.
    loss: "l1" or "l2".

  Returns:
    A share of the program's optimum, >= 0.

  Raises:
    ConfigurationError: for another loss, or if the solver gives up.
  """
  used = min(epsilon, LARGEST_USED) * (1 - _HAIRS[0])
  return max(0.0, duality_gap(solve(cells.points, cells.mass, used, loss), _WANTED_GAP))


def table_of(program: Program) -> Table:
  """A program's outputs on the grid, those that fall together added up."""
  columns = integer_table(program.members, program.weights, program.ratio)
  outputs, place = np.unique(to_grid(program.values), return_inverse=True)
  table = np.zeros((len(columns), len(outputs)), np.int64)
  np.add.at(table.T, place, columns.T)
  return Table(outputs, table)


def expected_loss(cells: Cells, table: Table, loss: str) -> float:
  """Mean error of released values over the public samples, float64, latent units (squared: l2)."""
  each = losses(cells.samples, from_grid(table.outputs), loss)
  chances = np.repeat(table.shares, np.diff(cells.starts), axis=0).T
  return float((each * chances).sum() / len(cells.samples))


def _is_table(table: Table, cells: int) -> bool:
  sound = table.outputs.dtype == np.int64 and table.probabilities.dtype == np.int64
  sound = sound and table.probabilities.shape == (cells, *table.outputs.shape)
  return sound and len(table.outputs) > 0 and bool((np.diff(table.outputs) > 0).all())
