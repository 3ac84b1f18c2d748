"""Experiments as a frame: cells are kept, an interrupted run goes on, what is left is whole."""

import csv
import re
from typing import ClassVar

import pytest

from privai_tf.errors import ConfigurationError
from privai_tf.evaluation import experiments
from privai_tf.evaluation.experiments import runner, style, writing
from privai_tf.evaluation.experiments.experiment import Experiment, Report, Settings


class _Toy(Experiment):
  """Three cells; the last one fails as often as is asked."""

  name, title = "toy", "A toy"
  ran: ClassVar[list] = []
  failures = 0

  def cells(self):
    return [("a", 0.5), ("a/b", None), ("c", 2)]

  def run(self, cell):
    type(self).ran.append(cell)
    if cell[0] == "c" and type(self).failures:
      type(self).failures -= 1
      raise KeyboardInterrupt
    return [{"cell": cell[0], "value": 1.0}, {"cell": cell[0], "extra": "<&>"}]

  def report(self, rows):
    figure, (axes,) = style.figure()
    axes.plot([0, 1], [0, len(rows)])
    return Report(["a < b"], {"main": figure}, {"main": "what is seen"}, {"summary": rows[:2]})


@pytest.fixture
def toy(monkeypatch):
  monkeypatch.setattr(_Toy, "ran", [])
  monkeypatch.setattr(_Toy, "failures", 0)
  monkeypatch.setattr(runner, "experiment_class", lambda name: _Toy)
  return _Toy


def test_what_is_finished_is_kept_and_not_done_again(toy, tmp_path):
  toy.failures = 1
  with pytest.raises(KeyboardInterrupt):
    runner.run_experiment("toy", Settings(), tmp_path)
  assert len(list((tmp_path / "cells").iterdir())) == 2
  assert not (tmp_path / "rows.csv").exists()
  toy.ran.clear()
  rows = runner.run_experiment("toy", Settings(), tmp_path)
  assert toy.ran == [("c", 2)]
  assert [row["cell"] for row in rows] == ["a", "a", "a/b", "a/b", "c", "c"]


def test_a_damaged_cell_is_done_again(toy, tmp_path):
  runner.run_experiment("toy", Settings(), tmp_path)
  (broken,) = (tmp_path / "cells").glob("c_2*")
  broken.write_text("{")
  toy.ran.clear()
  runner.run_experiment("toy", Settings(), tmp_path)
  assert toy.ran == [("c", 2)]


def test_a_folder_of_other_settings_is_refused(toy, tmp_path):
  runner.run_experiment("toy", Settings(epsilons=(1.0,)), tmp_path)
  runner.run_experiment("toy", Settings(epsilons=(1.0,)), tmp_path)
  with pytest.raises(ConfigurationError, match=r"other settings \(epsilons, seed\)"):
    runner.run_experiment("toy", Settings(epsilons=(2.0,), seed=1), tmp_path)


def test_tables_are_tidy_and_the_page_needs_no_other_file(toy, tmp_path):
  runner.run_experiment("toy", Settings(), tmp_path, command="python -m this")
  with open(tmp_path / "rows.csv", newline="") as file:
    rows = list(csv.DictReader(file))
  assert list(rows[0]) == ["cell", "value", "extra"]
  assert len(rows) == 6
  assert rows[1] == {"cell": "a", "value": "", "extra": "<&>"}
  assert (tmp_path / "main.png").stat().st_size
  assert (tmp_path / "summary.csv").exists()
  assert "<svg" in (tmp_path / "main.svg").read_text()
  page = (tmp_path / "report.html").read_text()
  assert "a &lt; b" in page
  assert "python -m this" in page
  assert "Three cells" not in page
  sources = re.findall(r'(?:src|href)="([^"]*)"', page)
  assert sources
  assert all(source.startswith("data:image/png;base64,") for source in sources)
  assert not re.search(r"<script|url\(|@import", page)


def test_every_experiment_states_itself():
  for name in experiments.NAMES:
    try:
      found = experiments.experiment_class(name)
    except ModuleNotFoundError:
      continue
    assert found.name == name
    assert issubclass(found, Experiment)
    document = __import__(found.__module__, fromlist=["x"]).__doc__
    assert f"--experiment={name}" in document
    assert "minutes" in document
  with pytest.raises(ConfigurationError, match="use one of budget"):
    experiments.experiment_class("nonsense")


def test_csv_of_nothing_is_an_empty_table():
  assert writing.csv_text([]).strip() == ""
