"""A face that is searched until it is the person: what is found, promised, charged, and given up."""

import dataclasses
import functools
import json

import numpy as np
import pytest

from privai_tf.errors import PrivaiError
from privai_tf.inversion import InversionSpec
from privai_tf.jobs.job import Job
from privai_tf.jobs.presets import PRESETS
from privai_tf.jobs.stages import Stages
from privai_tf.privacy import PrivacySpec
from privai_tf.privacy.figures import number_up
from privai_tf.web import estimate, words
from privai_tf.web.choices import WHOLE_FACE, Choice
from tests.web.conftest import picture

SMILE = Choice("smile", 1.0, likeness=True)
PRESET = PRESETS["likeness"]


@pytest.fixture(scope="module", autouse=True)
def searching(studio):
  """The tiny network's search in W+, ten steps of it."""
  way = studio.likeness
  assert way.inversion.latent_space == PRESET.latent_space
  few = dataclasses.replace(way.inversion, steps=10, steps_per_call=1)
  studio.__dict__["likeness"] = dataclasses.replace(way, inversion=few)
  yield
  studio.__dict__["likeness"] = way


@pytest.fixture
def kept(ready):
  """A desk and a session whose face was searched."""

  @functools.wraps(ready)
  def make(*args, **kwargs):
    one, session = ready(*args, **kwargs)
    for _ in one.invert(session, likeness=True):
      pass
    return one, session

  return make


def test_it_is_released_charged_and_recorded_as_the_main_jobs_preset_is(
  kept, studio, tiny_checkpoint, tmp_path
):
  desk, session = kept()
  assert session.inverted.likeness
  assert session.inverted.latents.shape == (1, *studio.generator.code_shape("W+"))
  released = desk.release(session, SMILE)
  left = desk.payer(session).remaining()
  assert (left.spent_epsilon, left.spent_delta, left.releases) == (1.0, PRESET.delta, 1)
  privacy = PrivacySpec(
    mechanism=PRESET.mechanism, epsilon=1.0, delta=PRESET.delta, decode=PRESET.decode
  )
  job = Job(
    checkpoint=str(tiny_checkpoint),
    attributes=(str(tiny_checkpoint / "smile_w_boundary.npy"),),
    privacy=privacy,
    output_dir=tmp_path / "out",
    inversion=InversionSpec(latent_space=PRESET.latent_space),
    public_codes=PRESET.public_codes,
  )
  theirs = Stages(job.recipe)
  ours = desk.prepared(SMILE)
  assert ours.guarantee == theirs.guarantee
  assert ours.relation == theirs.relation  # So that one ledger counts both together.
  record = json.loads(released.record.read_text())
  assert record["guarantee"]["statement"] == theirs.guarantee.statement
  assert record["guarantee"]["delta"] == PRESET.delta
  named = words.release_button(ours.guarantee, False)
  assert f"epsilon 1, delta {number_up(PRESET.delta)}" in named


def test_previews_are_of_the_searched_face_and_cost_nothing(kept):
  desk, session = kept()
  shown = desk.previews(session, [SMILE, dataclasses.replace(SMILE, epsilon=4.0)])
  assert shown.shape == (2, 4, 32, 32, 3)
  assert desk.payer(session).remaining().releases == 0


def test_previews_of_the_face_from_before_go_at_once(ready):
  from privai_tf.web.events import Events
  from privai_tf.web.page import build_page

  desk, session = ready()
  events = Events(desk, build_page(desk)[1])
  chosen = "smile", desk.epsilons.index(1.0), None, None, ""
  *_, read, drawn = events.keep(session, *chosen)
  assert session.inverted.likeness
  assert words.DRAWING in read[events.on.strip]
  assert read[events.on.plot] == ""
  assert "<img" in drawn[events.on.strip]
  assert drawn[events.on.plot]


@pytest.mark.parametrize("left", ["stopped", "put away", "another face"])
def test_who_gives_it_up_lets_the_model_go(ready, left):
  """Who stops has what was found before; nothing of the search comes in later."""
  desk, session = ready()
  before = session.inverted
  steps = desk.invert(session, likeness=True)
  next(steps)
  other = None
  if left == "stopped":
    desk.stop(session)
  elif left == "put away":
    session.forget()
  else:
    desk.choose_face(session, 0)
    other = desk.invert(session)
    next(other)
  with pytest.raises(PrivaiError, match="put away" if left == "put away" else "was stopped"):
    for _ in steps:
      pass
  for _ in other or ():
    pass
  if left == "stopped":
    assert session.inverted is before
  else:
    assert session.inverted is None or not session.inverted.likeness


