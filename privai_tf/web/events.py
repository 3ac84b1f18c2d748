"""What happens on the page: each handler is one action of the desk, shown."""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from privai_tf.errors import PrivaiError
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
from privai_tf.web.sessions import Session
from privai_tf.web.strip import strip
from privai_tf.web.style import FOCUS_RESULT

Updates = dict[Any, Any]
# One at a time, whoever asks: there is one model.
_QUEUED = {"concurrency_id": "model", "concurrency_limit": 1, "show_progress": "hidden"}


class Events:
  """The handlers of one page.

  Args:
    desk: does the work.
    widgets: shows it.
  """

  def __init__(self, desk: Desk, widgets: Widgets):
    self.desk, self.on = desk, widgets

  def connect(self) -> None:
    """Tells the page; to be called inside its context."""
    on, everything = self.on, self.on.all()
    chosen = [on.session, on.hidden, on.strength, on.mechanism, on.decode, on.person]
    on.upload.input(self.upload, [on.session, on.upload, *chosen[1:]], everything, **_QUEUED)
    on.samples.select(self.sample, chosen, everything, **_QUEUED)
    on.faces.input(self.face, [*chosen, on.faces], everything, **_QUEUED)
    on.again.click(self.again, on.session, everything, queue=False, show_progress="hidden")
    for widget in (on.hidden, on.mechanism, on.decode, on.strength):
      widget.input(self.moved, chosen, everything, trigger_mode="always_last", **_QUEUED)
    on.person.blur(self.moved, chosen, everything, trigger_mode="always_last", **_QUEUED)
    released = on.release.click(self.release, chosen, everything, **_QUEUED)
    released.then(None, None, None, js=FOCUS_RESULT)  # The button that had it takes none any more.

  def upload(self, session: Session, path: str | None, *chosen: Any) -> Iterator[Updates]:
    """A photo came."""
    if (
      path is None
    ):  # It was cleared, or another source was chosen; a generator must say something.
      yield {self.on.trouble: gr.update()}
      return
    yield from self._taken(session, functools.partial(self.desk.take_upload, session, path), chosen)

  def sample(self, event: gr.SelectData, session: Session, *chosen: Any) -> Iterator[Updates]:
    """A sample portrait was chosen."""
    take = functools.partial(self.desk.take_sample, session, event.index)
    yield from self._taken(session, take, chosen)

  def face(self, session: Session, *values: Any) -> Iterator[Updates]:
    """Another face was chosen."""
    *chosen, name = values
    number = int(name.split()[-1]) - 1
    take = functools.partial(self.desk.choose_face, session, number)
    yield from self._taken(session, take, chosen)

  def again(self, session: Session) -> Updates:
    """Back to the start."""
    session.forget()
    return self._start()

  def moved(self, session: Session, *chosen: Any) -> Iterator[Updates]:
    """Something of step 2 was chosen: its words at once, its pictures after them."""
    try:
      yield self._words(session, chosen)
      yield self._pictures(session, chosen)
    except PrivaiError as error:
      yield self._told(error)

  def release(self, session: Session, *chosen: Any) -> Iterator[Updates]:
    """The one draw."""
    on, desk = self.on, self.desk
    yield {on.release: gr.update(value="Releasing ...", interactive=False)}
    try:
      choice, person = self._choice(*chosen)
      released = desk.release(session, choice, person)
      yield {
        on.refused: gr.update(visible=False),
        on.pictures: parts.triptych(desk.face(session), session.inverted.picture, released.pixels),
        on.compare: parts.comparison(desk.face(session), released.pixels),
        on.image_file: gr.update(value=str(released.picture)),
        on.record_file: gr.update(value=str(released.record)),
        on.result: gr.update(visible=True),
        on.budget: desk.budget(session, choice, person),
        on.release: gr.update(value="Released", interactive=False),
      }
    except PrivaiError as error:
      yield self._told(error) | {on.release: gr.update(value="Release", interactive=True)}

  def _taken(self, session: Session, take: Callable, chosen: Any) -> Iterator[Updates]:
    """From a photo to the first previews."""
    on, desk = self.on, self.desk
    yield {on.trouble: gr.update(value=parts.LOOKING, visible=True)}
    try:
      take()
      names = [f"Face {number + 1}" for number in range(len(session.photo.faces))]
      yield self._start() | {
        on.pick: gr.update(visible=False),
        on.taken: gr.update(visible=True),
        on.photo: parts.photo(session.photo, session.face),
        on.faces: gr.update(choices=names, value=names[session.face], visible=len(names) > 1),
        on.progress: parts.progress(0, 1, None),
      }
      for done, total, picture in desk.invert(session):
        yield {on.progress: parts.progress(done, total, picture)}
      inverted = session.inverted
      yield {
        on.progress: parts.found(desk.face(session), inverted.picture, inverted.warning),
        **self._words(session, chosen),
        on.waiting: gr.update(visible=False),
        on.strength_step: gr.update(visible=True),
        on.release_waiting: gr.update(visible=False),
        on.release_step: gr.update(visible=True),
      }
      yield self._pictures(session, chosen)
    except PrivaiError as error:
      session.forget()
      yield self._start() | {on.trouble: gr.update(value=parts.trouble(error), visible=True)}

  def _start(self) -> Updates:
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

  def _choice(
    self, hidden: str, position: float, mechanism: str, decode: str, person: str
  ) -> tuple[Choice, str]:
    epsilons = self.desk.epsilons
    place = min(max(0, round(position)), len(epsilons) - 1)
    return Choice(hidden, epsilons[place], mechanism, decode), person or ""

  def _words(self, session: Session, chosen: Any) -> Updates:
    """What the choice means; quick."""
    on, desk = self.on, self.desk
    choice, person = self._choice(*chosen)
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

  def _pictures(self, session: Session, chosen: Any) -> Updates:
    """What may come out, and where it lies."""
    from privai_tf.web.whereabouts import whereabouts

    desk = self.desk
    choice, _ = self._choice(*chosen)
    row = strip_of(desk.epsilons, desk.epsilons.index(choice.epsilon))
    choices = [Choice(choice.hidden, epsilon, choice.mechanism, choice.decode) for epsilon in row]
    pictures = desk.previews(session, choices)
    where = whereabouts(desk.studio, choice, session.inverted.latents)
    return {
      self.on.strip: strip(pictures, choices, choice.epsilon),
      self.on.plot: plot(where, choice),
    }

  def _told(self, error: PrivaiError) -> Updates:
    return {self.on.refused: gr.update(value=parts.trouble(error), visible=True)}
