"""Uploads and connections that mean no good, against a real uvicorn on a local port."""

import io
import json
import logging
import os
import socket
import struct
import sys
import threading
import time
import zlib

import numpy as np
import pytest
from PIL import Image

from privai_tf.privacy.ledger import Ledger

TARGET = "/v1/privatize?epsilon=1"


@pytest.fixture
def token(gateway):
  """Of a caller with budget 10."""
  return gateway.caller("ada")


def _chunk(kind: bytes, data: bytes) -> bytes:
  body = kind + data
  return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def bomb(width: int, height: int) -> bytes:
  """A valid PNG of one colour, a thousandth of what it unfolds to."""
  header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
  compressor = zlib.compressobj(9)
  row = bytes(1 + 3 * width)
  data = b"".join(compressor.compress(row) for _ in range(height)) + compressor.flush()
  parts = [_chunk(b"IHDR", header), _chunk(b"IDAT", data), _chunk(b"IEND", b"")]
  return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _text_bomb() -> bytes:
  data = bytearray(bomb(32, 32))
  text = b"a\0\0" + zlib.compress(bytes(100_000_000), 9)
  data[33:33] = _chunk(b"zTXt", text)
  return bytes(data)


def _many_scans() -> bytes:
  buffer = io.BytesIO()
  Image.new("RGB", (64, 64)).save(buffer, format="JPEG", progressive=True)
  data = buffer.getvalue()
  start = data.rindex(b"\xff\xda")
  return data[:start] + data[start:-2] * 1000 + data[-2:]


@pytest.mark.parametrize(
  ("content", "status"),
  [
    pytest.param(bomb(12_000, 12_000), 413, id="bomb of 432 MB"),
    pytest.param(_text_bomb(), 422, id="text bomb of 100 MB"),
    pytest.param(_many_scans(), 422, id="JPEG of a thousand scans"),
    pytest.param(bomb(32, 32)[:60], 422, id="half a PNG"),
    pytest.param(bomb(4, 4), 422, id="too small for a face"),
    pytest.param(b"\x89PNG\r\n\x1a\n" + bytes(1000), 422, id="zeros as PNG"),
    pytest.param(b"\xff\xd8\xff" + bytes(range(256)) * 40, 422, id="noise as JPEG"),
    pytest.param(b"RIFF\0\0\0\0WEBP" + bytes(1000), 422, id="zeros as WebP"),
    pytest.param(b"", 415, id="empty"),
    pytest.param(b"GIF89a" + bytes(100), 415, id="GIF"),
    pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, id="SVG"),
    pytest.param(b"%!PS-Adobe-3.0 EPSF-3.0\n", 415, id="EPS"),
    pytest.param(b"PK\x03\x04" + bytes(100), 415, id="ZIP"),
    pytest.param(b"\x7fELF" + bytes(100), 415, id="program"),
  ],
)
def test_pictures_that_are_none_are_refused(gateway, client_of, headers_of, token, content, status):
  client = client_of(gateway.app())
  answer = client.post(TARGET, content=content, headers=headers_of(token))
  assert answer.status_code == status, answer.text
  assert "\n" not in answer.json()["error"]
  assert gateway.backend.encoded == 0


def test_a_bomb_is_not_unfolded(gateway, client_of, headers_of, token):
  """432 MB would show in the peak of this process."""
  import resource

  client, content = client_of(gateway.app()), bomb(12_000, 12_000)
  before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
  for _ in range(3):
    assert client.post(TARGET, content=content, headers=headers_of(token)).status_code == 413
  assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB


@pytest.mark.parametrize(
  "content_type", ["", "text/plain", "application/json", "image/gif", "image/svg+xml", "x" * 5000]
)
def test_other_content_types_are_refused(
  gateway, client_of, headers_of, token, photo, content_type
):
  client = client_of(gateway.app())
  headers = {**headers_of(token), "Content-Type": content_type}
  assert client.post(TARGET, content=photo, headers=headers).status_code == 415


