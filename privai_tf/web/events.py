"""What happens on the page: each handler is one action of the desk, shown."""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from privai_tf.jobs.advice import LIKENESS_SECONDS
from privai_tf.serving.gateway.refusals import Refusal
from privai_tf.web import parts, words
from privai_tf.web.desk import Desk
from privai_tf.web.estimate import Estimate
from privai_tf.web.page import Widgets
from privai_tf.web.sessions import Session
from privai_tf.web.style import FOCUS_RESULT
from privai_tf.web.together import saying_all
from privai_tf.web.troubles import charged, explained
from privai_tf.web.views import Updates, Views

# One at a time, whoever asks: there is one model.
_QUEUED = {"concurrency_id": "model", "concurrency_limit": 1, "show_progress": "hidden"}


class Events:
  """The handlers of one page.

  Args:
    desk: does the work.
    widgets: shows it.
  """

  def __init__(self, desk: Desk, widgets: Widgets):
    self.desk, self.on, self.views = desk, widgets, Views(desk, widgets)

  def connect(self) -> None:
    """Tells the page; to be called inside its context."""
    on, everything = self.on, self.on.all()
    chosen = [on.session, on.hidden, on.strength, on.mechanism, on.decode, on.person]
    on.upload.input(self.upload, [on.session, on.upload, *chosen[1:]], everything, **_QUEUED)
    on.samples.select(self.sample, chosen, everything, **_QUEUED)
    on.faces.input(self.face, [*chosen, on.faces], everything, **_QUEUED)
    # Beside the queue: others go on, and wait in turn where they search, too.
    beside = {"concurrency_limit": None, "show_progress": "hidden"}
    on.keep.click(self.keep, chosen, everything, **beside)
    on.stop.click(self.stop, on.session, None, queue=False, show_progress="hidden")
    on.again.click(self.again, on.session, everything, queue=False, show_progress="hidden")
    for widget in (on.hidden, on.mechanism, on.decode, on.strength):
      widget.input(self.moved, chosen, everything, trigger_mode="always_last", **_QUEUED)
    on.person.blur(self.moved, chosen, everything, trigger_mode="always_last", **_QUEUED)
    released = on.release.click(self.release, [*chosen, on.release], everything, **_QUEUED)
    released.then(None, None, None, js=FOCUS_RESULT)  # The button that had it takes none any more.

  @saying_all
  def upload(self, session: Session, path: str | None, *chosen: Any) -> Iterator[Updates]:
    """A photo came."""
    if (
      path is None
    ):  # It was cleared, or another source was chosen; a generator must say something.
      yield {self.on.trouble: gr.update()}
      return
    yield from self._taken(session, functools.partial(self.desk.take_upload, session, path), chosen)

  @saying_all
  def sample(self, event: gr.SelectData, session: Session, *chosen: Any) -> Iterator[Updates]:
    """A sample portrait was chosen."""
    take = functools.partial(self.desk.take_sample, session, event.index)
    yield from self._taken(session, take, chosen)

  @saying_all
  def face(self, session: Session, *values: Any) -> Iterator[Updates]:
    """Another face was chosen."""
    *chosen, name = values
    number = int(name.split()[-1]) - 1
    take = functools.partial(self.desk.choose_face, session, number)
    yield from self._taken(session, take, chosen)

  @saying_all
  def keep(self, session: Session, *chosen: Any) -> Iterator[Updates]:
    """The face is to be searched until the person is found."""
    on, desk = self.on, self.desk
    photo, shown, trouble = session.photo, "", gr.update(visible=False)
    yield self.views.searching()
    try:
      estimate = Estimate(LIKENESS_SECONDS)
      for done, total, picture in desk.invert(session, likeness=True):
        told = parts.searching(done, total, picture, estimate.left(done, total))
        if told != shown:
          yield {on.progress: told}
        shown = told
    except Exception as error:
      if session.photo is not photo:  # Put away meanwhile: no trouble.
        yield self.views.start()
        return
      if session.search is not None:  # Nor what was stopped.
        trouble = gr.update(value=parts.trouble(explained(error)), visible=True)
    try:
      kept = session.inverted.likeness  # Else the previews are still those from before.
      gone = self.views.drawing() if kept else {}
      yield self.views.read(session, chosen) | gone | {on.trouble: trouble}
      if kept:
        yield self.views.pictures(session, chosen)
    except Exception as error:
      yield self.views.told(error)

  def stop(self, session: Session) -> None:
    """What is searched ends; `keep` then shows what there was before."""
    self.desk.stop(session)

  def again(self, session: Session) -> Updates:
    """Back to the start."""
    _forget(session)
    return self.views.start()

  @saying_all
  def moved(self, session: Session, *chosen: Any) -> Iterator[Updates]:
    """Something of step 2 was chosen: its words at once, its pictures after them."""
    try:
      self.desk.sessions.touch(session)
      yield self.views.words(session, chosen)
      yield self.views.pictures(session, chosen)
    except Exception as error:
      yield self.views.told(error)

  @saying_all
  def release(self, session: Session, *values: Any) -> Iterator[Updates]:
    """The one draw, at the price that the pressed button named."""
    on, desk = self.on, self.desk
    *chosen, pressed = values
    choice, person = self.views.choice(session, chosen)
    yield {on.release: gr.update(value="Releasing ...", interactive=False)}
    try:
      desk.sessions.touch(session)
      told = words.release_button(desk.prepared(choice).guarantee, bool(session.released))
      if pressed != told:
        raise Refusal(
          409, "You chose anew before the price was told. Nothing was released: press again."
        )
      released = desk.release(session, choice, person)
      with charged():
        shown = self.views.released(session, released)
        budget = desk.budget(session, choice, person)
      yield shown | {
        on.budget: budget,
        on.release: gr.update(value="Released", interactive=False),
      }
    except Exception as error:
      yield self.views.told(error) | self.views.again(session, choice, person, pressed)

  def _taken(self, session: Session, take: Callable, chosen: Any) -> Iterator[Updates]:
    """From a photo to the first previews."""
    on, desk = self.on, self.desk
    yield {on.trouble: gr.update(value=parts.LOOKING, visible=True)}
    photo = None
    try:
      take()
      photo = session.photo
      names = [f"Face {number + 1}" for number in range(len(session.photo.faces))]
      yield self.views.start() | {
        on.pick: gr.update(visible=False),
        on.taken: gr.update(visible=True),
        on.photo: parts.photo(session.photo, session.face),
        on.faces: gr.update(choices=names, value=names[session.face], visible=len(names) > 1),
        on.progress: parts.progress(0, 1, None),
      }
      for done, total, picture in desk.invert(session):
        yield {on.progress: parts.progress(done, total, picture)}
      yield self.views.read(session, chosen)
      yield self.views.pictures(session, chosen)
    except Exception as error:
      if photo is not None and session.photo is not photo:  # Put away meanwhile: no trouble.
        yield self.views.start()
        return
      _forget(session)
      told = parts.trouble(explained(error))
      yield self.views.start() | {on.trouble: gr.update(value=told, visible=True)}


def _forget(session: Session | None) -> None:
  """Forgets a visit's photo; None: a visit of a page that was started anew meanwhile."""
  if session is not None:
    session.forget()
