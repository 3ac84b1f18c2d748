"""Pictures and forms that mean no good: refused within limits, and nothing of them stays."""

import collections
import io
import json
import logging
import os
import pathlib
import random
import struct
import sys
import threading
import zlib

import numpy as np
import pytest
from PIL import Image

from privai_tf.errors import PrivaiError
from privai_tf.serving.gateway.pictures import decode_upload
from privai_tf.serving.gateway.refusals import Refusal

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


def _many_scans(more: int = 1000) -> bytes:
  buffer = io.BytesIO()
  Image.new("RGB", (64, 64)).save(buffer, format="JPEG", progressive=True)
  data = buffer.getvalue()
  start = data.rindex(b"\xff\xda")
  return data[:start] + data[start:-2] * more + data[-2:]


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


def test_damaged_pictures_are_decoded_or_refused_and_nothing_else(picture_of):
  """Three formats, bytes changed, dropped and put in at random places."""
  choice = random.Random(3)
  pixels = np.random.default_rng(3).integers(0, 256, (24, 32, 3)).astype(np.uint8)
  whole = [picture_of(pixels, kind) for kind in ("PNG", "JPEG", "WEBP")]
  outcomes = collections.Counter()
  for number in range(1500):
    data = bytearray(whole[number % 3])
    for _ in range(choice.choice([1, 2, 8])):
      place = choice.randrange(len(data))
      data[place : place + choice.randrange(3)] = choice.randbytes(choice.randrange(3))
    try:
      decode_upload(bytes(data), 1_000_000)
      outcomes["decoded"] += 1
    except PrivaiError:
      outcomes["refused"] += 1
  assert min(outcomes["decoded"], outcomes["refused"]) > 150


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
  # SQLite opens its files by itself, unseen; Python opened the ledger's mirror and nothing else.
  assert {pathlib.Path(path).parent.name for path in _opened} == {"ledgers"}
  assert len(set(_opened)) == 1
  ledger = {gateway.ledger.name + end for end in ("", "-wal", "-shm")}
  assert {path.name for path in gateway.ledger.parent.iterdir()} <= ledger | {"tokens.json"}
  lines = [
    json.loads(r.message) for r in caplog.records if r.name == "privai_tf.serving.gateway.app"
  ]
  assert [line["status"] for line in lines] == [200, 200, 422]
  assert set(lines[0]) == {"route", "status", "seconds", "caller"}
  assert "secret-subject" not in caplog.text
  assert token not in caplog.text


def test_it_is_the_scans_that_are_refused():
  """A small picture of a thousand scans could be decoded in time; a large one keeps a worker for hours."""
  with pytest.raises(Refusal, match="far too many scans"):
    decode_upload(_many_scans(), 1_000_000)
  few = 100 - _many_scans(1).count(b"\xff\xda") + 1
  assert decode_upload(_many_scans(few), 1_000_000).shape == (64, 64, 3)
  with pytest.raises(Refusal, match="far too many scans"):
    decode_upload(_many_scans(few + 1), 1_000_000)
