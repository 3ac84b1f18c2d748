"""How a visit begins (the model may still be loading) and ends."""

import asyncio
from collections.abc import AsyncIterator

import gradio as gr

from privai_tf.serving.gateway.tokens import Caller, TokenFile
from privai_tf.web import parts
from privai_tf.web.choices import described, usual_hidden
from privai_tf.web.desk import Desk
from privai_tf.web.page import Widgets
from privai_tf.web.troubles import explained
from privai_tf.web.views import Updates

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

  async def begin(self, request: gr.Request) -> AsyncIterator[Updates]:
    """A new visit: waits for the model, then opens the first step."""
    on, desk = self.on, self.desk
    caller = self._caller(request.username)
    if self.tokens is not None and caller is None:  # Removed meanwhile: nobody's account pays.
      yield {on.banner: parts.trouble("You may not come in any more; ask who runs this page.")}
      return
    try:
      session = desk.sessions.open(request.session_hash, caller)
    except Exception as error:  # Such as a full disk.
      yield {on.banner: parts.trouble(explained(error))}
      return
    yield {on.session: session}
    while desk.studio is None:
      await asyncio.sleep(_POLL_SECONDS)  # Threads are for who works.
    offered = desk.studio.offered()
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

  def _caller(self, name: str | None) -> Caller | None:
    if self.tokens is None:
      return None
    return next((one for one in self.tokens.callers if one.name == name), None)
