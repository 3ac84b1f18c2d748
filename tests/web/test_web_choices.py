"""What is on offer, and where the page may be served."""

import pytest

from privai_tf.errors import ConfigurationError
from privai_tf.jobs.presets import PRESETS
from privai_tf.privacy.mechanisms import mechanism_class
from privai_tf.web.choices import (
  DECODINGS,
  MECHANISMS,
  WHOLE_FACE,
  Choice,
  decodings_of,
  ladder,
  strip_of,
  usual_position,
)
from privai_tf.web.offered import offered_attributes
from privai_tf.web.settings import WebSettings


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "example.org"])
def test_others_reach_the_page_only_where_it_is_said_who_may(host, tmp_path):
  with pytest.raises(ConfigurationError, match="auth_file"):
    WebSettings(host=host)
  assert WebSettings(host=host, auth_file=tmp_path / "tokens.json").host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_on_this_machine_nobody_has_to_sign_in(host):
  assert WebSettings(host=host).auth_file is None


@pytest.mark.parametrize("delta", [-1e-6, 1.0])
def test_a_budgets_delta_is_a_probability(delta):
  with pytest.raises(ConfigurationError, match="budget_delta"):
    WebSettings(budget_delta=delta)


@pytest.mark.parametrize("name", ["budget_epsilon", "max_epsilon", "session_minutes"])
def test_amounts_must_be_above_zero(name):
  with pytest.raises(ConfigurationError, match=name):
    WebSettings(**{name: 0.0})


def test_every_strip_has_five_epsilons_and_the_chosen_one():
  epsilons = ladder(8.0)
  assert epsilons[usual_position(epsilons)] == 1.0
  for position, epsilon in enumerate(epsilons):
    shown = strip_of(epsilons, position)
    assert epsilon in shown
    assert shown == sorted(set(shown))
    assert len(shown) == 5


@pytest.mark.parametrize("largest", [0.05, 0.1, 0.3, 2.0])
def test_a_short_slider_still_works(largest):
  epsilons = ladder(largest)
  for position in range(len(epsilons)):
    assert epsilons[position] in strip_of(epsilons, position)


def test_every_offer_is_pure_and_has_its_sentence():
  for hidden in ("smile", WHOLE_FACE):
    for name in Choice(hidden, 1.0).mechanisms:
      assert mechanism_class(name).pure
      assert MECHANISMS[name].endswith(".")
      for decode in decodings_of(name):
        assert DECODINGS[decode].endswith(".")


@pytest.mark.parametrize("hidden", ["smile", WHOLE_FACE])
def test_what_another_scope_left_behind_does_not_count(hidden):
  """Who goes from an attribute to the whole face has the mechanism of before still chosen."""
  left = {"smile": ("subset_selection", "raw"), WHOLE_FACE: ("extremal", "value")}[hidden]
  spec = Choice(hidden, 1.0, *left).spec
  assert spec.mechanism == Choice(hidden, 1.0).mechanisms[0]
  assert spec == Choice(hidden, 1.0).spec


def test_a_face_that_was_searched_gets_what_the_preset_advises():
  """Whatever was chosen for the face as it was read before."""
  preset = PRESETS["likeness"]
  for left in ((None, None), ("extremal", "sample"), ("subset_selection", "value")):
    spec = Choice("smile", 1.0, *left, likeness=True).spec
    assert (spec.scope, spec.mechanism, spec.delta) == ("attribute", "gaussian", preset.delta)
    assert (spec.mechanism, spec.decode) == (preset.mechanism, preset.decode)
  assert MECHANISMS["gaussian"].endswith(".")


def test_the_demo_offers_its_attributes():
  known = ["age", "eyeglasses", "gender", "pose", "smile"]
  assert offered_attributes("avatars", "W") == known
  assert offered_attributes("checkpoints/avatars", "Z") == known
  assert offered_attributes("nothing", "W") == []
