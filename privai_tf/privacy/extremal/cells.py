"""The public distribution of a number, cut into cells of equal mass."""

import dataclasses
import functools
import hashlib

import numpy as np

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.grid import from_grid, to_grid

CELLS_ASKED = 61


@dataclasses.dataclass(frozen=True, eq=False)
class Cells:
  """Cells that cover all real numbers: `x` lies in the cell of index "how many edges are below x".

  Attributes:
    edges: int64 [N - 1], ascending grid integers; a cell holds its upper edge.
    samples: float64 [n], the public numbers, ascending.
    starts: int64 [N + 1]; cell i holds the samples from starts[i] to starts[i + 1] - 1, at least one.
  """

  edges: np.ndarray
  samples: np.ndarray
  starts: np.ndarray

  def __len__(self) -> int:
    return len(self.starts) - 1

  @functools.cached_property
  def mass(self) -> np.ndarray:
    """Public probability of each cell, float64 [N]."""
    return np.diff(self.starts) / len(self.samples)

  @functools.cached_property
  def points(self) -> np.ndarray:
    """Public mean in each cell, float64 [N], ascending.

    It stands for the cell exactly: the squared error of any value y is that of the mean plus the
    cell's variance, which no mechanism can change, and the absolute error of a y outside the cell
    is that of the mean.
    """
    return np.add.reduceat(self.samples, self.starts[:-1]) / np.diff(self.starts)

  @functools.cached_property
  def digest(self) -> str:
    """SHA-256 of the cells' points and masses, in hexadecimal digits."""
    return hashlib.sha256(self.points.tobytes() + self.mass.tobytes()).hexdigest()

  def of(self, coordinates: np.ndarray) -> np.ndarray:
    """The cells of grid integers [n]; int64 [n]. Every edge is looked at, whatever the number."""
    return (coordinates[:, np.newaxis] > self.edges).sum(axis=1)


def make_cells(samples: np.ndarray, number: int = CELLS_ASKED) -> Cells:
  """Cells of as equal mass as the samples and the grid allow.

  Args:
    samples: public numbers [n], latent units, finite.
    number: how many cells are asked for; fewer, where samples coincide.

  Raises:
    ConfigurationError: if all samples are the same on the grid.
  """
  samples = np.sort(np.asarray(samples, np.float64).ravel())
  on_grid = to_grid(samples)
  if len(samples) < 2 or on_grid[0] == on_grid[-1]:
    raise ConfigurationError(
      "The coordinate never varies over the public samples: extremal has nothing to hide there; "
      "check the boundary, or leave the attribute out."
    )
  last = np.arange(1, number) * len(samples) // number - 1  # The last samples of the cells.
  edges = np.unique(on_grid[last[last >= 0]])
  edges = edges[edges < on_grid[-1]]
  if not len(edges):  # More than all but a cell's mass in one place, the least.
    edges = on_grid[:1]
  starts = np.concatenate([[0], np.searchsorted(on_grid, edges, "right"), [len(samples)]])
  return Cells(edges, samples, starts)


def cell_values(cells: Cells, chosen: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
  """A public sample from each chosen cell.

  Args:
    cells: the cells.
    chosen: int64 [n].
    uniforms: float64 [n] in [0, 1).

  Returns:
    float64 [n], on the grid.
  """
  first, end = cells.starts[chosen], cells.starts[chosen + 1]
  places = first + (uniforms * (end - first)).astype(np.int64)
  return from_grid(to_grid(cells.samples[np.minimum(places, end - 1)]))
