"""The conformance table of docs/networks.md: every cell is run on a tiny network."""

import pytest

from benchmarks.conformance.cells import CELLS, Bench
from benchmarks.conformance.families import NETWORKS, make_checkpoint
from benchmarks.conformance.table import YES, expected, markdown
from privai_tf.errors import PrivaiError


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
  """A checkpoint of each row, made when it is first asked for."""
  made = {}

  def checkpoint(row):
    if row not in made:
      made[row] = make_checkpoint(row, tmp_path_factory.mktemp("network") / "tiny")
    return made[row]

  return checkpoint


# What compiles much: run by hand for variants of a row (labels, grey, radial), which share its code,
# and for the newer families, whose own tests draw, search and release as well.
_COSTLY = {"XLA", "SavedModel", "invert", "encoder", "release: image", "release: metric"}
_COSTLY |= {"Beam", "gateway"}
_EVERYWHERE = {"pggan", "stylegan"}


def _cell(row, column):
  by_hand = row not in _EVERYWHERE and column in _COSTLY and expected(row, column) == YES
  mark = pytest.mark.very_slow if by_hand else pytest.mark.slow
  return pytest.param(row, column, marks=mark, id=f"{row}-{column}")


@pytest.mark.parametrize(
  ("row", "column"), [_cell(row, column) for row in NETWORKS for column in CELLS]
)
def test_cell(checkpoints, tmp_path, row, column):
  bench, words = Bench(checkpoints(row), tmp_path), expected(row, column)
  if words == YES:
    CELLS[column](bench)
    return
  with pytest.raises(PrivaiError) as refused:
    CELLS[column](bench)
  assert words in str(refused.value)
  assert "\n" not in str(refused.value)


def test_the_page_shows_the_table(repository):
  page = (repository / "docs" / "networks.md").read_text(encoding="utf-8")
  assert markdown() in page, "run python -m benchmarks.conformance"
