"""Every guarantee that cannot be given is refused by its own message, with the remedy."""

import dataclasses
import json
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.mechanisms import (
  default_mechanism,
  make_mechanism,
  mechanism_class,
  mechanism_names,
)
from privai_tf.privacy.spec import PrivacySpec

_NAN, _INFINITY = float("nan"), float("inf")
_STAND_INS = {"mechanism": "subset_selection", "scope": "image"}
_REFUSED = [
  ({"epsilon": _NAN}, "epsilon is NaN", "positive number"),
  ({"epsilon": _INFINITY}, "epsilon is inf .*promises nothing", "positive number"),
  ({"epsilon": -_INFINITY}, "epsilon is -inf", "positive number"),
  ({"epsilon": 0}, "epsilon is 0", "positive number"),
  ({"epsilon": -1.0}, "epsilon is -1", "positive number"),
  ({"epsilon": 1e-9}, "epsilon is 1e-09: only 1e-6 to 500", "supported"),
  ({"epsilon": 1e6}, "only 1e-6 to 500", "supported"),
  ({"epsilon": "1"}, "epsilon is '1'", "must be a number"),
  ({"epsilon": True}, "epsilon is True", "must be a number"),
  ({"epsilon": ()}, "epsilon is empty", "one for each"),
  ({"epsilon": (1.0, _NAN)}, "epsilon is NaN", "positive number"),
  ({"delta": _NAN}, "delta is NaN", "1e-5"),
  ({"delta": -1e-5}, "delta is -1e-05: it is a probability", "1e-5"),
  ({"delta": 1.0}, "delta is 1.0: from 1 on", "1e-5"),
  ({"delta": _INFINITY}, "delta is inf: from 1 on", "1e-5"),
  ({"delta": None}, "delta is None", "must be a number"),
  ({"mechanism": "gaussian", "delta": 1e-200}, "below 1e-100", "laplace"),
  ({"mechanism": "laplace", "delta": 1e-5}, "laplace is purely", "gaussian"),
  (
    {"mechanism": "randomized_response", "delta": 1e-5},
    "randomized_response is purely",
    "delta to 0",
  ),
  ({"mechanism": "gaussian"}, "gaussian is never purely", "use laplace"),
  ({"mechanism": "gaussian_classic", "delta": 1e-5, "epsilon": 2}, "epsilon <= 1", "use gaussian"),
  ({"mechanism": "reference_postclip"}, "delta is 0", "give a delta"),
  ({"mechanism": "cauchy"}, "Unknown mechanism 'cauchy'", "use one of .*laplace"),
  ({"mechanism": []}, "Unknown mechanism", "use one of"),
  ({"scope": "face"}, "Unknown scope 'face'", "attribute, image, metric"),
  ({"wplus_mode": "each"}, "Unknown W[+] mode 'each'", "tied, per_layer"),
  ({"scope": "metric"}, "laplace is not defined for scope metric", "attribute"),
  ({"mechanism": "metric_laplace"}, "not defined for scope attribute", "metric"),
  (
    {"mechanism": "randomized_response", "scope": "image"},
    "not defined for scope image",
    "attribute",
  ),
  ({"scope": "image", "epsilon": (1, 2)}, "2 epsilons with scope image", "give one epsilon"),
  ({"scope": "image", "noise_maps_optimized": True}, "noise maps with scope image", "fixed noise"),
  ({"scope": "image", "pasted_back": True}, "Pasting the face back", "face alone"),
  ({"components": 4}, "components is 4 with scope attribute", "scope image"),
  ({"scope": "image", "components": 0}, "components is 0", "at least 1"),
  ({"clip_quantile": 0}, "clip_quantile is 0", "0.99"),
  ({"clip_quantile": _NAN}, "clip_quantile is nan", "0.99"),
  ({"clip_radius": 0.0}, "clip_radius is 0.0", "leave it out"),
  ({"clip_radius": _NAN}, "clip_radius is nan", "leave it out"),
  ({"clip_radius": 1e9}, "clip_radius is 1000000000.0", "leave it out"),
  ({"lipschitz": -1}, "lipschitz is -1", "positive"),
  ({"noise_seed": -1}, "noise_seed is -1", "at least 0"),
  ({"noise_seed": 0.5}, "noise_seed is 0.5", "whole number"),
  ({"calibration_count": 3}, "calibration_count is 3", "at least 100"),
  ({**_STAND_INS, "codebook_size": 1}, "codebook_size is 1:", "from 2"),
  ({**_STAND_INS, "codebook_size": 2**23}, "codebook_size is 8388608", "2.22"),
  ({**_STAND_INS, "codebook_size": 64, "subset_size": 0}, "subset_size is 0 of 64", "from 1 to 63"),
  ({**_STAND_INS, "codebook_size": 64, "subset_size": 64}, "subset_size is 64 of 64", "1 to 63"),
  ({**_STAND_INS, "wplus_mode": "per_layer"}, "one code for all layers", "tied"),
  ({**_STAND_INS, "scope": "attribute"}, "subset_selection is not defined for scope", "image"),
  ({**_STAND_INS, "delta": 1e-5}, "subset_selection is purely", "delta to 0"),
  ({**_STAND_INS, "resemble": (("age", -1.0),)}, "weight of 'age' is -1.0", "0 or more"),
  ({**_STAND_INS, "resemble": (("sex", _NAN),)}, "weight of 'sex' is nan", "0 or more"),
  ({**_STAND_INS, "resemble": (("age", 1), ("age", 2))}, "age, age twice", "one weight"),
  ({**_STAND_INS, "resemble": ("age",)}, "'age' is no pair", "name and a weight"),
  ({**_STAND_INS, "resemble": (("age", 0), ("rest", 0))}, "all weights are 0", "above 0"),
  ({"resemble": (("age", 1.0),)}, "resemble is given and mechanism laplace", "subset_selection"),
  ({"subset_size": 3}, "subset_size is given and mechanism laplace", "leave it out"),
  (
    {"scope": "image", "mechanism": "l2_laplace", "resemble": (("rest", 1.0),)},
    "resemble is given and mechanism l2_laplace",
    "scope image",
  ),
  ({"calibration_seed": 2**32}, "calibration_seed is 4294967296", "whole number"),
]


