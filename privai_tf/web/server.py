"""The page's server: nothing is fetched from elsewhere, nobody comes in who may not, nothing stays."""

import contextlib
import functools
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from privai_tf.errors import ConfigurationError
from privai_tf.runtime.startup import show_errors_again, start_tensorflow
from privai_tf.web.guard import Guard
from privai_tf.web.sessions import private_folder
from privai_tf.web.settings import WebSettings, is_loopback

_SWEEP_SECONDS = 30.0
_FINISHING_SECONDS = 3  # For what is under way, once the page is told to end.
_LEAVING_SECONDS = 4.0  # Until the page is closed, whatever is under way.
# Before gradio is imported: it asks for its newest version, and for fonts, where it may.
_SETTINGS = {
  "GRADIO_ANALYTICS_ENABLED": "False",
  "GRADIO_TELEMETRY_ENABLED": "False",
  "HF_HUB_OFFLINE": "1",
  "HF_HUB_DISABLE_TELEMETRY": "1",
}


def run(settings: WebSettings, tell: Callable[[str], None]) -> None:
  """Serves the page until it is told to end.

  Args:
    settings: the operator's choices.
    tell: told where the page is, and when it is ready.

  Raises:
    PrivaiError: whatever of the choices cannot be used.
  """
  with private_folder() as folder, _opened(settings, folder) as (desk, app):
    import uvicorn

    listener = _listener(settings)
    host, port = listener.getsockname()[:2]  # While it is open for certain.
    server = uvicorn.Server(
      uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=_FINISHING_SECONDS,
      )
    )
    # What is cut off at the end is meant to be: no traces of it.
    logging.getLogger("uvicorn.error").addFilter(lambda _: not server.should_exit)
    ended, failures = threading.Event(), []
    for work in (
      functools.partial(_serve, server, listener, failures, ended),
      functools.partial(_load, desk, server, failures, tell),
      functools.partial(_sweep, desk, server),
    ):
      threading.Thread(target=work, daemon=True).start()
    try:
      tell(f"The page: http://{host}:{port}  (the model is loading)")
      ended.wait()
    finally:  # A signal says so: it comes to this thread, whatever the others are within.
      show_errors_again()
      server.should_exit = True
      ended.wait(_LEAVING_SECONDS)
    if failures:
      raise failures[0]


def _serve(server: Any, listener: socket.socket, failures: list, ended: threading.Event) -> None:
  try:
    server.run(sockets=[listener])
  except BaseException as error:  # Told to who waits.
    failures.append(error)
  finally:
    ended.set()


@contextlib.contextmanager
def _opened(settings: WebSettings, folder: Path) -> Iterator[tuple[Any, Any]]:
  """The desk and the application; closed at the end."""
  from privai_tf.serving.gateway.tokens import TokenFile

  tokens = None if settings.auth_file is None else TokenFile(settings.auth_file)
  uploads, practice = folder / "uploads", folder / "practice"
  for part in (uploads, practice):
    part.mkdir(mode=0o700)
  os.environ.update(_SETTINGS)
  os.environ["GRADIO_TEMP_DIR"] = str(uploads)

  from privai_tf.web.desk import Desk

  desk = Desk(settings, uploads)
  try:
    desk.open_ledgers(practice)
    yield desk, create_app(desk, tokens)
  finally:
    desk.close()


def create_app(desk: Any, tokens: Any = None) -> Any:
  """The application.

  Args:
    desk: what is behind the page.
    tokens: a `TokenFile` of those who may come; None: everybody who can reach it.
  """
  import fastapi
  import gradio as gr

  from privai_tf.web import style
  from privai_tf.web.events import Events
  from privai_tf.web.page import build_page
  from privai_tf.web.visits import Visits

  for name in ("httpx", "uvicorn"):
    logging.getLogger(name).setLevel(logging.WARNING)
  page, widgets = build_page(desk)
  with page:
    Visits(desk, widgets, tokens).connect(page)
    Events(desk, widgets).connect()
  settings = desk.settings
  page.queue(max_size=settings.max_waiting, default_concurrency_limit=1, api_open=False)

  def may_enter(name: str, token: str) -> bool:
    caller = tokens.caller_of(token)
    return caller is not None and caller.name == name

  app = fastapi.FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
  gr.mount_gradio_app(
    app,
    page,
    path="/",
    auth=None if tokens is None else may_enter,
    auth_message="Username: your name. Password: the token that you were given.",
    max_file_size=settings.max_upload_bytes,
    allowed_paths=[],
    show_error=False,
    footer_links=[],
    run_history=False,
    ssr_mode=False,
    enable_monitoring=False,
    pwa=False,
    mcp_server=False,
    theme=style.theme(),
    css=style.CSS,
    js=style.SCRIPT.replace("EPSILONS", str(list(desk.epsilons))),
  )
  return Guard(app, only_local=is_loopback(settings.host))


def _load(desk: Any, server: Any, failures: list, tell: Callable[[str], None]) -> None:
  """Loads the model beside the server, which ends if that fails."""
  try:
    start_tensorflow()
    _quiet_tensorflow()
    desk.load()
  except BaseException as error:  # Else the page would say for ever that it is loading.
    failures.append(error)
    server.should_exit = True
    return
  tell("The model is ready.")
  desk.warm_up()


def _quiet_tensorflow() -> None:
  """Every mechanism's simulation is traced once, which TensorFlow takes for a mistake."""
  import tensorflow as tf

  tf.get_logger().setLevel("ERROR")


def _sweep(desk: Any, server: Any) -> None:
  pause = threading.Event()
  while not server.should_exit:
    desk.sessions.sweep()
    pause.wait(_SWEEP_SECONDS)


def _listener(settings: WebSettings) -> socket.socket:
  family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
  try:
    return socket.create_server((settings.host, settings.port), family=family)
  except (OSError, OverflowError) as error:
    told = getattr(error, "strerror", None) or str(error)
    reason = told.partition(" (")[0]  # What follows says the place a second time.
    raise ConfigurationError(
      f"--host={settings.host} --port={settings.port}: {reason}; choose another port"
    ) from error
