"""Downloads from a server of our own that breaks off, changes files and sends web pages."""

import dataclasses
import hashlib
import http.server
import inspect
import io
import json
import pathlib
import subprocess
import sys
import threading

import numpy as np
import pytest

from converters import fetching
from converters.download import check_recorded, download
from converters.fetching import FetchError, fetch_from_drive, fetch_over_http
from converters.zoo import Address, ZooFile
from privai_tf.attributes.boundary import Boundary
from privai_tf.errors import CheckpointError

PICKLE = b"\x80\x04" + bytes(range(256)) * 3000


class Site:
  """What the server serves, and how it misbehaves.

  Attributes:
    content: the file's bytes; its ETag is their hash.
    breaks: for each coming request, after how many bytes the connection drops (None: never).
    page: an HTML page to send in place of the file.
    status: an error to answer with.
    tag: whether an ETag is sent.
    requests: the Range header of each request.
  """

  def __init__(self):
    self.content, self.breaks, self.page, self.status, self.tag = PICKLE, [], None, None, True
    self.requests = []


class Handler(http.server.BaseHTTPRequestHandler):
  protocol_version = "HTTP/1.0"

  def do_GET(self):
    site = self.server.site
    wanted = self.headers.get("Range")
    site.requests.append(wanted)
    if site.status:
      self.send_error(site.status)
      return
    body, kind = (site.page, "text/html") if site.page else (site.content, "application/octet")
    tag = '"' + hashlib.sha256(body).hexdigest()[:12] + '"'
    start = int(wanted.split("=")[1].rstrip("-")) if wanted else 0
    same = self.headers.get("If-Range") == tag
    if start and same and start >= len(body):
      self.send_error(416)
      return
    start = start if same else 0
    self.send_response(206 if start else 200)
    if start:
      self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
    self.send_header("Content-Type", kind)
    self.send_header("Content-Length", str(len(body) - start))
    if site.tag:
      self.send_header("ETag", tag)
    self.end_headers()
    stop = site.breaks.pop(0) if site.breaks else None
    self.wfile.write(body[start:] if stop is None else body[start : start + stop])

  def log_message(self, *arguments):
    pass


@pytest.fixture
def site():
  with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
    server.site = Site()
    server.site.url = f"http://127.0.0.1:{server.server_port}/network.pkl"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.site
    server.shutdown()
    thread.join()


def _file(url, name="network.pkl", kind="generator", more=()):
  addresses = tuple(Address(u, "a page") for u in (url, *more))
  return ZooFile(name, kind, "stylegan", "FFHQ", 1024, "CC BY-NC 4.0", addresses)


def _once(address, partial, progress):
  fetch_over_http(address.url, partial, progress, tries=1)


def _names(folder):
  return sorted(path.name for path in folder.iterdir())


def test_a_file_is_downloaded_recorded_and_checked_afterwards(site, tmp_path):
  lines, seen = [], []
  folder = tmp_path / "new"
  file = _file(site.url)
  path = download(file, folder, report=lines.append, progress=lambda *p: seen.append(p))
  digest = hashlib.sha256(PICKLE).hexdigest()
  assert path.read_bytes() == PICKLE
  assert (folder / "network.pkl.sha256").read_text() == f"{digest}  network.pkl\n"
  assert _names(folder) == ["network.pkl", "network.pkl.sha256"]
  assert seen[-1] == (len(PICKLE), len(PICKLE))
  assert "CC BY-NC 4.0" in lines[0]
  assert digest in lines[1]
  assert "this first file is trusted, later ones are compared" in lines[1]
  download(file, folder, report=lines.append)
  assert len(site.requests) == 1
  assert lines[2].endswith("is there already. Its SHA-256 is the recorded one.")
  path.write_bytes(PICKLE[:-1] + b"x")
  with pytest.raises(CheckpointError, match=r"network\.pkl has changed since it was first used"):
    download(file, folder, report=lines.append)
  with pytest.raises(CheckpointError, match="has changed"):
    check_recorded(path)


