"""Google Drive's files come through gdown, whose failures become one line."""

import inspect
import pathlib

import pytest

from privai_tf.converters import fetching
from privai_tf.converters.fetching import FetchError, fetch_from_drive
from tests.converters.download_server import PICKLE


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
