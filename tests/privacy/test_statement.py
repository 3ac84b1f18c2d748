"""The statement: what is promised, from whom, how strongly, and what is not."""

import re
from fractions import Fraction

import pytest

from privai_tf.privacy.accounting import attacker_bound
from privai_tf.privacy.figures import factor_up, number_up, percent_up
from privai_tf.privacy.spec import PrivacySpec
from privai_tf.privacy.statement import statement

# 0.01 to 1 by hundredths, on to 8 by tenths, and some that no decimal ends.
_EPSILONS = [
  *(n / 100 for n in range(1, 101)),
  *(n / 10 for n in range(11, 81)),
  *(n / 7 for n in range(1, 140, 7)),
]


def _say(attributes=("smile",), space="W", said=None, **fields):
  return statement(PrivacySpec(**fields), attributes, space, **(said or {}))


def _exp(value):
  """Bounds of e^value in rationals, value >= 0: partial sums of the series and their rest."""
  total, term, n = Fraction(1), Fraction(1), 0
  while n < 2 * value + 40:
    n += 1
    term *= Fraction(value) / n
    total += term
  return total, total + 2 * term


def _number(text):
  return Fraction(text.replace(",", ""))


def test_scope_attribute_names_attribute_strength_and_residual():
  text = _say(epsilon=1.0)
  for words in (
    "'smile' direction",
    "epsilon = 1 (pure, delta = 0)",
    "anyone who sees the published image",
    "every probability changes by at most a factor 2.72.",
    "Through the coordinate, a yes-or-no fact that is even odds is guessed right at most 73.2%",
    "what it says about 'smile' is measured, not promised",
    "was not measured for this checkpoint; run python -m privai_tf.audit --rest.",
    "residual",
    "Identity is not hidden",
    "Nothing is promised about a second picture of the same face that hides something else.",
    "Each further release",
    "what is spent adds up",
    "Choosing among several draws is not covered.",
  ):
    assert words in text
  assert "probability of" not in text
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
  assert "changes by at most a factor 7.39, plus 1e-05." in text
  assert "but for" not in text
  assert "88.1%" in text


def test_the_noise_of_the_rest_is_part_of_the_total():
  text = _say(epsilon=1.0, said={"epsilon": 1.02, "delta": 1e-9})
  assert "epsilon = 1.02, delta = 1e-09 by independent Laplace noise" in text
  assert "by at most a factor 2.78, plus 1e-09." in text
  assert "Of this, epsilon = 1 is spent on the coordinate" in text
  assert percent_up(attacker_bound(1.02, 1e-9)) in text
  several = _say(("a", "b"), epsilon=(0.1, 0.2), said={"epsilon": 0.31})
  assert "a has epsilon = 0.1 and b has epsilon = 0.2" in several
  assert "Of this, epsilon = 0.3 is spent on the coordinates" in several


def test_what_was_measured_of_the_rest_replaces_the_advice_to_measure():
  measured = "From the rest alone 'smile' was guessed right in 53.1% [51.9, 54.3] of faces."
  text = _say(said={"rest": measured})
  assert measured in text
  assert "not measured" not in text


def test_boundaries_of_unknown_origin_and_weak_ones_are_named():
  said = {"unknown_origin": ["age"], "accuracies": {"smile": 0.7219, "age": 0.95}}
  text = _say(("age", "smile"), said=said)
  assert "The boundary of 'age' is of unknown origin" in text
  assert "The boundary of 'smile' is weak: it is right on 72.1% of held-out faces" in text
  assert "The boundary of 'age' is right on 95% of held-out faces." in text
  assert "boundary" not in _say()
  text = _say(("age", "smile", "pose"), said={"accuracies": {"age": 0.9999}})
  assert "The boundary of 'age' is right on 99.9% of held-out faces." in text
  assert "How often the boundary of 'smile' and 'pose' is right is not known." in text
  text = _say(said={"unknown_origin": {"smile": 0.0312}})
  assert "was made for, and its direction holds 3.1% of the codes' variance." in text


def test_conditional_boundaries_are_named_with_their_conditions():
  assert "'smile_c_age' direction" in _say(("smile_c_age",))


def test_noise_maps_frame_and_layers_are_stated():
  assert "Noise maps found by inversion" in _say(noise_maps_optimized=True)
  assert "frame around the face" in _say(pasted_back=True)
  assert "All layers share one" in _say(space="W+")
  assert "Every layer's coordinate" in _say(space="W+", wplus_mode="per_layer")
  plain = _say()
  assert "Noise maps" not in plain
  assert "frame" not in plain
  assert "layers" not in plain


def test_scope_image_speaks_of_any_two_inputs():
  text = _say(mechanism="gaussian", delta=1e-5, scope="image")
  assert "any two inputs, with a face or without one, could have led to it" in text
  assert "by at most a factor 2.72, plus 1e-05." in text
  assert "public mean" in text
  assert "residual" not in text
  assert "layers" not in text
  tied = _say(mechanism="gaussian", delta=1e-5, scope="image", space="W+")
  assert "All layers share one released code" in tied


def test_where_inputs_without_a_face_are_skipped_scope_image_says_so():
  spec = PrivacySpec(mechanism="gaussian", delta=1e-5, scope="image")
  object.__setattr__(spec, "inputs", "faces")
  text = statement(spec, [], "W")
  assert "any two photos in which a face is found could have led to it" in text
  assert "any two inputs" not in text


