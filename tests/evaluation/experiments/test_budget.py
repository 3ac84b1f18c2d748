"""What `budget` covers by default: every way to release, at seven epsilons, and no more than two hours."""

import pytest

from privai_tf.errors import ConfigurationError
from privai_tf.evaluation.experiments.budget import EPSILONS, Budget
from privai_tf.evaluation.experiments.experiment import Settings
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
