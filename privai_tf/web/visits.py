"""How a visit begins (the model may still be loading) and ends."""

import time
from collections.abc import Iterator

import gradio as gr

from privai_tf.serving.gateway.tokens import TokenFile
from privai_tf.web.choices import described, usual_hidden
from privai_tf.web.desk import Desk
from privai_tf.web.events import Updates
from privai_tf.web.page import Widgets

_POLL_SECONDS = 0.3


class Visits:
  """Opens and closes sessions.

  Args:
    desk: holds them.
    widgets: of the page.
    tokens: who may come; None: everybody who can reach the page.
  """

  def __init__(self, desk: Desk, widgets: Widgets, tokens: TokenFile | None = None):
    self.desk, self.on, self.tokens = desk, widgets, tokens

  def connect(self, page: gr.Blocks) -> None:
    """Tells the page; to be called inside its context."""
    page.load(
      self.begin,
      None,
      self.on.all(),
      show_progress="hidden",
      concurrency_limit=None,
    )
    page.unload(self.end)

  def begin(self, request: gr.Request) -> Iterator[Updates]:
    """A new visit: waits for the model, then opens the first step."""
    on, desk = self.on, self.desk
    session = desk.sessions.open(request.session_hash, self._caller(request.username))
    yield {on.session: session}
    while desk.studio is None:
      time.sleep(_POLL_SECONDS)
    offered = desk.studio.offered
    first = usual_hidden(offered)
    yield {
      on.banner: gr.update(visible=False),
      on.upload: gr.update(interactive=True, visible=True),
      on.samples: gr.update(value=[str(path) for path in desk.samples], visible=True),
      on.samples_told: gr.update(visible=True),
      on.hidden: gr.update(choices=offered, value=first),
      on.described: f"<p>{described(first)}</p>",
    }

  def end(self, request: gr.Request) -> None:
    """The page was closed or left."""
    self.desk.sessions.close(request.session_hash)

  def _caller(self, name: str | None):
    if self.tokens is None:
      return None
    return next((one for one in self.tokens.callers if one.name == name), None)