def test_scope_metric_is_no_plain_epsilon():
  text = _say(mechanism="metric_laplace", scope="metric", epsilon=2.0)
  assert "2 times the distance" in text
  assert "not a plain epsilon" in text
  assert "%" not in text
  assert "typically" not in text
  text = _say(mechanism="metric_laplace", scope="metric", said={"typical_distance": 10.004})
  assert "Two faces are typically 10.1 apart, where this is epsilon = 10.1." in text


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
  assert "at most a factor e^400." in _say(epsilon=400.0)


def test_figures_of_weak_promises_are_readable_and_never_flattered():
  text = statement(PrivacySpec(epsilon=8.0), ["smile"], "W")
  assert "at most a factor 2,990." in text
  assert "99.97%" in text


@pytest.mark.parametrize("delta", [0.0, 1e-5])
def test_no_figure_under_at_most_is_rounded_down(delta):
  """In rationals, for 190 epsilons: what is printed is no less than what is promised."""
  mechanism = "gaussian" if delta else "laplace"
  for epsilon in _EPSILONS:
    text = _say(mechanism=mechanism, epsilon=epsilon, delta=delta)
    low, high = _exp(Fraction(epsilon))
    exact = 100 * (low + Fraction(delta)) / (1 + low), 100 * (high + Fraction(delta)) / (1 + high)
    printed = _number(re.search(r"at most ([\d.]+)% of the time", text)[1])
    assert exact[1] <= printed < exact[0] + Fraction(1, 10)
    factor = _number(re.search(r"by at most a factor ([\d,]+(?:\.\d+)?)", text)[1])
    assert high <= factor < low * (1 + Fraction(1, 100))
    stated = Fraction(re.search(r"epsilon = ([\d.e-]+)", text)[1].rstrip("."))
    assert Fraction(repr(epsilon)) <= stated
    assert Fraction(attacker_bound(epsilon, delta)) * 100 >= exact[1]


def test_figures_round_up():
  assert [number_up(v) for v in (1.0, 0.1, 1 / 3, 1e-5)] == ["1", "0.1", "0.333334", "1e-05"]
  assert [percent_up(v) for v in (0.5, 0.731, 0.73101, 0.99966, 1.0)] == [
    "50.0%",
    "73.1%",
    "73.2%",
    "99.97%",
    "100.0%",
  ]
  assert [factor_up(v) for v in (0.01, 1.0, 8.0, 20.0)] == ["1.02", "2.72", "2,990", "e^20"]
  # Sums of decimals are those of what is printed.
  text = _say(("a", "b"), epsilon=(0.1, 0.2))
  assert "epsilon = 0.3 (pure" in text


def test_extremal_and_decoding_in_words():
  text = _say(mechanism="extremal", decode="sample")
  assert "by the extremal mechanism, which names one of a few public values, against" in text
  assert "is drawn from the public distribution of generated faces' coordinate, as far as" in text
  assert "average of generated faces' coordinates" in _say(("smile", "age"), decode="mean")
  image = {"scope": "image", "mechanism": "gaussian", "delta": 1e-5}
  assert "public distribution of generated faces' codes" in _say(decode="sample", **image)
  for decode in ("raw", "value"):
    plain = _say(mechanism="extremal", decode=decode)
    assert "What is published is" not in plain


def test_an_exact_bound_is_printed_if_it_is_less():
  assert "guessed right at most 69.7% of the time" in _say(said={"bound": 0.6967})
  assert "guessed right at most 73.2% of the time" in _say(said={"bound": 0.9})
  assert "guessed right at most 73.2% of the time" in _say()


def test_a_budget_that_was_divided_is_named():
  text = _say(("smile", "age"), epsilon=2.0, mechanism="extremal", said={"shares": (0.5, 1.5)})
  assert "Of this, smile has epsilon = 0.5 and age has epsilon = 1.5" in text


def test_a_stand_in_is_nobodys_face():
  fields = {"mechanism": "subset_selection", "scope": "image", "epsilon": 4.0}
  text = _say(**fields)
  assert "with epsilon = 4 (pure, delta = 0) by a private choice among public faces" in text
  assert (
    "What is published is a face that the generator made up, chosen privately among 131,072; it is "
    "nobody's. Noise maps are public constants." in text
  )
  assert "public mean" not in text
  assert "resemblance" not in text
  several = _say(**fields, said={"faces": 3})
  assert "put together from 3 faces that the generator made up, each chosen privately" in several
  assert "All layers share one code." in _say(space="W+", **fields)


def test_what_counts_as_resemblance_is_told():
  text = _say(
    mechanism="subset_selection",
    scope="image",
    resemble=(("age", 3.0), ("pose", 0.0), ("rest", 0.5)),
    codebook_size=1000,
  )
  assert "What counts as resemblance is public: age (3) and rest (0.5)." in text
  assert "among 1,000;" in text
  text = _say(mechanism="subset_selection", scope="image", resemble=(("age", 3.0),))
  assert "is public: age (3) and rest (1)." in text


def test_an_exact_bound_replaces_that_of_all_mechanisms():
  fields = {"mechanism": "subset_selection", "scope": "image"}
  assert percent_up(attacker_bound(1.0)) in _say(**fields)
  text = _say(**fields, said={"bound": 0.688322})
  assert "guessed right at most 68.9% of the time" in text
