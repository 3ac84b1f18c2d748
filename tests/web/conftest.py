"""The page's desk over a tiny network, with real ledgers and real noise."""

import dataclasses
import hashlib
import io

import numpy as np
import pytest
from PIL import Image


def picture(seed: int = 0, side: int = 32, kind: str = "PNG") -> bytes:
  """A picture file; of 32 x 32 pixels it is taken as an aligned face by the tiny checkpoint."""
  pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3)).astype(np.uint8)
  buffer = io.BytesIO()
  Image.fromarray(pixels).save(buffer, format=kind)
  return buffer.getvalue()


@pytest.fixture(scope="session")
def studio(tiny_checkpoint):
  """The tiny network, loaded once."""
  from privai_tf.web.studio import Studio

  boundary = str(tiny_checkpoint / "smile_w_boundary.npy")
  return Studio(str(tiny_checkpoint), [boundary], steps=10, public_count=16)


@pytest.fixture
def desk(studio, tiny_checkpoint, tmp_path, monkeypatch):
  """A desk with a ledger of its own."""
  monkeypatch.setenv("PRIVAI_STATE_DIR", str(tmp_path / "state"))
  from privai_tf.web.desk import Desk
  from privai_tf.web.settings import WebSettings

  settings = WebSettings(checkpoint=str(tiny_checkpoint), budget_epsilon=2.5)
  made = []

  def make(**changed):
    uploads, practice = tmp_path / f"uploads-{len(made)}", tmp_path / f"practice-{len(made)}"
    for folder in (uploads, practice):
      folder.mkdir(mode=0o700)
    one = Desk(dataclasses.replace(settings, **changed), uploads)
    one.open_ledgers(practice)
    one.use(studio, np.zeros((8, 32, 32, 3), np.uint8) + 90)
    made.append(one)
    return one

  yield make
  for one in made:
    one.close()


@pytest.fixture
def uploaded(tmp_path):
  """Puts a file where the page's server would, and gives its path."""

  def put(data: bytes, name: str = "photo.png"):
    folder = tmp_path / "uploads-0" / hashlib.sha256(data).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(data)
    return path

  return put


@pytest.fixture
def ready(desk, uploaded):
  """A desk and a session whose photo is inverted."""

  def make(seed: int = 0, one=None, key: str = "a", caller=None):
    one = one or desk()
    session = one.sessions.open(key, caller)
    one.take_upload(session, uploaded(picture(seed)))
    for _ in one.invert(session):
      pass
    return one, session

  return make
