"""The statement: what is promised, from whom, how strongly, and what is not."""

import math

import pytest

from privai_tf.privacy.spec import PrivacySpec
from privai_tf.privacy.statement import statement


def _say(attributes=("smile",), space="W", **fields):
  return statement(PrivacySpec(**fields), attributes, space)


def test_scope_attribute_names_attribute_strength_and_residual():
  text = _say(epsilon=1.0)
  for words in (
    "'smile' direction",
    "epsilon = 1 (pure, delta = 0)",
    "anyone who sees the published image",
    "2.72 times",
    "73.1%",
    "Not promised",
    "residual",
    "identity is not hidden",
    "Each further release",
  ):
    assert words in text
  assert "\n" not in text


def test_every_mechanism_of_scope_attribute_names_the_residual():
  for mechanism, delta in (
    ("laplace", 0),
    ("l2_laplace", 0),
    ("gaussian", 1e-5),
    ("gaussian_classic", 1e-5),
    ("randomized_response", 0),
    ("exponential", 0),
  ):
    for seed in (None, 3):
      assert "residual" in _say(mechanism=mechanism, delta=delta, noise_seed=seed).lower()


def test_delta_and_shares_are_stated():
  text = _say(("age", "smile"), mechanism="gaussian", epsilon=(0.5, 1.5), delta=1e-5)
  assert "epsilon = 2, delta = 1e-05" in text
  assert "age has epsilon = 0.5 and smile has epsilon = 1.5" in text
  assert "shares with one named before it" in text
  assert "but for a probability of 1e-05" in text
  bound = 100 * (math.exp(2) + 1e-5) / (1 + math.exp(2))
  assert f"{bound:.1f}%" in text


def test_noise_maps_frame_and_layers_are_stated():
  assert "Noise maps found by inversion" in _say(noise_maps_optimized=True)
  assert "frame around the face" in _say(pasted_back=True)
  assert "All layers share one" in _say(space="W+")
  assert "Every layer's coordinate" in _say(space="W+", wplus_mode="per_layer")
  plain = _say()
  assert "Noise maps" not in plain
  assert "frame" not in plain
  assert "layers" not in plain


def test_scope_image_speaks_of_any_two_photos():
  text = _say(mechanism="gaussian", delta=1e-5, scope="image")
  assert "any two photos" in text
  assert "public mean" in text
  assert "residual" not in text
  assert "layers" not in text
  tied = _say(mechanism="gaussian", delta=1e-5, scope="image", space="W+")
  assert "All layers share one released code" in tied


def test_scope_metric_is_no_plain_epsilon():
  text = _say(mechanism="metric_laplace", scope="metric", epsilon=2.0)
  assert "2 times the distance" in text
  assert "not a plain epsilon" in text
  assert "%" not in text


@pytest.mark.parametrize(
  ("fields", "start"),
  [
    ({"noise_seed": 0}, "NOT PRIVATE: a simulation"),
    ({"mechanism": "reference_postclip", "delta": 1e-5}, "NOT PRIVATE. reference_postclip"),
    ({"mechanism": "reference_postclip", "delta": 1e-5, "noise_seed": 1}, "NOT PRIVATE. ref"),
  ],
)
def test_what_is_not_private_says_so_first(fields, start):
  assert _say(**fields).startswith(start)


def test_large_epsilons_print():
  assert "e^400 times" in _say(epsilon=400.0)


def test_figures_of_weak_promises_are_readable_and_never_flattered():
  text = statement(PrivacySpec(epsilon=8.0), ["smile"], "W")
  assert "2,990 times" in text
  assert "99.97%" in text
