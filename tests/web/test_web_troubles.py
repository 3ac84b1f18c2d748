"""Whatever fails, the page says so in one line, whether it was charged, and can be used on."""

import types

import pytest

pytest.importorskip("gradio", reason="the page needs the extra `web`")

from privai_tf.errors import OutputError
from privai_tf.web import desk as desks
from privai_tf.web import parts, views
from privai_tf.web.events import Events
from privai_tf.web.page import build_page
from privai_tf.web.visits import Visits

PRICE = "Release (costs epsilon 1)"
DEFECT = ValueError("pixels of somebody: [1 2 3]")


def _chosen(desk):
  return "smile", desk.epsilons.index(1.0), None, None, ""


def _raising(error):
  def fail(*unused, **unused_too):
    raise error

  return fail


def _events(desk):
  return Events(desk, build_page(desk)[1])


@pytest.mark.parametrize("error", [DEFECT, OutputError("/a/b: the disk is full; make room")])
@pytest.mark.parametrize(
  ("place", "name", "before"),
  [
    ("studio", "release", "Release"),
    (desks, "write", "Release"),
    (parts, "comparison", "Release once more"),
  ],
)
def test_a_failure_after_the_charge_says_that_it_was_charged(
  ready, monkeypatch, capfd, place, name, before, error
):
  desk, session = ready()
  events = _events(desk)
  monkeypatch.setattr(desk.studio if place == "studio" else place, name, _raising(error))
  first, last = events.release(session, *_chosen(desk), PRICE)
  on = events.on
  assert first[on.release] == {"__type__": "update", "value": "Releasing ...", "interactive": False}
  assert last[on.release]["value"] == f"{before} (costs epsilon 1)"
  assert last[on.release]["interactive"] is True
  told = last[on.refused]["value"]
  assert "The budget was charged for this release, but there is no picture" in told
  assert "1 release" in last[on.budget]
  assert desk.payer(session).remaining().releases == 1
  log = capfd.readouterr().err
  if error is DEFECT:
    assert "ValueError" in told
    assert "in _raising" not in told
    assert "ValueError" in log
  else:
    assert "the disk is full; make room" in told
  assert "[1 2 3]" not in told + log


def test_a_failure_before_the_charge_leaves_the_budget_and_the_button(ready, monkeypatch, capfd):
  desk, session = ready()
  events = _events(desk)
  monkeypatch.setattr(desk, "prepared", _raising(DEFECT))
  _, last = events.release(session, *_chosen(desk), PRICE)
  assert last[events.on.release]["value"] == PRICE
  assert last[events.on.release]["interactive"] is True
  assert "charged" not in last[events.on.refused]["value"]
  assert "cannot be said now" in last[events.on.budget]  # The price is what failed.
  assert desk.payer(session).remaining().releases == 0
  assert "[1 2 3]" not in capfd.readouterr().err


def test_a_photo_that_fails_unexpectedly_leads_back_to_the_start(desk, monkeypatch, capfd):
  one = desk()
  session = one.sessions.open("a")
  events = _events(one)
  monkeypatch.setattr(one.studio, "invert", _raising(DEFECT))
  event = types.SimpleNamespace(index=0)
  *_, last = events.sample(event, session, *_chosen(one))
  assert "Something went wrong" in last[events.on.trouble]["value"]
  assert last[events.on.pick]["visible"] is True
  assert last[events.on.progress] == ""
  assert session.photo is None
  assert "ValueError" in capfd.readouterr().err


def test_previews_that_fail_unexpectedly_are_told_of(ready, monkeypatch):
  desk, session = ready()
  events = _events(desk)
  monkeypatch.setattr(views, "strip", _raising(DEFECT))
  *_, last = events.moved(session, *_chosen(desk))
  assert "Something went wrong" in last[events.on.refused]["value"]


def test_a_visit_of_a_page_that_was_started_anew_is_told_to_reload(desk):
  """A browser that was left open goes on where a page of the same address comes up again."""
  one = desk()
  events = _events(one)
  on, chosen = events.on, _chosen(one)
  event = types.SimpleNamespace(index=0)
  *_, taken = events.sample(event, None, *chosen)
  *_, faced = events.face(None, *chosen, "Face 1")
  *_, moved = events.moved(None, *chosen)
  *_, released = events.release(None, *chosen, PRICE)
  for told in (taken[on.trouble], faced[on.trouble], moved[on.refused], released[on.refused]):
    assert "This visit has ended" in told["value"]
    assert "reload the page" in told["value"]
  assert released[on.release]["interactive"] is True
  assert events.again(None) == events.views.start()


def test_a_visit_that_cannot_begin_says_why(desk, monkeypatch):
  import asyncio

  one = desk()
  visits = Visits(one, build_page(one)[1])
  monkeypatch.setattr(one.sessions, "open", _raising(OSError(28, "No space left on device")))
  request = types.SimpleNamespace(username=None, session_hash="a")

  async def all_updates():
    return [update async for update in visits.begin(request)]

  (told,) = asyncio.run(all_updates())
  assert "Something went wrong within the page (OSError" in told[visits.on.banner]
