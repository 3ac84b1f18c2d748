"""The extremal mechanism: as good as theory allows, exactly as private as it says, and it refuses."""

import dataclasses
import itertools
import json
from fractions import Fraction

import numpy as np
import pytest

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.extremal import table as tables
from privai_tf.privacy.extremal.cells import make_cells
from privai_tf.privacy.extremal.certificate import duality_gap
from privai_tf.privacy.extremal.program import solve
from privai_tf.privacy.extremal.rational import (
  DENOMINATOR,
  integer_table,
  is_private,
  rational_below_exp,
  total_variation,
)
from privai_tf.privacy.extremal.shares import best_shares
from privai_tf.privacy.grid import STEP, to_grid
from tests.privacy.extremal_mechanisms import extremal, normal

_FALSE_ALARM = 1e-8
_EPSILONS = [0.01, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 40.0]


class _Words:
  """A source of given words."""

  def __init__(self, words):
    self._words = list(words)

  def words(self, count):
    taken, self._words = self._words[:count], self._words[count:]
    assert len(taken) == count
    return np.array(taken, np.uint64)


def _reference(repository):
  path = repository / "tests" / "data" / "dp_reference" / "extremal.json"
  return json.loads(path.read_text(encoding="utf-8"))["values"]


def test_the_program_attains_the_reference_optimum(repository):
  """On the reference's distribution: 61 points of equal mass."""
  for key, row in _reference(repository).items():
    loss, epsilon = key.split("/")
    program = solve(normal(61), np.full(61, 1 / 61), float(epsilon), loss)
    assert program.optimum == pytest.approx(row["optimum"], abs=1e-6), key
    assert len(np.unique(program.values)) == row["outputs"], key


def test_what_is_drawn_is_as_good_as_the_optimum(repository):
  """The integers' expected error, the hair below e^epsilon and the grid included."""
  for key, row in _reference(repository).items():
    loss, epsilon = key.split("/")
    found = extremal(float(epsilon), 61, loss).expected_loss
    assert row["optimum"] - 1e-6 < found < row["optimum"] + STEP, key


@pytest.mark.parametrize(("epsilon", "error"), [(0.5, 0.942), (1, 0.845), (2, 0.613), (4, 0.236)])
def test_squared_errors_of_the_specification(epsilon, error):
  assert extremal(epsilon).expected_loss <= 1.02 * error


@pytest.mark.parametrize("loss", ["l1", "l2"])
def test_absolute_error_of_the_specification(loss):
  """On a coordinate that is normal without cells: its public samples' quantiles, not their means."""
  mechanism = extremal(1.0, 20_000, loss)
  assert tables.expected_loss(mechanism.cells, mechanism.table, "l1") <= 1.02 * 0.702


@pytest.mark.parametrize("loss", ["l1", "l2"])
@pytest.mark.parametrize("epsilon", [0.25, 1.0, 2.0, 4.0, 8.0])
def test_no_mechanism_whatever_is_better(epsilon, loss):
  """Over all sets of cells and all real outputs, by duality."""
  program = solve(normal(21), np.full(21, 1 / 21), epsilon, loss)
  assert -1e-9 < duality_gap(program) < 1e-6


@pytest.mark.parametrize(
  ("epsilon", "loss"), [(0.25, "l2"), (2.0, "l2"), (2.0, "l1"), (40.0, "l2")]
)
def test_a_mechanism_knows_its_own_gap(epsilon, loss):
  """With as many cells as releases have."""
  samples = np.random.default_rng(0).normal(size=2000)
  mechanism = extremal(epsilon, samples, loss)
  assert len(mechanism.cells) == 61
  assert 0 <= mechanism.duality_gap <= 1e-6


def test_a_worse_mechanism_has_a_gap():
  """Two outputs where five are best: the certificate sees what they cost."""
  two = solve(normal(21), np.full(21, 1 / 21), 1.0, "l2")
  chances = np.where(two.members, 1.0, np.exp(-4.0)) * (1 / (1 + np.exp(-4.0)))
  joint = chances / 21
  values = joint @ normal(21) / joint.sum(axis=1)
  cost = float((joint * (values[:, np.newaxis] - normal(21)) ** 2).sum())
  best = solve(normal(21), np.full(21, 1 / 21), 4.0, "l2")
  gap = duality_gap(dataclasses.replace(best, optimum=cost))
  assert gap == pytest.approx(1 - best.optimum / cost, abs=1e-6)
  assert gap > 0.1


