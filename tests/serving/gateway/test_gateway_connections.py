"""Connections that mean no good, against a real uvicorn on a local port: slow, endless, gone."""

import logging
import socket
import threading
import time

import pytest

from privai_tf.privacy.ledger import Ledger

TARGET = "/v1/privatize?epsilon=1"


@pytest.fixture
def token(gateway):
  """Of a caller with budget 10."""
  return gateway.caller("ada")


class Wire:
  """A bare connection, to send what no client would."""

  def __init__(self, address):
    self._socket = socket.create_connection(address)
    self._socket.settimeout(120)

  def __enter__(self):
    return self

  def __exit__(self, *_):
    self._socket.close()

  def head(self, token: str, *lines: str) -> None:
    """Sends a request up to its body."""
    lines = (f"POST {TARGET} HTTP/1.1", "Host: gateway", "Content-Type: image/png", *lines)
    if token:
      lines = (*lines, f"Authorization: Bearer {token}")
    self.send("".join(f"{line}\r\n" for line in lines).encode() + b"\r\n")

  def send(self, data: bytes) -> None:
    self._socket.sendall(data)

  def flood(self, count: int, framed: bool) -> int:
    """Sends up to `count` bytes until the other side has enough; returns how many went out."""
    piece = bytes(65536)
    sent = 0
    try:
      while sent < count:
        self.send(b"10000\r\n" + piece + b"\r\n" if framed else piece)
        sent += len(piece)
    except OSError:
      pass
    return sent

  def status(self) -> int | None:
    """Of the answer; None if the connection ends, or is reset, without one."""
    try:
      line = self._socket.makefile("rb").readline()
    except ConnectionError:
      return None
    return int(line.split()[1]) if line else None

  def is_closed(self) -> bool:
    """Reads on until the other side closes."""
    try:
      while self._socket.recv(65536):
        pass
    except ConnectionError:
      pass
    return True


def test_100_megabytes_are_refused_before_they_are_sent(gateway, serve, token):
  with Wire(serve(gateway.app())) as wire:
    wire.head(token, "Content-Length: 100000000")
    assert wire.status() == 413
    assert wire.is_closed()


def test_a_client_that_asks_first_is_spared_the_upload(gateway, serve, token):
  with Wire(serve(gateway.app())) as wire:
    wire.head(token, "Content-Length: 100000000", "Expect: 100-continue")
    assert wire.status() == 413


def test_100_megabytes_of_unstated_length_are_cut_off_at_the_limit(gateway, serve, token):
  limit = 1_000_000
  with Wire(serve(gateway.app(max_upload_bytes=limit))) as wire:
    wire.head(token, "Transfer-Encoding: chunked")
    sent = wire.flood(100_000_000, framed=True)
    assert sent < 30_000_000  # the limit, and what the kernel's buffers take
    assert wire.status() in (413, None)


def test_a_body_without_a_token_is_not_waited_for(gateway, serve, token):
  with Wire(serve(gateway.app())) as wire:
    wire.head("", "Content-Length: 1000")
    assert wire.status() == 401
    assert wire.is_closed()


def test_a_slow_body_is_given_up(gateway, serve, token):
  with Wire(serve(gateway.app(body_timeout=0.3, max_concurrent=1))) as wire:
    wire.head(token, "Content-Length: 1000")
    wire.send(b"\x89PNG")
    assert wire.status() == 408
    assert wire.is_closed()


def test_a_body_that_drips_is_given_up_too(gateway, serve, token):
  with Wire(serve(gateway.app(body_timeout=0.5, max_concurrent=1))) as wire:
    wire.head(token, "Content-Length: 1000")

    def drip():
      try:
        for _ in range(600):
          wire.send(b"x")
          time.sleep(0.05)
      except OSError:
        pass

    dripping = threading.Thread(target=drip, daemon=True)
    dripping.start()
    assert wire.status() == 408
    assert wire.is_closed()
    dripping.join()


@pytest.mark.parametrize("start", [b"", b"POST /v1/priv", b"GET /healthz HTTP/1.1\r\nHost: a\r\n"])
def test_headers_that_never_end_are_given_up(gateway, serve, token, start):
  with Wire(serve(gateway.app(), deadline=0.3)) as wire:
    wire.send(start)
    assert wire.is_closed()


def test_endless_headers_are_refused(gateway, serve, token):
  with Wire(serve(gateway.app())) as wire:
    wire.send(b"GET /healthz HTTP/1.1\r\n")
    try:
      for number in range(10_000):
        wire.send(b"X-%d: %s\r\n" % (number, b"x" * 1000))
    except OSError:
      pass
    assert wire.status() in (400, 431, None)


def test_a_body_that_breaks_off_frees_its_place(gateway, serve, token, caplog):
  address = serve(gateway.app(max_concurrent=1))
  for _ in range(5):
    with Wire(address) as wire:
      wire.head(token, "Content-Length: 1000")
      wire.send(b"\x89PNG")
  service = gateway.services[0]
  while service.admission.taken:
    time.sleep(0.01)
  assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def _held(gateway, address, token, photo) -> Wire:
  """A request that waits in the backend."""
  wire = Wire(address)
  wire.head(token, f"Content-Length: {len(photo)}")
  wire.send(photo)
  return wire


def _wait_for(condition) -> None:
  while not condition():
    time.sleep(0.01)


def test_places_are_limited_for_each_caller_and_in_all(gateway, serve, token, photo):
  other = gateway.caller("bob")
  gateway.backend.hold = threading.Event()
  address = serve(gateway.app(max_concurrent=2, max_per_caller=1))
  with _held(gateway, address, token, photo) as first, Wire(address) as second:
    _wait_for(lambda: gateway.services[0].admission.taken == 1)
    second.head(token, "Content-Length: 10")
    assert second.status() == 429
    with _held(gateway, address, other, photo) as third, Wire(address) as fourth:
      _wait_for(lambda: gateway.services[0].admission.taken == 2)
      fourth.head(gateway.caller("eve"), "Content-Length: 10")
      assert fourth.status() == 503
      gateway.backend.hold.set()
      assert third.status() == 200
    assert first.status() == 200


def test_a_late_answer_is_refused_unpaid(gateway, serve, token, photo):
  gateway.backend.hold = threading.Event()
  address = serve(gateway.app(request_timeout=0.3))
  with _held(gateway, address, token, photo) as wire:
    assert wire.status() == 503
  gateway.backend.hold.set()
  gateway.services[0].close()
  with Ledger.open(gateway.ledger, default_epsilon=10) as ledger:
    assert ledger.remaining("ada").releases == 0


def test_a_caller_who_left_is_not_charged(gateway, serve, token, photo):
  gateway.backend.hold = threading.Event()
  address = serve(gateway.app(workers=1))
  with _held(gateway, address, token, photo):
    _wait_for(lambda: gateway.backend.encoded == 1)
  _wait_for(lambda: gateway.services[0].admission.taken == 0)
  gateway.backend.hold.set()
  gateway.services[0].close()
  assert gateway.backend.synthesized == []
  with Ledger.open(gateway.ledger, default_epsilon=10) as ledger:
    assert ledger.remaining("ada").releases == 0