@pytest.mark.parametrize(("fields", "problem", "remedy"), _REFUSED)
def test_refused_with_problem_and_remedy(fields, problem, remedy):
  with pytest.raises(ConfigurationError, match=f"{problem}.*{remedy}") as caught:
    PrivacySpec(**fields)
  assert "\n" not in str(caught.value)


def test_every_refusal_is_worded_for_its_own_case():
  messages = set()
  for fields, _, _ in _REFUSED:
    with pytest.raises(ConfigurationError) as caught:
      PrivacySpec(**fields)
    messages.add(str(caught.value))
  assert len(messages) >= len(_REFUSED) - 2  # NaN epsilons, alone and in a tuple, share one.


def test_a_spec_is_plain_hashable_and_frozen():
  spec = PrivacySpec(epsilon=[np.float32(0.5), 1], delta=0)
  assert spec.epsilon == (0.5, 1.0)
  assert type(spec.epsilon[0]) is float
  assert json.loads(json.dumps(dataclasses.asdict(spec)))["epsilon"] == [0.5, 1.0]
  assert hash(spec) == hash(PrivacySpec(epsilon=(0.5, 1.0)))
  with pytest.raises(dataclasses.FrozenInstanceError):
    spec.epsilon = 3.0


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(1e-6, 100), min_size=1, max_size=5), st.floats(1e-100, 0.9))
def test_budget_sums_never_undercount(epsilons, delta):
  spec = PrivacySpec(epsilon=tuple(epsilons))
  exact = sum(map(Fraction, epsilons))
  assert exact <= Fraction(spec.total_epsilon) <= exact * (1 + Fraction(1, 2**51))
  shared = PrivacySpec("gaussian", delta=delta)
  for shares in range(1, 8):
    assert Fraction(shared.delta_share(shares)) * shares <= Fraction(delta)


def test_private_or_not():
  assert PrivacySpec().private
  assert not PrivacySpec(noise_seed=0).private
  assert not PrivacySpec(mechanism="reference_postclip", delta=1e-5).private


def test_the_mechanisms_are_found():
  assert mechanism_names() == (
    "exponential",
    "extremal",
    "gaussian",
    "gaussian_classic",
    "l2_laplace",
    "laplace",
    "metric_laplace",
    "randomized_response",
    "reference_postclip",
    "subset_selection",
  )
  assert [n for n in mechanism_names() if not mechanism_class(n).private] == ["reference_postclip"]


@pytest.mark.parametrize(
  ("scope", "name"),
  [("attribute", "extremal"), ("image", "subset_selection"), ("metric", "metric_laplace")],
)
def test_each_scope_has_a_default_that_it_can_have(scope, name):
  assert PrivacySpec(default_mechanism(scope), scope).mechanism == name


@pytest.mark.parametrize(
  ("name", "parameters", "words"),
  [
    ("laplace", {"epsilon": 1.0}, "clip_radius"),
    ("laplace", {"epsilon": _NAN, "clip_radius": 1.0}, "epsilon is NaN"),
    ("gaussian", {"epsilon": 1.0, "clip_radius": 1.0}, "delta is 0"),
    ("randomized_response", {"epsilon": 1.0}, "side's value"),
    ("randomized_response", {"epsilon": 1.0, "side_distance": _NAN}, "side's value"),
    ("exponential", {"epsilon": 1.0, "clip_radius": 1.0, "dimensions": 2}, "its own epsilon"),
  ],
)
def test_mechanisms_made_directly_refuse_too(name, parameters, words):
  with pytest.raises(ConfigurationError, match=words):
    make_mechanism(name, **parameters)


def test_importing_the_spec_imports_no_tensorflow_and_no_scipy():
  code = (
    "import sys, privai_tf.privacy, privai_tf.privacy.spec, privai_tf.privacy.release; "
    "sys.exit(any(m in sys.modules for m in ('tensorflow', 'scipy', 'dp_accounting')))"
  )
  subprocess.run([sys.executable, "-c", code], check=True)