# Exact privacy.


def _probabilities(mechanism):
  """P(output | input) in units of 2^-62 for one input in each cell, from the sampler itself.

  The output grows with the uniform integer, so where it changes tells how many integers lead to
  each output: one before and one at each threshold are tried.
  """
  cells, table = mechanism.cells, mechanism.table
  inputs = [*cells.edges.tolist(), int(cells.edges[-1]) + 1]
  rows = []
  for cell, number in enumerate(inputs):
    ends = [0, *table.thresholds[cell].tolist(), DENOMINATOR]
    for output, (start, end) in enumerate(itertools.pairwise(ends)):
      if start < end:
        words = [start << 2, ((end - 1) << 2) + 3]
        drawn = mechanism.release(np.full((2, 1), number), _Words(words))
        assert (drawn == table.outputs[output]).all()
    rows.append([end - start for start, end in itertools.pairwise(ends)])
  return rows


def _check_exactly(mechanism):
  """In rationals: rows are distributions, and no ratio exceeds e^epsilon."""
  bound = rational_below_exp(mechanism.epsilon)
  rows = _probabilities(mechanism)
  assert all(sum(row) == DENOMINATOR for row in rows)
  for column in zip(*rows, strict=True):
    assert Fraction(max(column), DENOMINATOR) <= bound * Fraction(min(column), DENOMINATOR)


@pytest.mark.parametrize("loss", ["l1", "l2"])
@pytest.mark.parametrize("epsilon", _EPSILONS)
@pytest.mark.parametrize("samples", [2, 3, 7, 61])
def test_every_probability_ratio_is_at_most_e_to_the_epsilon(samples, epsilon, loss):
  _check_exactly(extremal(epsilon, samples, loss))


@pytest.mark.parametrize("epsilon", [0.5, 1.0, 4.0])
def test_epsilon_is_used_up(epsilon):
  """No more privacy than asked for, or the error would not be the least."""
  rows = extremal(epsilon).table.probabilities.tolist()
  ratios = [Fraction(max(column), min(column)) for column in zip(*rows, strict=True)]
  assert float(max(ratios)) == pytest.approx(np.exp(epsilon), rel=1e-9)


def _changed(mechanism, probabilities):
  mechanism.table = tables.Table(mechanism.table.outputs, probabilities)
  return mechanism


def test_a_weight_above_e_to_the_epsilon_is_caught():
  mechanism = extremal(1.0)
  program = solve(mechanism.cells.points, mechanism.cells.mass, 1.0 + 1e-9, "l2")
  wrong = integer_table(program.members, program.weights, program.ratio)
  assert not is_private(wrong, DENOMINATOR, 1.0)
  with pytest.raises(AssertionError):
    _check_exactly(_changed(mechanism, wrong))


