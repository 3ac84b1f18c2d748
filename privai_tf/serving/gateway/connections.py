"""uvicorn's connections with limits of time and number, in both directions."""

import asyncio
import contextlib
import json
import socket
from collections.abc import Callable
from typing import Any

import h11
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

PROBES = ("/healthz", "/readyz")
PROBE_PLACES = 16
_BUFFER_BYTES = 1 << 17
_CROWDED = json.dumps({"error": "All connections are taken; come again."}).encode()


def most_connections(wanted: int) -> int:
  """As many as wanted, but at most half of the files that this process may open.

  Args:
    wanted: how many at a time, at least 1.
  """
  with contextlib.suppress(ImportError):  # Only Unix has it.
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit != resource.RLIM_INFINITY:
      return max(1, min(wanted, limit // 2))
  return wanted


def limited_protocol(
  receiving: float, sending: float, most: int, whole: float
) -> type[H11Protocol]:
  """uvicorn's protocol, which by itself waits for ever for a request's rest and an answer's reader.

  Where all places are taken, a new connection takes that of the oldest one whose other side is to
  move: to send a request, else to read an answer. While all are being worked for, it is there for
  probes only.

  Args:
    receiving: seconds from a request's first byte (or the connection's start) to its last; then the
      connection is closed. Longer than the body's own timeout, which is answered properly.
    sending: seconds for what was sent to be taken by the other side.
    most: connections at a time, besides `PROBE_PLACES`.
    whole: seconds after which a connection ends with the request under way; cut off after twice that.
  """
  everyone: dict[Any, None] = {}  # The oldest first.

  class LimitedProtocol(H11Protocol):
    def connection_made(self, transport: Any) -> None:
      super().connection_made(transport)
      _limit_buffers(transport.get_extra_info("socket"))
      # Not 0: TLS' own transport tells nothing then.
      transport.set_write_buffer_limits(high=1, low=0)
      self._reading = _Deadline(self.loop, receiving, transport.abort)
      self._sending = _Deadline(self.loop, sending, transport.abort)
      self._whole = _Deadline(self.loop, whole, self._end)
      self._reading.start()
      self._whole.start()
      everyone[self] = None
      if len(everyone) > most:
        self._make_room()

    def _make_room(self) -> None:
      others = [other for other in everyone if other is not self and not other.working]
      if others:
        # A release that is slowly read may be paid.
        min(others, key=lambda other: other.flow.write_paused).drop()
      elif len(everyone) > most + PROBE_PLACES:
        self.drop()
      else:
        self.app = _probes_only(self.app)

    @property
    def working(self) -> bool:
      """Whether it is our turn to move."""
      answering = self.cycle is not None and not self.cycle.response_complete
      return answering and not self.flow.write_paused

    def drop(self) -> None:
      """Ends it at once, whatever is unsent."""
      everyone.pop(self, None)
      self.transport.abort()

    def _end(self) -> None:
      self._whole = _Deadline(self.loop, whole, self.transport.abort)
      self._whole.start()
      self.shutdown()  # uvicorn's own: at once, or once the request under way is answered.

    def data_received(self, data: bytes) -> None:
      super().data_received(data)
      if self.conn.their_state in (h11.IDLE, h11.SEND_BODY):
        self._reading.start()
      else:
        self._reading.stop()

    def pause_writing(self) -> None:
      super().pause_writing()
      self._sending.start()

    def resume_writing(self) -> None:
      super().resume_writing()
      self._sending.stop()

    def connection_lost(self, exc: Exception | None) -> None:
      everyone.pop(self, None)
      for deadline in (self._reading, self._sending, self._whole):
        deadline.stop()
      super().connection_lost(exc)

  return LimitedProtocol


def _limit_buffers(connection: socket.socket | None) -> None:
  """What the kernel keeps of one connection: else megabytes each for those that do not read."""
  if connection is not None:
    with contextlib.suppress(OSError):
      for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        connection.setsockopt(socket.SOL_SOCKET, option, _BUFFER_BYTES)


class _Deadline:
  """Calls something once it has been on for so long."""

  def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float, then: Callable[[], None]):
    self._loop, self._seconds, self._then = loop, seconds, then
    self._timer: asyncio.TimerHandle | None = None

  def start(self) -> None:
    """Goes on if it is on already."""
    if self._timer is None:
      self._timer = self._loop.call_later(self._seconds, self._then)

  def stop(self) -> None:
    if self._timer is not None:
      self._timer.cancel()
      self._timer = None


def _probes_only(app: ASGIApp) -> ASGIApp:
  async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"] in PROBES:
      await app(scope, receive, send)
      return
    headers = [
      (b"content-type", b"application/json"),
      (b"content-length", str(len(_CROWDED)).encode()),
      (b"connection", b"close"),
      (b"retry-after", b"5"),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": _CROWDED})

  return answer