FIELD = b'Content-Disposition: form-data; name="image"\r\n\r\n'


@pytest.mark.parametrize(
  ("boundary", "body"),
  [
    ("", b"--\r\n" + FIELD + b"x\r\n----\r\n"),
    ("boundary=", b"--\r\n" + FIELD + b"x\r\n----\r\n"),
    ("boundary=" + "b" * 71, b""),
    ("boundary=B", b""),
    ("boundary=B", b"--B--\r\n"),
    ("boundary=B", b"--B\r\n" + FIELD + b"never ends"),
    ("boundary=B", b"--B\r\n" * 100_000),
    ("boundary=B", b"--B\r\nContent-Disposition: form-data; name=other\r\n\r\nx\r\n--B--"),
    ("boundary=B", b"--B\r\n\r\nx\r\n--B--"),
    ("boundary=B", b"--B\r\n" + FIELD + b"x\r\n--B\r\n" + FIELD + b"y\r\n--B--"),
    ('boundary="a\xe9"', b"--a\xe9\r\n" + FIELD + b"x\r\n--a\xe9--"),
    ("boundary*=utf-8''%00", b""),
    ("charset=nothing; boundary=B", b"--B\r\nContent-Disposition: \xff\xfe\r\n\r\n\r\n--B--"),
  ],
)
def test_forms_that_are_none_are_refused(gateway, client_of, headers_of, token, boundary, body):
  client = client_of(gateway.app())
  headers = headers_of(token)
  headers["Content-Type"] = f"multipart/form-data; {boundary}".encode("latin-1").decode("latin-1")
  headers = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
  answer = client.request("POST", TARGET, content=body, headers=dict(headers))
  assert answer.status_code == 422, answer.text


class Wire:
  """A bare connection, to send what no client would."""

  def __init__(self, address):
    self._socket = socket.create_connection(address)
    self._socket.settimeout(60)

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


_opened: list[str] = []
_watching = threading.Event()


def _watch(event: str, arguments: tuple) -> None:
  if event != "open" or not _watching.is_set():
    return
  path, mode, flags = arguments
  writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
  if writes or (isinstance(mode, str) and any(c in mode for c in "wax+")):
    _opened.append(str(path))


def test_no_input_reaches_the_disk_or_the_log(
  gateway, client_of, headers_of, token, picture_of, caplog
):
  """12 MB, raw and as a form: more than anything keeps in memory by itself."""
  caplog.set_level(logging.DEBUG)
  noise = np.random.default_rng(1).integers(0, 256, (2000, 2000, 3)).astype(np.uint8)
  content = picture_of(noise)
  client = client_of(gateway.app())
  form = b"--B\r\n" + FIELD + content + b"\r\n--B--\r\n"
  sys.addaudithook(_watch)
  _watching.set()
  try:
    for body, kind in ((content, "image/png"), (form, "multipart/form-data; boundary=B")):
      headers = headers_of(token, **{"Content-Type": kind, "Privai-Subject": "secret-subject"})
      answer = client.post(f"{TARGET}&align=none", content=body, headers=headers)
      assert answer.status_code == 200, answer.text
    assert client.post(TARGET, content=content[:5000], headers=headers).status_code == 422
  finally:
    _watching.clear()
  # SQLite opens its files by itself, unseen; Python opened nothing for writing.
  assert _opened == []
  ledger = {gateway.ledger.name + end for end in ("", "-wal", "-shm")}
  assert {path.name for path in gateway.ledger.parent.iterdir()} <= ledger | {"tokens.json"}
  lines = [
    json.loads(r.message) for r in caplog.records if r.name == "privai_tf.serving.gateway.app"
  ]
  assert [line["status"] for line in lines] == [200, 200, 422]
  assert set(lines[0]) == {"route", "status", "seconds", "caller"}
  assert "secret-subject" not in caplog.text
  assert token not in caplog.text
