"""A download that breaks off goes on where it stopped, unless it would mix two files."""

import hashlib

import pytest

from privai_tf.converters.download import download
from privai_tf.converters.fetching import fetch_over_http
from privai_tf.errors import CheckpointError
from tests.converters.download_server import PICKLE, names, zoo_file


def _once(address, partial, progress):
  fetch_over_http(address.url, partial, progress, tries=1)


def test_an_interrupted_transfer_is_continued(site, tmp_path):
  site.breaks = [300_000]
  file = zoo_file(site.url)
  with pytest.raises(CheckpointError, match=r"broke off .*300,000 bytes are kept.*goes on"):
    download(file, tmp_path, fetch=_once, report=lambda line: None)
  assert names(tmp_path) == [".network.pkl.0.part", ".network.pkl.0.part.version"]
  path = download(file, tmp_path, fetch=_once, report=lambda line: None)
  assert site.requests == [None, "bytes=300000-"]
  assert path.read_bytes() == PICKLE
  assert names(tmp_path) == ["network.pkl", "network.pkl.sha256"]


def test_a_transfer_that_breaks_off_twice_is_taken_up_at_once(site, tmp_path):
  site.breaks = [100_000, 50_000]
  path = download(zoo_file(site.url), tmp_path, report=lambda line: None)
  assert site.requests == [None, "bytes=100000-", "bytes=150000-"]
  assert path.read_bytes() == PICKLE


def test_a_file_that_changed_in_between_starts_anew(site, tmp_path):
  site.breaks = [300_000]
  with pytest.raises(CheckpointError):
    download(zoo_file(site.url), tmp_path, fetch=_once, report=lambda line: None)
  site.content = b"\x80\x04" + bytes(400_000)
  path = download(zoo_file(site.url), tmp_path, fetch=_once, report=lambda line: None)
  assert site.requests[-1] == "bytes=300000-"
  assert path.read_bytes() == site.content


def test_without_a_version_nothing_is_continued(site, tmp_path):
  """Two halves could be of two files then."""
  site.breaks, site.tag = [300_000], False
  with pytest.raises(CheckpointError):
    download(zoo_file(site.url), tmp_path, fetch=_once, report=lambda line: None)
  path = download(zoo_file(site.url), tmp_path, fetch=_once, report=lambda line: None)
  assert site.requests == [None, None]
  assert path.read_bytes() == PICKLE


def test_a_part_that_is_longer_than_the_file_is_dropped(site, tmp_path):
  partial = tmp_path / ".network.pkl.0.part"
  partial.write_bytes(PICKLE + b"more")
  tag = hashlib.sha256(PICKLE).hexdigest()[:12]
  (tmp_path / ".network.pkl.0.part.version").write_text(f'"{tag}"')
  path = download(zoo_file(site.url), tmp_path, report=lambda line: None)
  assert path.read_bytes() == PICKLE


@pytest.mark.parametrize("page", [b"<html>Quota exceeded</html>", b"<!DOCTYPE html><p>scan</p>"])
def test_a_web_page_is_refused_and_a_part_survives_it(site, tmp_path, page):
  site.breaks = [300_000]
  with pytest.raises(CheckpointError):
    download(zoo_file(site.url), tmp_path, fetch=_once, report=lambda line: None)
  site.page = page
  with pytest.raises(CheckpointError, match="sent a web page in place of the file") as caught:
    download(zoo_file(site.url), tmp_path, report=lambda line: None)
  assert "\n" not in str(caught.value)
  site.page = None
  assert download(zoo_file(site.url), tmp_path, report=lambda line: None).read_bytes() == PICKLE
  assert site.requests[-1] == "bytes=300000-"
