"""What `budget` covers by default: every way to release, at seven epsilons, and no more than two hours."""

import io

import pytest

from privai_tf.errors import ConfigurationError
from privai_tf.evaluation.experiments import budget_report
from privai_tf.evaluation.experiments.budget import EPSILONS, Budget
from privai_tf.evaluation.experiments.experiment import Settings
from privai_tf.privacy.accounting.attackers import attacker_bound
from privai_tf.privacy.mechanisms import mechanism_class, mechanism_names
from privai_tf.privacy.spec import PrivacySpec


def _kinds(cells) -> set[tuple]:
  return {cell[:3] for cell in cells}


def test_every_mechanism_decoding_and_scope_is_attacked_at_every_epsilon():
  cells = Budget(Settings()).cells()
  assert len(cells) == len(set(cells)) < 400
  wanted = {
    (scope, name, decode)
    for name in mechanism_names()
    for scope in mechanism_class(name).scopes
    for decode in mechanism_class(name).decodings
    if scope != "metric"
    # Of one number it is laplace; of several there is none.
    if (scope, name) not in {("attribute", "l2_laplace"), ("image", "exponential")}
  }
  assert _kinds(cells) == wanted
  for kind in wanted:
    epsilons = {cell[3] for cell in cells if cell[:3] == kind}
    assert epsilons == {value for value in EPSILONS if kind[1] != "gaussian_classic" or value <= 1}


def test_what_is_left_out_is_refused_by_the_mechanisms_themselves():
  PrivacySpec(mechanism="gaussian_classic", epsilon=1.0, delta=1e-5, scope="image")
  with pytest.raises(ConfigurationError):
    PrivacySpec(mechanism="gaussian_classic", epsilon=2.0, delta=1e-5, scope="image")
  with pytest.raises(ConfigurationError):
    PrivacySpec(mechanism="extremal", epsilon=1.0, scope="image")


def test_the_advised_release_and_the_prototypes_are_attacked_on_every_attribute():
  cells = Budget(Settings()).cells()
  hidden = {
    kind: {cell[4] for cell in cells if cell[:3] == kind and cell[5] == "codes"}
    for kind in _kinds(cells)
  }
  every = {"age", "eyeglasses", "gender", "pose", "smile"}
  assert hidden["attribute", "extremal", "sample"] == every
  assert hidden["attribute", "reference_postclip", "raw"] == every
  assert hidden["attribute", "laplace", "raw"] == {"gender", "smile"}
  assert hidden["image", "subset_selection", "raw"] == {""}
  asked = Budget(Settings(attributes=("age", "pose"))).cells()
  assert {cell[4] for cell in asked if cell[:2] == ("attribute", "laplace")} == {"age", "pose"}


def test_networks_look_at_few_releases():
  drawn = [cell for cell in Budget(Settings()).cells() if cell[5] == "pictures"]
  assert len(drawn) == 3
  assert {cell[3] for cell in drawn} == {1.0}


def _rows(scope, mechanism, decode, attributes, epsilons=EPSILONS) -> list[dict]:
  """As if the attacker read halfway up to the promise."""
  rows = []
  for epsilon in epsilons:
    promise = attacker_bound(epsilon)
    about = {"scope": scope, "mechanism": mechanism, "decode": decode, "epsilon": epsilon}
    about |= {"promise": promise}
    for name in attributes:
      about["hidden"] = "" if scope == "image" else name
      value = (promise + 0.5) / 2
      read = {"value": value, "low": value - 0.02, "high": min(1, value + 0.02), "count": 2000}
      for measure in ("majority", "linear", "bayes"):
        rows.append(
          about
          | {"kind": "attack", "measure": measure, "attribute": name}
          # What sees more than is published is never the strongest reader.
          | read
          | ({"value": 1.0} if measure == "bayes" else {})
        )
      kept = {"kind": "utility", "measure": "resemblance", "value": epsilon / 16, "count": 2000}
      rows.append(about | kept | {"low": 0.0, "high": 1.0})
  return rows


def test_pictures_say_what_they_show_whatever_was_attacked():
  rows = _rows("image", "subset_selection", "raw", ("gender", "smile"))
  rows += _rows("image", "gaussian_classic", "raw", ("gender", "smile"), (0.1, 1.0))
  rows += _rows("attribute", "extremal", "value", ("gender", "smile"))
  rows += _rows("attribute", "extremal", "sample", ("age", "gender", "pose", "smile"))
  rows += _rows("attribute", "reference_postclip", "raw", ("smile",), (1.0,))
  made = budget_report.report(rows)
  drawn = {
    name: [axes for axes in picture.axes if axes.get_visible()]
    for name, picture in made.pictures.items()
  }
  assert [axes.get_title() for axes in drawn["frontier"]] == [
    "whole face hidden",
    "smile hidden, rest kept",
  ]
  assert len(drawn["attackers"]) == 1 + 4
  assert set(made.pictures) == set(made.captions)
  for axes in (*drawn["frontier"], *drawn["attackers"][2:]):
    assert "(" in axes.get_xlabel() or axes in drawn["attackers"][:2]
  labels = {text.get_text() for text in made.pictures["frontier"].legends[0].get_texts()}
  assert labels == {
    *("subset_selection", "extremal", "extremal, sample", "blind guess"),
    "reference_postclip (baseline, not private)",
  }
  for picture in made.pictures.values():
    picture.savefig(io.BytesIO(), format="png", dpi=40)
  assert {row["attacker"] for row in made.tables["strongest"]} == {"linear"}
  assert "above the promise by more than the 99% interval: none" in made.findings[0]


def test_attackers_of_pictures_have_a_panel_for_each_release_that_they_saw():
  rows = _rows("attribute", "extremal", "sample", ("smile",), (1.0, 4.0))
  rows += _rows("image", "subset_selection", "raw", ("gender", "smile"), (1.0,))
  rows = [row for row in rows if row["measure"] != "bayes"]
  for row in [row for row in rows if row["measure"] == "linear" and row["epsilon"] == 1.0]:
    if row["attribute"] == "smile":
      rows.append(row | {"measure": "network"})
  made = budget_report.report(rows)
  panels = [axes for axes in made.pictures["who"].axes if axes.get_visible()]
  assert [axes.get_title().split("\n")[0] for axes in panels] == [
    "extremal, sample",
    "subset_selection, raw",
  ]
  made.pictures["who"].savefig(io.BytesIO(), format="png", dpi=40)
