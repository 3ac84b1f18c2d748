"""uvicorn, with an end that is kept and a log that shows no request's content."""

import logging
import math
import os
import signal
import socket
import sys
import threading
import traceback
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI

from privai_tf.errors import ConfigurationError
from privai_tf.serving.gateway.connections import limited_protocol, most_connections
from privai_tf.serving.gateway.settings import GatewaySettings

_KEEP_ALIVE_SECONDS = 5
_FINISHING_SECONDS = 6  # For what is under way, once a signal says to end.
_GRACE_SECONDS = 8.5  # Until the process is gone, whatever is under way.
_HEADER_SECONDS = 10.0
_WHOLE_SECONDS = 600.0  # Of a connection.
_MOST_HEADER_BYTES = 16_384
_CONNECTIONS_A_PLACE = 16


def serve(
  app: FastAPI,
  settings: GatewaySettings,
  host: str,
  port: int,
  certificate: str | None = None,
  key: str | None = None,
) -> None:
  """Serves until SIGTERM or SIGINT; then finishes what is under way, if it can be done in seconds.

  Args:
    app: the application.
    settings: for the limits.
    host, port: where to listen; port 0 takes a free one.
    certificate, key: PEM files for TLS; None: without, for a proxy in front.

  Raises:
    ConfigurationError: if the place cannot be listened at.
  """
  _configure_logs()
  listener = _listener(host, port)
  protocol = limited_protocol(
    receiving=settings.body_timeout + _HEADER_SECONDS,
    sending=settings.body_timeout,
    most=most_connections(max(64, _CONNECTIONS_A_PLACE * settings.max_concurrent)),
    whole=_WHOLE_SECONDS + settings.request_timeout,
  )
  config = uvicorn.Config(
    app,
    http=protocol,
    ws="none",
    loop="asyncio",
    lifespan="on",
    log_config=None,
    access_log=False,
    server_header=False,
    proxy_headers=False,
    timeout_keep_alive=_KEEP_ALIVE_SECONDS,
    timeout_graceful_shutdown=_FINISHING_SECONDS,
    h11_max_incomplete_event_size=_MOST_HEADER_BYTES,
    ssl_certfile=certificate,
    ssl_keyfile=key,
  )
  scheme = "https" if certificate else "http"
  address = listener.getsockname()
  print(f"Listening on {scheme}://{address[0]}:{address[1]}", flush=True)
  _Server(config).run(sockets=[listener])


class _Server(uvicorn.Server):
  """Ends within `_GRACE_SECONDS` of a signal, whatever its threads hang in.

  A charge is one transaction: cut off, it is there or it is not.
  """

  def handle_exit(self, sig: int, frame: FrameType | None) -> None:
    if not self.should_exit:
      end = threading.Timer(_GRACE_SECONDS, _end_hard, (sig,))
      end.daemon = True
      end.start()
      if hasattr(signal, "alarm"):  # The kernel's own, should no Python code run any more.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(math.ceil(_GRACE_SECONDS) + 1)
    super().handle_exit(sig, frame)


def _end_hard(number: int) -> None:
  print("Ended with work under way: it did not finish in time.", file=sys.stderr, flush=True)
  os._exit(128 + number)


def _listener(host: str, port: int) -> socket.socket:
  family = socket.AF_INET6 if ":" in host else socket.AF_INET
  try:
    return socket.create_server((host, port), family=family, backlog=128)
  except (OSError, OverflowError) as error:
    reason = getattr(error, "strerror", None) or str(error)
    raise ConfigurationError(
      f"--host={host} --port={port}: {reason}; choose another port"
    ) from error


def _configure_logs() -> None:
  handler = logging.StreamHandler(sys.stderr)
  handler.setFormatter(PlaceOnlyFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
  # Other modules' notes are about single pictures (an animation, damaged EXIF data).
  logging.basicConfig(level=logging.ERROR, handlers=[handler], force=True)
  for name in ("privai_tf.serving", "uvicorn"):
    logging.getLogger(name).setLevel(logging.INFO)


class PlaceOnlyFormatter(logging.Formatter):
  """Shows where an unexpected error happened, not its message, which may hold a request's values."""

  def formatException(self, ei: Any) -> str:
    kind, _, trace = ei
    return "".join(traceback.format_tb(trace)) + getattr(kind, "__name__", "error")
