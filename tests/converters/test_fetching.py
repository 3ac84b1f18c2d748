"""Redirections: encrypted all the way, whatever the hops between."""

import email.message
import io
import urllib.request
import urllib.response

import pytest

from privai_tf.converters import fetching
from privai_tf.converters.fetching import FetchError, StaysEncrypted
from tests.converters import download_server

_HOPS = {
  "https://a/1": "https://b/2",
  "https://b/2": "http://c/3",
  "http://c/3": "https://d/4",
  "https://a/plain": "http://d/4",
  "https://a/fine": "https://b/5",
  "https://b/5": "https://d/4",
  "http://a/open": "http://b/6",
  "http://b/6": "https://d/4",
}


class _Site(urllib.request.HTTPHandler, urllib.request.HTTPSHandler):
  """Answers of a site that is not there; keeps what was asked for."""

  def __init__(self):
    super().__init__()
    self.asked = []

  def _answer(self, request):
    self.asked.append(request.full_url)
    headers = email.message.Message()
    target = _HOPS.get(request.full_url)
    if target is not None:
      headers["Location"] = target
    answer = urllib.response.addinfourl(
      io.BytesIO(b"content"), headers, request.full_url, 200 if target is None else 302
    )
    answer.msg = ""
    return answer

  http_open = https_open = _answer


def _open(url):
  site = _Site()
  opener = urllib.request.build_opener(StaysEncrypted, site)
  try:
    return opener.open(url).read(), site.asked
  except FetchError as error:
    return error, site.asked


@pytest.mark.parametrize("start", ["https://a/1", "https://a/plain"])
def test_no_hop_leaves_encryption(start):
  error, asked = _open(start)
  assert "leads to an address that is not encrypted" in str(error)
  assert all(url.startswith("https://") for url in asked)


@pytest.mark.parametrize("start", ["https://a/fine", "http://a/open"])
def test_other_hops_are_followed(start):
  content, asked = _open(start)
  assert content == b"content"
  assert len(asked) == 3


def test_no_more_than_the_limit_is_written(tmp_path, monkeypatch):
  """Whatever length a server states, or none."""
  monkeypatch.setattr(fetching, "MAX_BYTES", 10_000)
  monkeypatch.setattr(fetching, "_CHUNK", 1000)
  with download_server.serving() as site:
    with pytest.raises(FetchError, match="more than 10,000 bytes came"):
      fetching.fetch_over_http(site.url, tmp_path / "partial")
    assert (tmp_path / "partial").stat().st_size < 20_000
    site.content = bytes(10_000)
    fetching.fetch_over_http(site.url, tmp_path / "whole")
  assert (tmp_path / "whole").stat().st_size == 10_000