def test_a_missing_normalizer_is_caught():
  """Weights whose rows have different sums, and the same divided by them: both break the promise."""
  mechanism = extremal(1.0)
  table = mechanism.table.probabilities
  short = table.copy()
  short[-1] -= short[-1] // 1000
  assert not is_private(short, DENOMINATOR, 1.0)
  with pytest.raises(AssertionError):
    _check_exactly(_changed(mechanism, short))
  # Each output's two levels have the right ratio; the sums of rows do not match.
  levels = np.array([[3, 1, 1], [1, 3, 1], [1, 1, 1]])
  assert not is_private(levels * (DENOMINATOR // 5), DENOMINATOR, float(np.log(3)) + 1e-12)
  divided = [[Fraction(int(value), int(row.sum())) for value in row] for row in levels]
  scaled = np.array([[int(value * 15) for value in row] for row in divided])
  assert not is_private(scaled, 15, 1.0)


def test_a_cell_off_by_one_is_caught():
  """Of a set's cells in the table: no longer the mechanism of least error, nor a distribution."""
  mechanism = extremal(4.0)
  program = solve(mechanism.cells.points, mechanism.cells.mass, 4.0, "l2")
  members = program.members.copy()
  first = int(members[0].argmax())
  members[0, first + int(members[0].sum()) - 1] = False
  shifted = np.where(members, 1.0, program.ratio) * program.weights[:, np.newaxis]
  wrong = np.floor(shifted.T * float(DENOMINATOR)).astype(np.int64)
  assert not is_private(wrong, DENOMINATOR, 4.0)
  filled = integer_table(members, program.weights, program.ratio)
  assert not is_private(filled, DENOMINATOR, 4.0)


def test_calibration_refuses_what_it_cannot_verify(monkeypatch, tmp_path):
  monkeypatch.setenv("PRIVAI_CACHE_DIR", str(tmp_path))
  monkeypatch.setattr(tables, "_HAIRS", (-1e-6,))
  with pytest.raises(ConfigurationError, match=r"holds epsilon = 1 exactly.*use laplace"):
    extremal(1.0)


def test_a_table_from_the_cache_is_not_taken_on_trust(monkeypatch, tmp_path):
  monkeypatch.setenv("PRIVAI_CACHE_DIR", str(tmp_path))
  first = extremal(1.0).table
  (path,) = (tmp_path / "extremal").iterdir()
  monkeypatch.setattr(tables, "solve", None)  # The next one comes from the cache.
  np.testing.assert_array_equal(extremal(1.0).table.probabilities, first.probabilities)
  monkeypatch.undo()
  monkeypatch.setenv("PRIVAI_CACHE_DIR", str(tmp_path))
  telling = first.probabilities.copy()
  telling[0] = 0
  telling[0, 0] = DENOMINATOR
  np.savez(path, outputs=first.outputs, probabilities=telling)
  np.testing.assert_array_equal(extremal(1.0).table.probabilities, first.probabilities)
  path.write_bytes(b"damaged")
  np.testing.assert_array_equal(extremal(1.0).table.probabilities, first.probabilities)


def test_a_cache_that_cannot_be_written_does_no_harm(monkeypatch, tmp_path):
  (tmp_path / "file").write_text("")
  monkeypatch.setenv("PRIVAI_CACHE_DIR", str(tmp_path / "file"))
  assert extremal(1.0).expected_loss < 0.845


# Cells, draws, figures.


def test_every_number_lies_in_a_cell():
  cells = make_cells(normal(610))
  assert len(cells) == 61
  assert set(np.diff(cells.starts)) == {10}
  np.testing.assert_allclose(cells.mass, 1 / 61)
  far = np.array([-(2**60), 2**60])
  assert cells.of(far).tolist() == [0, 60]
  # Edges belong to the cell below; the samples of a cell lie in it.
  assert cells.of(cells.edges).tolist() == list(range(60))
  assert cells.of(cells.edges + 1).tolist() == list(range(1, 61))
  np.testing.assert_array_equal(cells.of(to_grid(cells.samples)), np.repeat(np.arange(61), 10))


@pytest.mark.parametrize("epsilon", _EPSILONS)
def test_the_best_attacker_is_known_exactly(epsilon):
  mechanism = extremal(epsilon)
  rows = mechanism.table.probabilities.tolist()
  far = max(
    Fraction(sum(max(a - b, 0) for a, b in zip(row, other, strict=True)), DENOMINATOR)
    for row in rows[:: max(1, len(rows) // 8)] + rows[-1:]
    for other in rows
  )
  variation = total_variation(mechanism.table.probabilities, DENOMINATOR)
  assert (
    far <= variation <= Fraction(np.expm1(epsilon) / (np.exp(epsilon) + 1)) + Fraction(1, 10**9)
  )
  assert 0 <= mechanism.total_variation - variation < 1e-15


def test_one_budget_is_split_where_it_helps_most():
  narrow, wide = 0.01 * normal(200), normal(200)
  for epsilon in (0.3, 2.0, 9.0):
    shares = best_shares([narrow, wide, wide], epsilon, "l2")
    assert sum(map(Fraction, shares)) <= Fraction(epsilon)
    assert sum(shares) == pytest.approx(epsilon)
    assert shares[0] == min(shares) > 0
    equal = [extremal(epsilon / 3, one).expected_loss for one in (narrow, wide, wide)]
    best = [
      extremal(share, one).expected_loss
      for share, one in zip(shares, (narrow, wide, wide), strict=True)
    ]
    assert sum(best) <= sum(equal) + 1e-9
