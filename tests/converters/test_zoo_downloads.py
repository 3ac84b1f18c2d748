"""Downloads are recorded and checked, and what is no network or boundary is refused."""

import dataclasses
import hashlib
import io
import json
import subprocess
import sys

import numpy as np
import pytest

from privai_tf.attributes.boundary import Boundary
from privai_tf.converters.download import check_recorded, download
from privai_tf.converters.fetching import FetchError, fetch_over_http
from privai_tf.errors import CheckpointError
from tests.converters.download_server import PICKLE, names, zoo_file


def test_a_file_is_downloaded_recorded_and_checked_afterwards(site, tmp_path):
  lines, seen = [], []
  folder = tmp_path / "new"
  file = zoo_file(site.url)
  path = download(file, folder, report=lines.append, progress=lambda *p: seen.append(p))
  digest = hashlib.sha256(PICKLE).hexdigest()
  assert path.read_bytes() == PICKLE
  assert (folder / "network.pkl.sha256").read_text() == f"{digest}  network.pkl\n"
  assert names(folder) == ["network.pkl", "network.pkl.sha256"]
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
    download(zoo_file(site.url, kind=kind), tmp_path, report=lambda line: None)
  assert "network.pkl" not in names(tmp_path)


def test_404_and_a_server_that_is_not_there(site, tmp_path):
  site.status = 404
  with pytest.raises(CheckpointError, match=r"was not downloaded: .* answers 404 \(Not Found\)"):
    download(zoo_file(site.url), tmp_path, report=lambda line: None)
  with pytest.raises(FetchError, match="cannot be reached"):
    fetch_over_http("http://127.0.0.1:9/x", tmp_path / "x")
  with pytest.raises(FetchError, match="not an address on the web"):
    fetch_over_http("file:///etc/passwd", tmp_path / "x")
  assert names(tmp_path) == []


def test_the_next_address_is_tried(site, tmp_path):
  lines = []
  file = zoo_file("http://127.0.0.1:9/x", more=(site.url,))
  assert download(file, tmp_path, report=lines.append).read_bytes() == PICKLE
  assert "cannot be reached" in lines[1]
  assert site.url in lines[2]


def test_another_file_than_the_first_time_is_refused(site, tmp_path):
  path = download(zoo_file(site.url), tmp_path, report=lambda line: None)
  path.unlink()
  site.content = PICKLE[:-1] + b"y"
  with pytest.raises(CheckpointError, match="not the file that was downloaded before"):
    download(zoo_file(site.url), tmp_path, report=lambda line: None)
  assert names(tmp_path) == ["network.pkl.sha256"]
  (tmp_path / "network.pkl.sha256").write_text("no hash")
  with pytest.raises(CheckpointError, match="holds no SHA-256"):
    download(zoo_file(site.url), tmp_path, report=lambda line: None)


def test_a_boundary_is_ready_for_use(site, tmp_path):
  buffer = io.BytesIO()
  normal = np.random.default_rng(0).normal(size=(1, 512)).astype(np.float32)
  np.save(buffer, normal)
  site.content = buffer.getvalue()
  file = dataclasses.replace(
    zoo_file(site.url, "pggan_celebahq_smile_boundary.npy", "boundary"),
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


def test_a_conversion_checks_the_record(site, tmp_path, repository):
  path = download(zoo_file(site.url), tmp_path, report=lambda line: None)
  path.write_bytes(PICKLE + b"x")
  command = [sys.executable, "-m", "converters", str(path), str(tmp_path / "out")]
  result = subprocess.run(command, capture_output=True, text=True, cwd=repository)
  assert result.returncode == 1
  assert "has changed since it was first used" in result.stderr
