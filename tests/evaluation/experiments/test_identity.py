"""What people are told of recognition and of two auditors, from rows that are known."""

import numpy as np
import pytest

from privai_tf.evaluation.experiments import audit, identity, identity_plots
from privai_tf.evaluation.experiments.experiment import Settings


def _rows(mechanism, epsilon, right):
  """An attacker who is right so often among ten faces, and a figure of use."""
  random = np.random.default_rng(0)
  scores = random.random((100, 10, 10))
  keep = random.random((100, 10)) < right
  scores[keep] = np.tile(np.eye(10), (100, 1, 1)).reshape(100, 10, 10)[keep]
  common = {"mechanism": mechanism, "epsilon": epsilon}
  found = identity._found(
    common | {"attacker": "likeliest face", "sees": "codes"}, scores, epsilon, 0.0
  )
  kept = identity._shared(common, "kept age", random.random(500) < 0.7)
  learned = identity._figures({"age, trained on releases": np.ones(20)}, common)
  goal = identity._figures({"age, trained on originals": np.ones(20)}, common)
  return [found, kept, *learned, *goal]


@pytest.mark.parametrize(("right", "above"), [(0.05, False), (0.9, True)])
def test_an_attacker_above_the_bound_is_told(right, above):
  rows = _rows("subset_selection", 1.0, right)
  assert rows[0]["above_bound"] == above
  report = identity_plots.report(rows)
  assert ("lie above the bound" in report.findings[0]) == above
  assert ("none lies above" in report.findings[0]) != above
  assert "bound 23.2%" in report.findings[1]
  assert set(report.pictures) == {"recognized_among_10", "use"} == set(report.captions)


def test_epsilon_as_a_control_has_no_bound():
  row = identity._found({"epsilon": None}, np.stack([np.eye(10)] * 5), 0.0, 0.0)
  assert (row["rank_one"], row["bound"], row["above_bound"]) == (1.0, None, False)


def test_cells_weigh_where_something_is_left():
  cells = identity.Identity(Settings(epsilons=(1.0, 4.0))).cells()
  assert cells[0] == ("original", 0.0)
  assert (identity.WEIGHTED, 4.0) in cells
  assert (identity.WEIGHTED, 1.0) not in cells
  chosen = identity.Identity(Settings(epsilons=(4.0,), mechanisms=("gaussian",))).cells()
  assert chosen == [("original", 0.0), ("gaussian", 4.0)]


def test_an_auditor_that_refutes_a_shipped_mechanism_is_told():
  common = {"claim": 1.0, "delta": 0.0, "samples": 10}
  rows = [
    common
    | {"mechanism": name, "auditor": who, "control": control, "lower_bound": bound, "refuted": bad}
    for who in (audit._OURS, audit._THEIRS)
    for name, control, bound, bad in (("laplace", False, 0.9, False), ("broken", True, 2.0, True))
  ]
  experiment = audit.Audit(Settings())
  assert "no claim is refuted" in experiment.report(rows).findings[0]
  assert "ours refutes 1, the hockey-stick test 1" in experiment.report(rows).findings[0]
  rows[0]["refuted"] = True
  assert "REFUTED: laplace" in experiment.report(rows).findings[0]
