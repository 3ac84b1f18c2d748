"""What the extremal mechanism draws, and what it cannot be made of."""

import numpy as np
import pytest
from scipy import stats

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.extremal.cells import cell_values, make_cells
from privai_tf.privacy.extremal.program import Program, solve
from privai_tf.privacy.grid import CELLS, from_grid, to_grid
from privai_tf.privacy.mechanisms import make_mechanism
from tests.privacy.extremal_mechanisms import extremal, normal

_FALSE_ALARM = 1e-8


def test_coinciding_samples_make_fewer_cells():
  cells = make_cells(np.array([0.0] * 90 + [1.0] * 10))
  assert cells.edges.tolist() == [0]
  np.testing.assert_allclose(cells.mass, [0.9, 0.1])
  assert len(make_cells(np.array([0.0, 1.0] * 50 + [2.0]))) == 3
  drawn = cell_values(cells, np.array([0, 1, 1]), np.array([0.999, 0.0, 0.999]))
  assert drawn.tolist() == [0.0, 1.0, 1.0]


@pytest.mark.parametrize("value", [-5.0, -0.3, 0.0, 2.0])
def test_draws_have_the_tables_probabilities(value):
  """Chi-square, false alarm 1e-8 for each of the four."""
  mechanism = extremal(4.0)
  drawn = mechanism.release_values(np.full((30_000, 1), value))[:, 0]
  counts = np.bincount(mechanism.index_of(drawn), minlength=len(mechanism.table.outputs))
  row = mechanism.table.shares[mechanism.cells.of(to_grid(np.array([value])))[0]]
  assert stats.chisquare(counts, row * 30_000).pvalue > _FALSE_ALARM
  assert set(drawn) <= set(from_grid(mechanism.table.outputs))


@pytest.mark.parametrize(
  ("parameters", "words"),
  [
    ({"samples": np.full(100, 0.3)}, "never varies.*check the boundary"),
    ({"samples": np.array([0.3, 0.3 + 1e-9])}, "never varies"),
    ({"samples": None}, "needs public samples"),
    ({"dimensions": 18}, "at most 1 number.*wplus_mode='tied'"),
    ({"loss": "l3"}, "Unknown loss 'l3'.*l1, l2"),
    ({"delta": 1e-5}, "delta is 1e-05"),
  ],
)
def test_bad_input_is_refused_in_one_line(parameters, words):
  with pytest.raises(ConfigurationError, match=words) as error:
    make_mechanism("extremal", **{"epsilon": 1.0, "samples": normal(61), **parameters})
  assert "\n" not in str(error.value)


def test_outputs_are_on_the_grid():
  mechanism = extremal(2.0)
  assert mechanism.table.outputs.dtype == np.int64
  assert mechanism.side_values == (
    mechanism.table.outputs[0] / CELLS,
    mechanism.table.outputs[-1] / CELLS,
  )
  assert isinstance(solve(normal(5), np.full(5, 0.2), 1.0, "l1"), Program)
