"""uvicorn, with a deadline for every request and a log that shows no request's content."""

import asyncio
import logging
import socket
import sys
import traceback
from typing import Any

import h11
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from privai_tf.errors import ConfigurationError
from privai_tf.serving.gateway.settings import GatewaySettings

_KEEP_ALIVE_SECONDS = 5
_SHUTDOWN_SECONDS = 30
_HEADER_SECONDS = 10.0
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
  """Serves until SIGTERM or SIGINT; then finishes what is under way.

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
  config = uvicorn.Config(
    app,
    http=deadline_protocol(settings.body_timeout + _HEADER_SECONDS),
    ws="none",
    loop="asyncio",
    lifespan="on",
    log_config=None,
    access_log=False,
    server_header=False,
    proxy_headers=False,
    limit_concurrency=max(64, _CONNECTIONS_A_PLACE * settings.max_concurrent),
    timeout_keep_alive=_KEEP_ALIVE_SECONDS,
    timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    h11_max_incomplete_event_size=_MOST_HEADER_BYTES,
    ssl_certfile=certificate,
    ssl_keyfile=key,
  )
  scheme = "https" if certificate else "http"
  address = listener.getsockname()
  print(f"Listening on {scheme}://{address[0]}:{address[1]}", flush=True)
  uvicorn.Server(config).run(sockets=[listener])


def deadline_protocol(seconds: float) -> type[H11Protocol]:
  """uvicorn's protocol, which by itself waits for ever for the rest of a request.

  Args:
    seconds: from a request's first byte (or the connection's start) to its last; then the
      connection is closed. Longer than the body's own timeout, which is answered properly.
  """

  class DeadlineProtocol(H11Protocol):
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
      super().connection_made(transport)
      self._start()

    def data_received(self, data: bytes) -> None:
      super().data_received(data)
      if self.conn.their_state in (h11.IDLE, h11.SEND_BODY):
        self._start()
      else:
        self._stop()

    def connection_lost(self, exc: Exception | None) -> None:
      self._stop()
      super().connection_lost(exc)

    def _start(self) -> None:
      if self._deadline is None:
        self._deadline = self.loop.call_later(seconds, self.transport.abort)

    def _stop(self) -> None:
      if self._deadline is not None:
        self._deadline.cancel()
        self._deadline = None

  return DeadlineProtocol


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
