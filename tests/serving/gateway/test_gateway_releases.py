"""What a caller gets, what it costs, and what a refusal costs: nothing."""

import base64
import io
import json
import time

import numpy as np
import pytest
from PIL import Image

from privai_tf.faces.spec import FaceSpec
from privai_tf.privacy.ledger import Ledger
from privai_tf.privacy.spec import PrivacySpec
from privai_tf.serving.errors import ServingError
from privai_tf.serving.gateway.releases import Order


@pytest.fixture
def ada(gateway, client_of, headers_of):
  """A client for caller ada with budget 10."""
  token = gateway.caller("ada")
  client = client_of(gateway.app())
  client.headers.update(headers_of(token))
  return client


def _spent(gateway, name="ada"):
  with Ledger.open(gateway.ledger, default_epsilon=10) as ledger:
    return ledger.remaining(name).spent_epsilon


def test_a_photo_becomes_a_paid_release_with_its_guarantee(ada, gateway, photo):
  answer = ada.post("/v1/privatize?epsilon=1.5", content=photo)
  assert answer.status_code == 200, answer.text
  body = answer.json()
  image = Image.open(io.BytesIO(base64.b64decode(body["image"])))
  assert image.size == (8, 8)
  assert image.info == {}
  guarantee = body["guarantee"]
  assert guarantee["private"] is True
  assert (guarantee["mechanism"], guarantee["epsilon"]) == ("extremal", 1.5)
  assert "smile" in guarantee["statement"]
  assert "drawn from the public distribution" in guarantee["statement"]
  # 98% of epsilon through the coordinate, 2% through the rest; epsilon alone would allow 0.818.
  assert 0.75 < body["attacker_bound"] < 0.8175
  assert body["remaining"]["epsilon"] == 8.5
  assert _spent(gateway) == 1.5
  assert answer.headers["cache-control"] == "no-store"


def test_the_image_alone_carries_the_guarantee_in_headers(ada, photo):
  answer = ada.post("/v1/privatize?epsilon=1", content=photo, headers={"Accept": "image/png"})
  assert answer.headers["content-type"] == "image/png"
  assert Image.open(io.BytesIO(answer.content)).size == (8, 8)
  assert json.loads(answer.headers["privai-guarantee"])["epsilon"] == 1.0
  assert answer.headers["privai-remaining-epsilon"] == "9.0"


def test_a_form_and_a_raw_body_are_the_same(ada, photo, gateway):
  headers = {"Content-Type": "multipart/form-data; boundary=XX"}
  body = b'--XX\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
  answer = ada.post(
    "/v1/privatize?epsilon=1", content=body + photo + b"\r\n--XX--\r\n", headers=headers
  )
  assert answer.status_code == 200, answer.text
  assert gateway.backend.encoded == 1


def test_noise_is_drawn_anew_and_from_the_clipped_coordinate(ada, photo, gateway, generator):
  """Fails by chance with probability below 1e-7: that is how often 30 draws miss an end of the range."""
  for _ in range(30):
    assert ada.post("/v1/privatize?epsilon=0.1&mechanism=laplace", content=photo).status_code == 200
  order = Order(None, None, "smile", 0.1, 0.0, "laplace", "attribute", FaceSpec())
  assert order.codebook_size == PrivacySpec().codebook_size
  prepared = gateway.services[0].releaser.prepare(order)
  numbers, rest = prepared.layout.parts(np.stack(gateway.backend.synthesized).astype(np.float64))
  # So little epsilon that most draws are clamped to either end, 0.45 to each wherever the face lies.
  radius = prepared.mechanism.clip_radius
  assert [numbers.min(), numbers.max()] == pytest.approx([-radius, radius], rel=1e-3)
  # The rest is the same in each, but for a little Laplace noise in every number of it.
  noise = np.abs(rest - np.median(rest, axis=0)).mean(axis=0) / prepared.rest.noise_scale
  assert noise.mean() < 1.5
  assert (noise > 0.1).all()


def test_a_latent_is_released_too(ada, gateway):
  content = json.dumps({"latent": np.random.default_rng(0).normal(size=16).tolist()})
  answer = ada.post(
    "/v1/privatize_latents?epsilon=2", content=content, headers={"Content-Type": "application/json"}
  )
  assert answer.status_code == 200, answer.text
  assert gateway.backend.encoded == 0
  assert _spent(gateway) == 2


@pytest.mark.parametrize(
  "content",
  [
    b"",
    b"{}",
    b"[1]",
    b'{"latent": []}',
    b'{"latent": [0, 1]}',
    b'{"latent": [[0, 1], [2]]}',
    b'{"latent": [NaN, 1]}',
    b'{"latent": [1e999]}',
    b'{"latent": ["1"]}',
    b'{"latent": null}',
    b"\xff\xfe",
    b'{"latent": ' + b"[" * 100_000,
  ],
)
def test_other_latents_are_refused_unpaid(ada, gateway, content):
  answer = ada.post(
    "/v1/privatize_latents?epsilon=2", content=content, headers={"Content-Type": "application/json"}
  )
  assert answer.status_code == 422
  assert list(answer.json()) == ["error"]
  assert _spent(gateway) == 0


