"""The prototype's study on a scorer whose answers are known, and what is compared at equal privacy."""

import math

import numpy as np
import pytest

from privai_tf.errors import InputError
from privai_tf.evaluation.experiments import equal_privacy, reference_study
from privai_tf.evaluation.experiments.reference_study import Anchor, Tools

_SLOPE = 3.0
_AXIS = np.eye(6)[0]
# Pictures are codes; the attribute's score is 3 w_0 - 1.5, the second one's w_1.
_TOOLS = Tools(
  draw=lambda codes: codes.astype(np.float64),
  scores=lambda pictures: np.stack([_SLOPE * pictures[:, 0] - 1.5, pictures[:, 1]], axis=1),
  embed=lambda pictures: pictures,
  similarity=lambda one, other: 1 - np.linalg.norm(one - other, axis=1),
)


@pytest.fixture(scope="module")
def anchor():
  code = np.array([2.0, 0.3, 0, 0, 0, 0])
  return reference_study.find_anchor(code, _AXIS, 1.0, _TOOLS)


def test_the_anchor_lies_on_the_decision_boundary(anchor):
  assert anchor.code[0] == pytest.approx(0.5, abs=1e-4)
  assert anchor.alpha == pytest.approx(-1.5, abs=1e-4)
  assert abs(anchor.margin) < 1e-3
  np.testing.assert_array_equal(anchor.code[1:], [0.3, 0, 0, 0, 0])


def test_a_scorer_that_never_changes_its_mind_is_told():
  deaf = Tools(
    _TOOLS.draw, lambda pictures: np.ones((len(pictures), 2)), _TOOLS.embed, _TOOLS.similarity
  )
  with pytest.raises(InputError, match="wherever it is moved"):
    reference_study.find_anchor(np.zeros(6), _AXIS, 1.0, deaf)


def test_slopes_are_those_of_a_linear_scorer(anchor):
  assert reference_study.lipschitz_on_subspace(anchor, _AXIS, 1.0, _TOOLS) == pytest.approx(_SLOPE)
  everywhere = reference_study.lipschitz_everywhere(anchor, 0, _TOOLS)
  assert 0.5 * _SLOPE < everywhere / reference_study.SAFETY <= _SLOPE
  expected = math.sqrt(2 * math.log(1.25e5)) * _SLOPE * 0.5 / 2
  assert reference_study.sigma_of(_SLOPE, 0.5, 2.0) == pytest.approx(expected)


def test_moves_are_where_and_as_long_as_they_are_called():
  made = {m: reference_study.moves(m, _AXIS, 4.0, 0.5, 500, 1) for m in reference_study.METHODS}
  lengths = {name: np.linalg.norm(added, axis=1) for name, added in made.items()}
  assert not made["sub"][:, 1:].any()
  np.testing.assert_allclose(lengths["iso_nm"], lengths["sub"])
  for one in lengths.values():
    assert one.max() <= 0.5 + 1e-9
  # Most of the noise ends at tau: the prototype's two atoms.
  assert np.mean(lengths["sub"] > 0.5 - 1e-9) == pytest.approx(
    math.erfc(0.125 / math.sqrt(2)), abs=0.06
  )


def test_figures_of_a_draw(anchor):
  figures, scores = reference_study.monte_carlo(
    anchor, np.array([0.1, -0.1])[:, None] * _AXIS, _TOOLS
  )
  assert figures["attack"] == (0.5, 0.5)
  assert figures["leak"] == (0.0, 0.0)
  assert figures["perc"][0] == pytest.approx(0.1, abs=1e-6)
  np.testing.assert_allclose(scores, anchor.margin + _SLOPE * np.array([0.1, -0.1]), atol=1e-6)
  row = reference_study.table_row(
    "sub", 1.0, 0.5, 2.0, {"Ls_est": 3.0, "Lfull_est": 4.5}, figures, anchor
  )
  assert tuple(row) == reference_study.COLUMNS
  assert len(row) == 17


def test_equal_utility_is_found_or_said_to_be_out_of_reach():
  anchor = Anchor(np.zeros(6), 0.0, 0.0)
  options = {"count": 400, "seed": 0, "steps": 10}
  sigma, figures = reference_study.matching_sigma(0.2, _AXIS, 1.0, 0.1, anchor, _TOOLS, **options)
  assert figures["perc"][0] == pytest.approx(0.2, rel=0.05)
  assert sigma == pytest.approx(0.2 / math.sqrt(6), rel=0.15)
  _, figures = reference_study.matching_sigma(3.0, _AXIS, 1.0, 0.1, anchor, _TOOLS, **options)
  assert figures["perc"][0] <= 1.0 + 1e-9


def _row(mechanism, dial, accuracy, value):
  figures = {f: value for f in equal_privacy.FIGURES}
  ends = {f"{f} {end}": value + s for f in figures for end, s in (("low", -0.1), ("high", 0.1))}
  common = {"mechanism": mechanism, "attribute": "age", "dial": dial, "accuracy": accuracy}
  return common | figures | ends


def test_figures_at_equal_privacy_lie_between_their_neighbours():
  rows = [_row("a", 1, 0.6, 0.9), _row("a", 2, 0.8, 0.5), _row("b", 1, 0.97, 0.8)]
  a, b = equal_privacy.at_equal_privacy(rows, goals=(0.65,))
  assert a["reached"]
  assert a["dial"] == pytest.approx(1.25)
  assert a["kid"] == pytest.approx(0.8)
  assert (a["kid low"], a["kid high"]) == pytest.approx((0.7, 0.9))
  assert not b["reached"]
  assert (b["accuracy"], b["kid"]) == (0.97, 0.8)


def test_no_share_has_an_interval_beyond_one():
  (row,) = equal_privacy.at_equal_privacy(
    [_row("a", 1, 0.6, 0.98), _row("a", 2, 0.8, 0.98)], goals=(0.7,)
  )
  assert row["others kept high"] == 1.0
  assert row["sharpness ratio high"] == pytest.approx(1.08)