def test_a_budget_without_delta_says_what_is_missing(desk, uploaded):
  one = desk(budget_delta=0.0)
  session = one.sessions.open("a")
  one.take_upload(session, uploaded(picture(7)))
  for likeness in (False, True):
    for _ in one.invert(session, likeness):
      pass
  with pytest.raises(PrivaiError, match="would cost delta 1e-06, and 0 of 0 is left") as caught:
    one.release(session, SMILE)
  assert "\n" not in str(caught.value)
  assert "would not fit" in one.budget(session, SMILE)
  assert one.payer(session).remaining().releases == 0


def test_the_ways_releases_do_not_add_up_to_more_than_was_said(kept):
  """Their promises are about other neighbours: the second one is refused."""
  desk, session = kept()
  desk.release(session, SMILE)
  for _ in desk.invert(session):
    pass
  with pytest.raises(PrivaiError, match="read the face in the other way"):
    desk.release(session, Choice("smile", 1.0))


def test_the_whole_face_is_not_kept(kept):
  desk, _ = kept()
  with pytest.raises(PrivaiError, match="There is no 'the whole face'"):
    desk.prepared(Choice(WHOLE_FACE, 1.0, likeness=True))


@pytest.mark.parametrize("there", [True, False])
def test_the_page_offers_it_where_it_makes_sense_and_says_what_is_missing(
  ready, monkeypatch, there
):
  pytest.importorskip("gradio", reason="the page needs the extra `web`")
  from privai_tf.web import views
  from privai_tf.web.page import build_page
  from privai_tf.web.studio import Studio
  from privai_tf.web.ways import _MISSING

  desk, session = ready()
  shown = views.Views(desk, build_page(desk)[1])
  chosen = (WHOLE_FACE, desk.epsilons.index(1.0), "extremal", "sample", "")
  usual = shown.read(session, chosen)
  assert not usual[shown.on.keep]["visible"]  # The tiny network knows nobody.
  assert not usual[shown.on.keep_told]["visible"]
  monkeypatch.setattr(Studio, "keeps_people", True)
  monkeypatch.setattr(views, "missing", lambda generator: None if there else _MISSING)
  offered = shown.read(session, chosen)
  assert offered[shown.on.keep]["visible"] is there
  assert offered[shown.on.keep_told]["visible"]
  told = offered[shown.on.keep_told]["value"]
  assert ("80 seconds" in told) is there
  assert ("python -m converters --download=faceres" in told) is not there
  for _ in desk.invert(session, likeness=True):
    pass
  searched = shown.read(session, chosen)
  assert not searched[shown.on.keep]["visible"]
  assert searched[shown.on.hidden]["choices"] == ["smile"]
  assert searched[shown.on.hidden]["value"] == "smile"
  assert "delta" in searched[shown.on.release]["value"]


def test_how_long_it_may_take_is_told_of_what_it_took(monkeypatch):
  now = [100.0]
  monkeypatch.setattr(estimate.time, "monotonic", lambda: now[0])
  one = estimate.Estimate(80)
  np.testing.assert_allclose(one.left(0, 120), 80)
  now[0] += 30
  np.testing.assert_allclose(one.left(0, 120), 50)
  np.testing.assert_allclose(one.left(12, 120), 72)  # What was compiled before it tells nothing.
  now[0] += 20
  np.testing.assert_allclose(one.left(12, 120), 52)
  np.testing.assert_allclose(one.left(24, 120), 160)  # 20 s for a tenth.
  now[0] += 1000
  assert one.left(24, 120) == 0


@pytest.mark.parametrize(
  ("seconds", "told"),
  [(0, "a moment"), (1, "about 10 s"), (81, "about 90 s"), (121, "about 3 minutes")],
)
def test_time_is_rounded_up(seconds, told):
  assert estimate.duration(seconds).startswith(told)
