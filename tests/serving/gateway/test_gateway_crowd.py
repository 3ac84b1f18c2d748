"""A crowd of connections that send and never read, or only wait; others, and probes, are served."""

import contextlib
import socket
import threading
import time
import tracemalloc

import pytest

from privai_tf.serving.gateway import connections

_DOCUMENT = b"GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n"
_HEALTH = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture
def crowd():
  """(address, count, data, buffer) -> connections that send the data and never read."""
  with contextlib.ExitStack() as stack:

    def connect(address, count, data=b""):
      made = []
      for _ in range(count):
        wire = socket.socket()
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        wire.settimeout(120)
        wire.connect(address)
        stack.enter_context(contextlib.closing(wire))
        with contextlib.suppress(ConnectionError):
          wire.sendall(data)
        made.append(wire)
      return made

    yield connect


def _status(address, path="/healthz") -> int | None:
  """Of one request on a new connection; None if it is cut off."""
  try:
    with socket.create_connection(address, timeout=120) as wire:
      wire.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
      return int(wire.makefile("rb").readline().split()[1])
  except (ConnectionError, IndexError):
    return None


def _read_all(wire) -> int:
  """Bytes until the other side ends the connection."""
  count = 0
  with contextlib.suppress(ConnectionError):
    while data := wire.recv(1 << 20):
      count += len(data)
  return count


def test_a_place_that_only_waits_is_given_to_who_comes(gateway, serve, crowd):
  gateway.caller("ada")
  address = serve(gateway.app(), most=8)
  waiting = crowd(address, 30)
  assert _status(address) == 200
  assert _status(address, "/v1/budget") == 401
  assert _read_all(waiting[0]) == 0


def test_an_answer_that_nobody_reads_is_given_up(serve, crowd):
  """It is longer than what the kernel's buffers take."""
  half, given_up = bytes(4_000_000), threading.Event()

  async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": half, "more_body": True})
    await send({"type": "http.response.body", "body": half})  # Waits for the first to be taken.
    given_up.set()

  (wire,) = crowd(serve(app, sending=0.2), 1, _HEALTH)
  assert given_up.wait(120)
  assert _read_all(wire) < len(half)


def test_unread_answers_do_not_pile_up(gateway, serve, crowd):
  """A connection's next request is not begun before the last answer but one is taken."""
  gateway.caller("ada")
  app = gateway.app()
  served = 0

  async def counting(scope, receive, send):
    nonlocal served
    served += 1
    await app(scope, receive, send)

  address = serve(counting)
  assert _status(address, "/openapi.json") == 200
  tracemalloc.start()
  try:
    crowd(address, 1, _DOCUMENT)[0].settimeout(0.2)
    (wire,) = crowd(address, 1)
    wire.settimeout(0.5)
    with contextlib.suppress(TimeoutError):
      for _ in range(100):
        wire.sendall(_DOCUMENT * 100)
    held = tracemalloc.get_traced_memory()[0]
  finally:
    tracemalloc.stop()
  assert served < 300
  assert held < 20_000_000


def test_a_connection_ends_after_its_whole_time(gateway, serve, crowd):
  gateway.caller("ada")
  app, answered = gateway.app(), 0
  for whole in (0.5, 5.0, 50.0):  # A busy machine may not answer once within the first.
    (wire,) = crowd(serve(app, whole=whole), 1)
    with contextlib.suppress(ConnectionError):
      while True:
        wire.sendall(_HEALTH)
        if not wire.recv(65536):
          break
        answered += 1
        time.sleep(0.05)
    if answered:
      return
  pytest.fail("no request was answered before the end")


def test_while_all_are_worked_for_probes_have_places_of_their_own(
  gateway, serve, crowd, monkeypatch
):
  token = gateway.caller("ada")
  gateway.backend.hold = threading.Event()
  address = serve(gateway.app(), most=2)
  monkeypatch.setattr(connections, "PROBE_PLACES", 3)
  head = (
    "POST /v1/privatize?epsilon=1 HTTP/1.1\r\nHost: a\r\nContent-Type: image/png\r\n"
    f"Authorization: Bearer {token}\r\nContent-Length: 1000\r\n\r\n"
  ).encode()
  crowd(address, 2, head)  # Their bodies are waited for.
  while gateway.services[0].admission.taken < 2:
    time.sleep(0.01)
  assert _status(address) == 200
  assert _status(address, "/readyz") == 200
  assert _status(address, "/openapi.json") == 503
  gateway.backend.hold.set()


def test_places_are_at_most_half_of_the_files_a_process_may_open(monkeypatch):
  resource = pytest.importorskip("resource")
  monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 4096))
  assert connections.most_connections(256) == 256
  assert connections.most_connections(1600) == 512


@pytest.mark.very_slow
@pytest.mark.parametrize(
  "data", [b"", _DOCUMENT * 100, _HEALTH * 1000], ids=["idle", "large", "many"]
)
def test_a_large_crowd(gateway, serve, crowd, data):
  """400 connections at 256 places, three times; prints how long probes take meanwhile."""
  gateway.caller("ada")
  address = serve(gateway.app())
  times = []
  for _ in range(3):
    held = crowd(address, 400, data)
    for _ in range(20):
      began = time.monotonic()
      assert _status(address) == 200
      times.append(time.monotonic() - began)
    for wire in held:
      wire.close()
  print(f"probes: {max(times):.3f} s at most, {sorted(times)[30]:.4f} s in the middle")
