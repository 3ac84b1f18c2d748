"""Whether the generator knows such a photo: for the caller who asks, where an answer may tell."""

import io

import pytest
from PIL import Image

from privai_tf.privacy.ledger import Ledger


@pytest.fixture
def ada(gateway, client_of, headers_of):
  """A client for caller ada with budget 10."""
  token = gateway.caller("ada")
  client = client_of(gateway.app(scopes=("attribute", "image")))
  client.headers.update(headers_of(token))
  return client


def _spent(gateway):
  with Ledger.open(gateway.ledger, default_epsilon=10) as ledger:
    return ledger.remaining("ada").spent_epsilon


def test_who_asks_is_told_that_the_generator_knows_no_such_face(ada, photo, gateway, monkeypatch):
  """Noise is unlike anything it draws. Who does not ask gets an answer that tells no such thing."""
  drawn = []

  def synthesize(latent):
    drawn.append(latent)
    buffer = io.BytesIO()
    Image.new("RGB", (32, 32), (100, 100, 100)).save(buffer, format="PNG")
    return buffer.getvalue()

  monkeypatch.setattr(gateway.backend, "synthesize", synthesize)
  body = ada.post("/v1/privatize?epsilon=1", content=photo).json()
  assert body["photo_warning"] is None
  assert len(drawn) == 1
  body = ada.post("/v1/privatize?epsilon=1&check_photo=true", content=photo).json()
  assert "outside what the generator knows" in body["photo_warning"]
  assert len(drawn) == 3  # The code as it is, which is not shown, and the release.
  answer = ada.post(
    "/v1/privatize?epsilon=1&check_photo=true", content=photo, headers={"Accept": "image/png"}
  )
  assert answer.headers["privai-photo-warning"] == body["photo_warning"]
  assert _spent(gateway) == 3


def test_in_scope_image_nothing_but_the_image_may_depend_on_the_photo(ada, gateway, photo):
  answer = ada.post("/v1/privatize?epsilon=1&scope=image&check_photo=true", content=photo)
  assert answer.status_code == 422
  assert "check_photo is for scope attribute" in answer.json()["error"]
  assert _spent(gateway) == 0