def test_an_interrupted_transfer_is_continued(site, tmp_path):
  site.breaks = [300_000]
  file = _file(site.url)
  with pytest.raises(CheckpointError, match=r"broke off .*300,000 bytes are kept.*goes on"):
    download(file, tmp_path, fetch=_once, report=lambda line: None)
  assert _names(tmp_path) == [".network.pkl.0.part", ".network.pkl.0.part.version"]
  path = download(file, tmp_path, fetch=_once, report=lambda line: None)
  assert site.requests == [None, "bytes=300000-"]
  assert path.read_bytes() == PICKLE
  assert _names(tmp_path) == ["network.pkl", "network.pkl.sha256"]


def test_a_transfer_that_breaks_off_twice_is_taken_up_at_once(site, tmp_path):
  site.breaks = [100_000, 50_000]
  path = download(_file(site.url), tmp_path, report=lambda line: None)
  assert site.requests == [None, "bytes=100000-", "bytes=150000-"]
  assert path.read_bytes() == PICKLE


def test_a_file_that_changed_in_between_starts_anew(site, tmp_path):
  site.breaks = [300_000]
  with pytest.raises(CheckpointError):
    download(_file(site.url), tmp_path, fetch=_once, report=lambda line: None)
  site.content = b"\x80\x04" + bytes(400_000)
  path = download(_file(site.url), tmp_path, fetch=_once, report=lambda line: None)
  assert site.requests[-1] == "bytes=300000-"
  assert path.read_bytes() == site.content


def test_without_a_version_nothing_is_continued(site, tmp_path):
  """Two halves could be of two files then."""
  site.breaks, site.tag = [300_000], False
  with pytest.raises(CheckpointError):
    download(_file(site.url), tmp_path, fetch=_once, report=lambda line: None)
  path = download(_file(site.url), tmp_path, fetch=_once, report=lambda line: None)
  assert site.requests == [None, None]
  assert path.read_bytes() == PICKLE


def test_a_part_that_is_longer_than_the_file_is_dropped(site, tmp_path):
  partial = tmp_path / ".network.pkl.0.part"
  partial.write_bytes(PICKLE + b"more")
  tag = hashlib.sha256(PICKLE).hexdigest()[:12]
  (tmp_path / ".network.pkl.0.part.version").write_text(f'"{tag}"')
  path = download(_file(site.url), tmp_path, report=lambda line: None)
  assert path.read_bytes() == PICKLE


@pytest.mark.parametrize("page", [b"<html>Quota exceeded</html>", b"<!DOCTYPE html><p>scan</p>"])
def test_a_web_page_is_refused_and_a_part_survives_it(site, tmp_path, page):
  site.breaks = [300_000]
  with pytest.raises(CheckpointError):
    download(_file(site.url), tmp_path, fetch=_once, report=lambda line: None)
  site.page = page
  with pytest.raises(CheckpointError, match="sent a web page in place of the file") as caught:
    download(_file(site.url), tmp_path, report=lambda line: None)
  assert "\n" not in str(caught.value)
  site.page = None
  assert download(_file(site.url), tmp_path, report=lambda line: None).read_bytes() == PICKLE
  assert site.requests[-1] == "bytes=300000-"


@pytest.mark.parametrize(
  ("content", "kind", "words"),
  [
    (b"<html>Quota exceeded</html>", "generator", "download quota is exceeded"),
    (b"", "generator", "it is empty"),
    (b"\x93NUMPY", "generator", "NumPy array file"),
    (PICKLE, "boundary", "a pickle came in place of an array"),
    (b"<html>404</html>", "boundary", "it is a web page"),
  ],
)
def test_what_is_no_such_file_is_refused_whatever_it_says_to_be(
  site, tmp_path, content, kind, words
):
  site.content = content
  with pytest.raises(CheckpointError, match=words):
    download(_file(site.url, kind=kind), tmp_path, report=lambda line: None)
  assert "network.pkl" not in _names(tmp_path)


def test_404_and_a_server_that_is_not_there(site, tmp_path):
  site.status = 404
  with pytest.raises(CheckpointError, match=r"was not downloaded: .* answers 404 \(Not Found\)"):
    download(_file(site.url), tmp_path, report=lambda line: None)
  with pytest.raises(FetchError, match="cannot be reached"):
    fetch_over_http("http://127.0.0.1:9/x", tmp_path / "x")
  with pytest.raises(FetchError, match="not an address on the web"):
    fetch_over_http("file:///etc/passwd", tmp_path / "x")
  assert _names(tmp_path) == []


