"""The gateway's releases of whole faces, stand-ins included, and what it offers."""

import numpy as np
import pytest

from privai_tf.errors import ConfigurationError
from privai_tf.faces.spec import FaceSpec
from privai_tf.serving.gateway.releases import Order


def test_scope_image_needs_no_attribute(gateway, client_of, headers_of, photo):
  token = gateway.caller("ada", delta=1e-4)
  client = client_of(gateway.app(scopes=("attribute", "image")))
  client.headers.update(headers_of(token))
  query = "epsilon=2&delta=1e-5&mechanism=gaussian&scope=image"
  answer = client.post(f"/v1/privatize?{query}", content=photo)
  assert answer.status_code == 200, answer.text
  assert answer.json()["guarantee"]["scope"] == "image"


def test_a_stand_in_is_chosen_for_every_photo(gateway, client_of, headers_of, photo):
  token = gateway.caller("ada")
  service = {"scopes": ("image",), "mechanisms": ("subset_selection",)}
  client = client_of(gateway.app(**service))
  client.headers.update(headers_of(token))
  answer = client.post("/v1/privatize?epsilon=2", content=photo)
  assert answer.status_code == 200, answer.text
  body = answer.json()
  assert "nobody's" in body["guarantee"]["statement"]
  assert 0.5 < body["attacker_bound"] < np.e**2 / (1 + np.e**2)
  assert body["remaining"]["spent_epsilon"] == pytest.approx(2.0)


_BROKEN = {"a letter": b"letter", "half a PNG": bytes.fromhex("89504e470d0a1a0a") + bytes(20)}


@pytest.mark.parametrize("content", _BROKEN.values(), ids=_BROKEN.keys())
def test_a_stand_in_is_released_and_paid_where_the_operator_wants_it(
  gateway, client_of, headers_of, photo, content
):
  """The answer tells nobody but by its picture, which comes from the mechanism all the same."""
  token = gateway.caller("ada", delta=1e-4)
  client = client_of(gateway.app(scopes=("image", "attribute"), on_failure="stand-in"))
  client.headers.update(headers_of(token))
  assert client.get("/v1/attributes").json()["on_failure"] == "stand-in"
  query = "epsilon=2&delta=1e-5&mechanism=gaussian"
  usual = client.post(f"/v1/privatize?{query}&scope=image", content=photo)
  answer = client.post(f"/v1/privatize?{query}&scope=image", content=content)
  assert answer.status_code == 200, answer.text
  assert gateway.backend.encoded == 1
  same = ("guarantee", "attacker_bound", "checkpoint")
  assert [answer.json()[key] for key in same] == [usual.json()[key] for key in same]
  assert answer.json()["remaining"]["releases"] == 2
  # Scope attribute would publish the stand-in's residual: refused, and free, as ever.
  client.headers.update(headers_of(gateway.caller("bob", delta=1e-4)))
  refused = client.post(f"/v1/privatize?{query}&scope=attribute&attribute=smile", content=content)
  assert refused.status_code in (415, 422)
  assert client.get("/v1/budget").json()["releases"] == 0


def test_a_gateway_that_refuses_pictures_promises_for_photos_with_a_face(gateway):
  gateway.caller("ada")
  order = Order(None, None, None, 2.0, 1e-5, "gaussian", "image", FaceSpec())
  orders = {}
  for on_failure in ("skip", "stand-in"):
    service = gateway.service(scopes=("image",), mechanisms=("gaussian",), on_failure=on_failure)
    orders[on_failure] = service.releaser.prepare(order)
  assert orders["skip"].spec.inputs == "faces"
  assert orders["stand-in"].spec.inputs == "any"


def test_only_what_can_be_given_is_offered(gateway, client_of, headers_of, photo):
  token = gateway.caller("ada", delta=1e-4)
  client = client_of(gateway.app(scopes=("attribute", "image")))
  client.headers.update(headers_of(token))
  scopes = {
    entry["name"]: entry["scopes"] for entry in client.get("/v1/attributes").json()["mechanisms"]
  }
  assert scopes["gaussian"] == ["attribute", "image"]
  assert scopes["exponential"] == ["attribute"]  # It releases one number; a face has more.
  answer = client.post("/v1/privatize?epsilon=1&mechanism=exponential&scope=image", content=photo)
  assert answer.status_code == 422
  with pytest.raises(ConfigurationError, match="exponential cannot be offered"):
    gateway.app(scopes=("image",), mechanisms=("exponential",))
