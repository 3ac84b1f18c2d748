"""What the page shows at each point, as updates of its widgets."""

import contextlib
import dataclasses
from typing import Any

import gradio as gr

from privai_tf.jobs.advice import LIKENESS_SECONDS
from privai_tf.web import parts, words
from privai_tf.web.choices import (
  DECODINGS,
  MECHANISMS,
  Choice,
  decodings_of,
  described,
  strip_of,
  usual_hidden,
)
from privai_tf.web.desk import Desk
from privai_tf.web.page import Widgets
from privai_tf.web.plot import plot
from privai_tf.web.released import Released
from privai_tf.web.sessions import Session
from privai_tf.web.strip import strip
from privai_tf.web.troubles import explained
from privai_tf.web.ways import missing

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
      (
        *(on.taken, on.strength_step, on.release_step, on.result, on.trouble, on.refused),
        *(on.keep, on.keep_told, on.stop),
      )
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

  def choice(self, session: Session | None, chosen: Any) -> tuple[Choice, str]:
    """What is chosen, for the face as it was read, and who is in the photo.

    Args:
      session: whose; None: of a page that was started anew meanwhile.
      chosen: values of the widgets: what to hide, position of the slider, mechanism, decoding, person.
    """
    hidden, position, mechanism, decode, person = chosen
    epsilons = self.desk.epsilons
    place = min(max(0, round(position)), len(epsilons) - 1)
    likeness = bool(session and session.inverted and session.inverted.likeness)
    offered = self.desk.studio.offered(likeness)
    if hidden not in offered:  # What another way of reading left behind.
      hidden = usual_hidden(offered)
    return Choice(hidden, epsilons[place], mechanism, decode, likeness), person or ""

  def searching(self) -> Updates:
    """While a face is searched: nothing can be chosen of it."""
    on = self.on
    shut = (
      on.keep,
      on.keep_told,
      on.faces,
      on.strength_step,
      on.release_step,
      on.result,
      on.trouble,
    )
    return {
      **{widget: gr.update(visible=False) for widget in shut},
      on.stop: gr.update(visible=True),
      on.waiting: gr.update(visible=True),
      on.release_waiting: gr.update(visible=True),
      on.progress: parts.searching(0, 1, None, LIKENESS_SECONDS),
    }

  def read(self, session: Session, chosen: Any) -> Updates:
    """A face has been read: what it looks like, and what can be chosen."""
    on, desk = self.on, self.desk
    inverted, (choice, _) = desk.inverted(session), self.choice(session, chosen)
    studio = desk.studio
    keep = studio.keeps_people and not inverted.likeness
    lacking = missing(studio.generator) if keep else None
    return {
      on.progress: parts.found(desk.face(session), inverted.picture, inverted.warning),
      on.faces: gr.update(visible=len(session.photo.faces) > 1),
      on.keep_told: gr.update(value=words.keep(lacking), visible=keep),
      on.keep: gr.update(visible=keep and lacking is None),
      on.stop: gr.update(visible=False),
      on.hidden: gr.update(choices=studio.offered(inverted.likeness), value=choice.hidden),
      **self.words(session, chosen),
      on.waiting: gr.update(visible=False),
      on.strength_step: gr.update(visible=True),
      on.release_waiting: gr.update(visible=False),
      on.release_step: gr.update(visible=True),
    }

  def words(self, session: Session, chosen: Any) -> Updates:
    """What the choice means; quick."""
    on, desk = self.on, self.desk
    choice, person = self.choice(session, chosen)
    prepared, spec = desk.prepared(choice), choice.spec
    before, decodings = bool(session.released), list(decodings_of(spec.mechanism))
    return {
      on.described: f"<p>{described(choice.hidden)}</p>",
      on.meaning: words.meaning(choice, prepared),
      on.open_ends: words.not_promised(choice),
      on.statement: parts.statement(prepared.guarantee.statement),
      on.mechanism: gr.update(choices=list(choice.mechanisms), value=spec.mechanism),
      on.mechanism_told: f"<p>{MECHANISMS[spec.mechanism]}</p>",
      on.decode: gr.update(choices=decodings, value=spec.decode, visible=len(decodings) > 1),
      on.decode_told: gr.update(
        value=f"<p>{DECODINGS[spec.decode]}</p>", visible=len(decodings) > 1
      ),
      on.budget: desk.budget(session, choice, person),
      on.release: gr.update(
        value=words.release_button(prepared.guarantee, before), interactive=True
      ),
      on.refused: gr.update(visible=False),
    }

  def drawing(self) -> Updates:
    """Until `pictures` of a face that was read anew are there: those from before show another one."""
    return {self.on.strip: f"<p>{words.DRAWING}</p>", self.on.plot: ""}

  def pictures(self, session: Session, chosen: Any) -> Updates:
    """What may come out, and where it lies."""
    from privai_tf.web.whereabouts import whereabouts

    desk = self.desk
    choice, _ = self.choice(session, chosen)
    row = strip_of(desk.epsilons, desk.epsilons.index(choice.epsilon))
    choices = [dataclasses.replace(choice, epsilon=epsilon) for epsilon in row]
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

  def again(self, session: Session, choice: Choice, person: str, pressed: str) -> Updates:
    """The button as it is to be now, and what is left, if that can be said; else as it was `pressed`."""
    before = bool(session and session.released)
    button = gr.update(value=pressed, interactive=True)
    left = "<p>What is left of the budget cannot be said now.</p>"
    with contextlib.suppress(Exception):  # It may be what failed.
      told = words.release_button(self.desk.prepared(choice).guarantee, before)
      button = gr.update(value=told, interactive=True)
      left = self.desk.budget(session, choice, person)
    return {self.on.release: button, self.on.budget: left}

  def told(self, error: Exception) -> Updates:
    return {self.on.refused: gr.update(value=parts.trouble(explained(error)), visible=True)}