def test_the_next_address_is_tried(site, tmp_path):
  lines = []
  file = _file("http://127.0.0.1:9/x", more=(site.url,))
  assert download(file, tmp_path, report=lines.append).read_bytes() == PICKLE
  assert "cannot be reached" in lines[1]
  assert site.url in lines[2]


def test_another_file_than_the_first_time_is_refused(site, tmp_path):
  path = download(_file(site.url), tmp_path, report=lambda line: None)
  path.unlink()
  site.content = PICKLE[:-1] + b"y"
  with pytest.raises(CheckpointError, match="not the file that was downloaded before"):
    download(_file(site.url), tmp_path, report=lambda line: None)
  assert _names(tmp_path) == ["network.pkl.sha256"]
  (tmp_path / "network.pkl.sha256").write_text("no hash")
  with pytest.raises(CheckpointError, match="holds no SHA-256"):
    download(_file(site.url), tmp_path, report=lambda line: None)


def test_a_boundary_is_ready_for_use(site, tmp_path):
  buffer = io.BytesIO()
  normal = np.random.default_rng(0).normal(size=(1, 512)).astype(np.float32)
  np.save(buffer, normal)
  site.content = buffer.getvalue()
  file = dataclasses.replace(
    _file(site.url, "pggan_celebahq_smile_boundary.npy", "boundary"),
    family="pggan",
    space="Z",
    attribute="smile",
    licence="MIT",
  )
  path = download(file, tmp_path, report=lambda line: None)
  boundary = Boundary.load(path)
  assert (boundary.latent_space, boundary.name, boundary.width) == ("Z", "smile", 512)
  assert boundary.provenance["family"] == "pggan"
  assert boundary.provenance["sha256"] == hashlib.sha256(site.content).hexdigest()
  assert json.loads(path.with_suffix(".json").read_text())["provenance"]["licence"] == "MIT"


def test_google_drive_goes_through_gdown(tmp_path):
  calls = []

  def stand_in(**options):
    calls.append(options)
    pathlib.Path(options["output"]).write_bytes(PICKLE)
    return options["output"]

  url = "https://drive.google.com/uc?id=1MEGjdvVpUsu1jB4zrXZN7Y4kBBOzizDQ"
  fetch_from_drive(url, tmp_path / "part", stand_in)
  assert calls[0]["id"] == "1MEGjdvVpUsu1jB4zrXZN7Y4kBBOzizDQ"
  assert calls[0]["resume"] is True
  # The names that we give must be those that gdown knows.
  signature = inspect.signature(pytest.importorskip("gdown").download)
  signature.bind(**calls[0])


@pytest.mark.parametrize("name", ["FileURLRetrievalError", "DownloadError"])
def test_what_gdown_raises_becomes_one_line(tmp_path, name):
  exceptions = pytest.importorskip("gdown.exceptions")
  if not hasattr(exceptions, name):
    pytest.skip(f"this gdown has no {name}")

  def quota(**options):
    raise getattr(exceptions, name)("Cannot retrieve\nthe public link")

  url = "https://drive.google.com/uc?id=x"
  with pytest.raises(FetchError, match=r"gave no file \(Cannot retrieve the public link\)"):
    fetch_from_drive(url, tmp_path / "part", quota)
  with pytest.raises(FetchError, match="gave no file; open"):
    fetch_from_drive(url, tmp_path / "part", lambda **options: None)


def test_without_gdown_the_remedy_is_named(tmp_path, monkeypatch):
  def absent(name):
    raise ImportError(name)

  monkeypatch.setattr(fetching.importlib, "import_module", absent)
  with pytest.raises(FetchError, match=r"pip install 'privai-tf\[download\]'"):
    fetch_from_drive("https://drive.google.com/uc?id=x", tmp_path / "part")


def test_a_conversion_checks_the_record(site, tmp_path, repository):

  path = download(_file(site.url), tmp_path, report=lambda line: None)
  path.write_bytes(PICKLE + b"x")
  command = [sys.executable, "-m", "converters", str(path), str(tmp_path / "out")]
  result = subprocess.run(command, capture_output=True, text=True, cwd=repository)
  assert result.returncode == 1
  assert "has changed since it was first used" in result.stderr
