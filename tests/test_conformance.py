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


@pytest.mark.slow
@pytest.mark.parametrize("column", CELLS)
@pytest.mark.parametrize("row", NETWORKS)
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
