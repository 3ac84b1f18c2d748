"""Updates that follow within a moment: the last one says all of them."""

import types

import gradio as gr
import pytest

from privai_tf.web.together import together


def test_of_each_property_the_last_that_was_said():
  first = {"a": gr.update(visible=True), "b": "old", "c": gr.update(choices=["x"], value="x")}
  second = {"a": gr.update(value=3), "b": gr.update(visible=False), "d": "new"}
  third = {"a": gr.update(visible=False), "c": "y"}
  assert together(first, second, third) == {
    "a": gr.update(visible=False, value=3),
    "b": gr.update(value="old", visible=False),
    "c": gr.update(choices=["x"], value="y"),
    "d": "new",
  }
  assert together({"b": gr.update(value=1)}, {"b": gr.update(value=2)}) == {"b": gr.update(value=2)}
  assert together() == {}


@pytest.fixture
def events(ready):
  """Events of a page, a session whose photo was read, and what is chosen on it."""
  from privai_tf.web.events import Events
  from privai_tf.web.page import build_page

  desk, session = ready()
  return Events(desk, build_page(desk)[1]), session, ("smile", 3, None, None, "")


def test_the_last_update_of_an_event_says_all(events):
  """A browser may show it alone: the page said for ever that it looked for faces."""
  on, session, chosen = events
  moved = list(on.moved(session, *chosen))
  taken = list(on.sample(types.SimpleNamespace(index=0), session, *chosen))
  for updates in (moved, taken):
    assert len(updates) > 1
    assert updates[-1] == together(*updates)
