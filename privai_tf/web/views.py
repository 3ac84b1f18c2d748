"""What the page shows at each point, as updates of its widgets."""

import contextlib
from typing import Any

import gradio as gr

from privai_tf.web import parts, words
from privai_tf.web.choices import (
  DECODINGS,
  MECHANISMS,
  Choice,
  decodings_of,
  described,
  mechanisms_of,
  strip_of,
)
from privai_tf.web.desk import Desk
from privai_tf.web.page import Widgets
from privai_tf.web.plot import plot
from privai_tf.web.released import Released
from privai_tf.web.sessions import Session
from privai_tf.web.strip import strip
from privai_tf.web.troubles import explained

Updates = dict[Any, Any]


class Views:
  """Makes them.

  Args:
    desk: knows what there is to show.
    widgets: of the page.
  """

  def __init__(self, desk: Desk, widgets: Widgets):
    self.desk, self.on = desk, widgets

  def start(self) -> Updates:
    """The page without a photo."""
    on = self.on
    shut = dict.fromkeys(
      (on.taken, on.strength_step, on.release_step, on.result, on.trouble, on.refused)
    )
    return {
      **{widget: gr.update(visible=False) for widget in shut},
      on.pick: gr.update(visible=True),
      on.upload: gr.update(value=None),
      on.samples: gr.update(selected_index=None),
      on.waiting: gr.update(visible=True),
      on.release_waiting: gr.update(visible=True),
      on.strip: "",
      on.plot: "",
      on.progress: "",
      on.photo: "",
      on.pictures: "",
      on.compare: "",
      on.image_file: gr.update(value=None),
      on.record_file: gr.update(value=None),
      on.faces: gr.update(visible=False),
    }

  def choice(
    self, hidden: str, position: float, mechanism: str, decode: str, person: str
  ) -> tuple[Choice, str]:
    epsilons = self.desk.epsilons
    place = min(max(0, round(position)), len(epsilons) - 1)
    return Choice(hidden, epsilons[place], mechanism, decode), person or ""

  def words(self, session: Session, chosen: Any) -> Updates:
    """What the choice means; quick."""
    on, desk = self.on, self.desk
    choice, person = self.choice(*chosen)
    prepared, spec = desk.prepared(choice), choice.spec
    before, decodings = bool(session.released), list(decodings_of(spec.mechanism))
    return {
      on.described: f"<p>{described(choice.hidden)}</p>",
      on.meaning: words.meaning(choice, prepared),
      on.open_ends: words.not_promised(choice),
      on.statement: parts.statement(prepared.guarantee.statement),
      on.mechanism: gr.update(choices=list(mechanisms_of(choice.scope)), value=spec.mechanism),
      on.mechanism_told: f"<p>{MECHANISMS[spec.mechanism]}</p>",
      on.decode: gr.update(choices=decodings, value=spec.decode, visible=len(decodings) > 1),
      on.decode_told: gr.update(
        value=f"<p>{DECODINGS[spec.decode]}</p>", visible=len(decodings) > 1
      ),
      on.budget: desk.budget(session, choice, person),
      on.release: gr.update(value=words.release_button(choice, before), interactive=True),
      on.refused: gr.update(visible=False),
    }

  def pictures(self, session: Session, chosen: Any) -> Updates:
    """What may come out, and where it lies."""
    from privai_tf.web.whereabouts import whereabouts

    desk = self.desk
    choice, _ = self.choice(*chosen)
    row = strip_of(desk.epsilons, desk.epsilons.index(choice.epsilon))
    choices = [Choice(choice.hidden, epsilon, choice.mechanism, choice.decode) for epsilon in row]
    pictures = desk.previews(session, choices)
    where = whereabouts(desk.studio, choice, desk.inverted(session).latents)
    return {
      self.on.strip: strip(pictures, choices, choice.epsilon),
      self.on.plot: plot(where, choice),
    }

  def released(self, session: Session, released: Released) -> Updates:
    """What came out, and its files."""
    on, desk = self.on, self.desk
    return {
      on.refused: gr.update(visible=False),
      on.pictures: parts.triptych(
        desk.face(session), desk.inverted(session).picture, released.pixels
      ),
      on.compare: parts.comparison(desk.face(session), released.pixels),
      on.image_file: gr.update(value=str(released.picture)),
      on.record_file: gr.update(value=str(released.record)),
      on.result: gr.update(visible=True),
    }

  def again(self, session: Session, choice: Choice, person: str) -> Updates:
    """The button as it was before it was pressed, and what is left, if that can be said."""
    before = bool(session and session.released)
    button = gr.update(value=words.release_button(choice, before), interactive=True)
    left = "<p>What is left of the budget cannot be said now.</p>"
    with contextlib.suppress(Exception):  # It may be what failed.
      left = self.desk.budget(session, choice, person)
    return {self.on.release: button, self.on.budget: left}

  def told(self, error: Exception) -> Updates:
    return {self.on.refused: gr.update(value=parts.trouble(explained(error)), visible=True)}