@pytest.mark.parametrize(
  ("query", "status"),
  [
    ("", 422),
    ("epsilon=0", 422),
    ("epsilon=-1", 422),
    ("epsilon=nan", 422),
    ("epsilon=inf", 422),
    ("epsilon=9", 422),  # more than max_epsilon
    ("epsilon=1&attribute=age", 422),
    ("epsilon=1&mechanism=reference_postclip", 422),
    ("epsilon=1&mechanism=metric_laplace", 422),
    ("epsilon=1&mechanism=gaussian", 422),  # needs a delta
    ("epsilon=1&delta=0.1", 422),  # extremal has none
    ("epsilon=1&scope=metric", 422),  # never on offer
    ("epsilon=1&noise_seed=1", 422),  # unknown parameters are refused, not ignored
    ("epsilon=1&face=7", 422),
    ("epsilon=1&align=sideways", 422),
    ("epsilon=8&mechanism=gaussian&delta=0.5", 402),  # delta beyond the budget's
  ],
)
def test_what_is_refused_costs_nothing(ada, gateway, photo, query, status):
  answer = ada.post(f"/v1/privatize?{query}", content=photo)
  assert answer.status_code == status, answer.text
  assert "\n" not in answer.json()["error"]
  assert _spent(gateway) == 0
  assert gateway.backend.synthesized == []


def test_beyond_the_budget_nothing_is_computed_charged_or_released(ada, gateway, photo):
  assert ada.post("/v1/privatize?epsilon=8", content=photo).status_code == 200
  answer = ada.post("/v1/privatize?epsilon=2.5", content=photo)
  assert answer.status_code == 402
  assert "2" in answer.json()["error"]
  assert str(gateway.ledger) not in answer.json()["error"]
  assert gateway.backend.encoded == 1
  assert len(gateway.backend.synthesized) == 1
  assert ada.post("/v1/privatize?epsilon=2", content=photo).status_code == 200
  assert _spent(gateway) == 10
  assert ada.post("/v1/privatize?epsilon=0.00001", content=photo).status_code == 402


def test_a_failure_after_the_charge_is_paid_and_one_before_is_not(ada, gateway, photo):
  gateway.backend.failure = ServingError("host db7 is away")
  answer = ada.post("/v1/privatize?epsilon=1", content=photo)
  assert answer.status_code == 503
  assert "db7" not in answer.text
  assert int(answer.headers["retry-after"]) > 0
  assert _spent(gateway) == 1
  assert ada.post("/v1/privatize?epsilon=1", content=photo[:100]).status_code == 422
  assert _spent(gateway) == 1


def test_a_ledger_that_cannot_be_used_releases_nothing(ada, gateway, photo):
  assert ada.post("/v1/privatize?epsilon=1", content=photo).status_code == 200
  gateway.ledger.chmod(0o644)
  answer = ada.post("/v1/privatize?epsilon=1", content=photo)
  assert answer.status_code == 503
  assert str(gateway.ledger) not in answer.text
  assert len(gateway.backend.synthesized) == 1
  _wait_for_readiness(ada, 503)
  assert ada.get("/healthz").status_code == 200
  gateway.ledger.chmod(0o600)
  _wait_for_readiness(ada, 200)


def _wait_for_readiness(client, status):
  """It is looked at once a second."""
  while client.get("/readyz").status_code != status:
    time.sleep(0.05)


def test_each_subject_has_a_budget_where_the_caller_is_given_so(
  gateway, client_of, headers_of, photo
):
  token = gateway.caller("clinic", epsilon=1, each_subject=True)
  client = client_of(gateway.app())
  client.headers.update(headers_of(token))
  one, two = {"Privai-Subject": "p-1"}, {"Privai-Subject": "p-2"}
  assert client.post("/v1/privatize?epsilon=1", content=photo).status_code == 422
  assert client.post("/v1/privatize?epsilon=1", content=photo, headers=one).status_code == 200
  assert client.post("/v1/privatize?epsilon=1", content=photo, headers=one).status_code == 402
  assert client.post("/v1/privatize?epsilon=1", content=photo, headers=two).status_code == 200
  bad = {"Privai-Subject": "p/1"}  # would be another caller's account
  assert client.post("/v1/privatize?epsilon=1", content=photo, headers=bad).status_code == 422
  assert client.get("/v1/budget", headers=one).json()["epsilon"] == 0
  assert client.get("/v1/budget", headers={"Privai-Subject": "p-3"}).json()["epsilon"] == 1
  assert _spent(gateway, "clinic/p-1") == 1


def test_budget_and_offer_are_told(ada, gateway):
  assert ada.get("/v1/budget").json() == {
    "account": "ada",
    "epsilon": 10.0,
    "delta": 0.0,
    "spent_epsilon": 0.0,
    "spent_delta": 0.0,
    "budget_epsilon": 10.0,
    "budget_delta": 0.0,
    "composition": "basic",
    "releases": 0,
  }
  offer = ada.get("/v1/attributes").json()
  assert offer["attributes"] == ["smile"]
  assert offer["code_shape"] == [16]
  assert offer["default_mechanisms"] == {"attribute": "extremal", "image": "subset_selection"}
  assert (offer["codebook_sizes"], offer["resemblances"]) == ([500], [""])
  decodings = {entry["name"]: entry["decodings"] for entry in offer["mechanisms"]}
  assert decodings["extremal"] == ["raw", "value", "sample"]
  assert decodings["subset_selection"] == ["raw"]
  assert {entry["name"]: entry["needs_delta"] for entry in offer["mechanisms"]} == {
    "extremal": False,
    "subset_selection": False,
    "laplace": False,
    "gaussian": True,
    "randomized_response": False,
    "exponential": False,
  }
