"""What a request may choose of a mechanism, what it gets without choosing, and what does not fit."""

import pytest

from privai_tf.attributes.boundary import Boundary
from privai_tf.errors import ConfigurationError
from privai_tf.generators import load_generator
from privai_tf.privacy import subset_choice
from privai_tf.privacy.codebook import Codebook
from privai_tf.privacy.ledger import Ledger
from privai_tf.serving.gateway import offer as offering
from privai_tf.serving.gateway.settings import GatewaySettings

_OFFER = {"codebook_sizes": (500, 64), "resemblances": ("smile:3,rest:1",)}


@pytest.fixture
def ada(gateway, client_of, headers_of):
  """A client for caller ada with budget 100."""
  token = gateway.caller("ada", epsilon=100, delta=1e-4)
  client = client_of(gateway.app(**_OFFER))
  client.headers.update(headers_of(token))
  return client


def _spent(gateway):
  with Ledger.open(gateway.ledger, default_epsilon=100) as ledger:
    return ledger.remaining("ada").spent_epsilon


def _last(gateway):
  """The release that was prepared last."""
  return gateway.services[-1].releaser.last


@pytest.fixture(autouse=True)
def remembered(monkeypatch):
  """Releasers remember what they prepared."""
  from privai_tf.serving.gateway.releases import Releaser

  right = Releaser.prepare

  def prepare(self, order):
    self.last = right(self, order)
    return self.last

  monkeypatch.setattr(Releaser, "prepare", prepare)


@pytest.mark.parametrize(
  ("query", "mechanism", "decode"),
  [
    ("", "extremal", "sample"),
    ("scope=attribute", "extremal", "sample"),
    ("scope=image", "subset_selection", "raw"),
    ("mechanism=laplace", "laplace", "raw"),
  ],
)
def test_what_is_left_out_is_the_scopes_best(ada, gateway, photo, query, mechanism, decode):
  answer = ada.post(f"/v1/privatize?epsilon=1&{query}", content=photo)
  assert answer.status_code == 200, answer.text
  assert answer.json()["guarantee"]["mechanism"] == mechanism
  assert _last(gateway).spec.decode == decode


def test_where_the_best_is_not_on_offer_the_first_that_fits_is_the_default(
  gateway, client_of, headers_of, photo
):
  token = gateway.caller("ada", epsilon=100)
  client = client_of(gateway.app(mechanisms=("randomized_response", "laplace")))
  client.headers.update(headers_of(token))
  for scope, name in (("attribute", "randomized_response"), ("image", "laplace")):
    answer = client.post(f"/v1/privatize?epsilon=1&scope={scope}", content=photo)
    assert answer.json()["guarantee"]["mechanism"] == name, answer.text


@pytest.mark.parametrize(
  ("query", "fields"),
  [
    ("decode=value", {"decode": "value"}),
    ("decode=raw", {"decode": "raw"}),
    ("decode=sample&loss=l1", {"decode": "sample", "loss": "l1"}),
    ("mechanism=laplace&decode=mean", {"decode": "mean"}),
    ("mechanism=laplace&loss=l1", {"loss": "l1"}),
    ("mechanism=gaussian&delta=1e-5&scope=image&decode=mean", {"decode": "mean"}),
    ("scope=image&codebook_size=64", {"codebook_size": 64}),
    ("scope=image", {"codebook_size": 500, "resemble": ()}),
    ("scope=image&resemble=smile:3,rest:1", {"resemble": (("smile", 3.0), ("rest", 1.0))}),
    ("scope=image&resemble=rest:1,smile:3.0", {"resemble": (("smile", 3.0), ("rest", 1.0))}),
    ("scope=image&resemble=", {"resemble": ()}),
  ],
)
def test_choices_reach_the_release(ada, gateway, photo, query, fields):
  answer = ada.post(f"/v1/privatize?epsilon=1&{query}", content=photo)
  assert answer.status_code == 200, answer.text
  spec = _last(gateway).spec
  assert {name: getattr(spec, name) for name in fields} == fields
  assert answer.json()["guarantee"]["statement"] == _last(gateway).guarantee.statement


@pytest.mark.parametrize(
  ("query", "words"),
  [
    (
      "mechanism=laplace&decode=value",
      "Mechanism laplace has no decode 'value': use raw or mean or",
    ),
    ("decode=mean", "Mechanism extremal has no decode 'mean': use value or sample"),
    ("scope=image&decode=sample", "Mechanism subset_selection has no decode 'sample': use raw"),
    ("decode=best", "decode: "),
    ("scope=image&loss=l1", "loss is given and mechanism subset_selection makes none least"),
    ("mechanism=randomized_response&loss=l1", "loss is given and mechanism randomized_response"),
    ("loss=l3", "loss: "),
    ("codebook_size=64", "codebook_size is given and mechanism extremal chooses among no faces"),
    ("scope=image&codebook_size=1", "codebook_size is 1, and on offer are 500, 64"),
    ("scope=image&codebook_size=0", "codebook_size is 0, and on offer are 500, 64"),
    ("scope=image&codebook_size=1073741824", "codebook_size is 1073741824, and on offer are 500"),
    ("scope=image&codebook_size=many", "codebook_size: "),
    (
      "resemble=smile:3",
      "resemble is given and mechanism extremal chooses among no faces: leave it",
    ),
    ("scope=image&mechanism=laplace&resemble=smile:3", "use subset_selection with scope image"),
    (
      "scope=image&resemble=charm:2",
      "resemble: 'charm:2' is not on offer; on offer are smile:3,rest:1",
    ),
    ("scope=image&resemble=smile:much", "resemble: 'smile:much' gives no number as its weight"),
    ("scope=image&resemble=smile:-1", "resemble: the weight of 'smile' is -1.0"),
    ("scope=image&resemble=smile:nan", "resemble: the weight of 'smile' is nan"),
    ("scope=image&subset_size=0", "subset_size: "),
    ("mechanism=subset_selection", "not defined for scope attribute: it is for image"),
    ("mechanism=extremal&scope=image", "not defined for scope image: it is for attribute"),
  ],
)
def test_what_does_not_fit_costs_nothing_and_is_one_line(ada, gateway, photo, query, words):
  answer = ada.post(f"/v1/privatize?epsilon=1&{query}", content=photo)
  assert answer.status_code == 422, answer.text
  message = answer.json()["error"]
  assert words in message
  assert "\n" not in message
  assert "--" not in message  # Callers have no flags.
  assert _spent(gateway) == 0
  assert gateway.backend.encoded == 0


def test_nothing_is_calibrated_for_a_request_but_what_its_epsilon_needs(
  ada, gateway, photo, monkeypatch
):
  """No codebook is made, and no faces are compared with it but the photo's."""

  def refuse(*_):
    raise AssertionError("made for a request")

  monkeypatch.setattr(Codebook, "numbers", refuse)
  monkeypatch.setattr(subset_choice.Neighbours, "__init__", refuse)
  for epsilon in (0.3, 1.0, 5.7, 8.0):
    for choice in ("", "codebook_size=64", "resemble=smile:3,rest:1"):
      answer = ada.post(f"/v1/privatize?epsilon={epsilon}&scope=image&{choice}", content=photo)
      assert answer.status_code == 200, answer.text


def test_tables_that_memory_does_not_hold_are_refused_at_the_start(gateway, monkeypatch):
  gateway.caller("ada")
  monkeypatch.setattr(offering, "kept_codebooks", lambda generator: 1)
  with pytest.raises(ConfigurationError, match=r"codebook_sizes, resemblances: the 4 tables"):
    gateway.app(**_OFFER)


@pytest.mark.parametrize(
  ("settings", "words"),
  [
    ({"codebook_sizes": ()}, "codebook_sizes="),
    ({"codebook_sizes": (1,)}, "whole numbers from 2 to"),
    ({"codebook_sizes": (1 << 30,)}, "whole numbers from 2 to"),
    ({"codebook_sizes": (8, 8)}, "twice"),
    ({"resemblances": ("charm:2",)}, "'charm', which is not among attribute=smile"),
    ({"resemblances": ("smile:x",)}, "gives no number"),
    ({"resemblances": ("smile:0,rest:0",)}, "all weights are 0"),
    ({"resemblances": ("smile:2", "smile:2")}, "twice"),
    ({"mechanisms": ()}, "mechanisms is empty"),
  ],
)
def test_offers_that_cannot_be_kept_are_refused(settings, words):
  with pytest.raises(ConfigurationError, match=words) as caught:
    GatewaySettings(attributes=("smile",), **settings)
  assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
  ("scopes", "names"),
  [
    (("attribute",), "extremal laplace gaussian randomized_response exponential"),
    (("image",), "subset_selection laplace gaussian"),
    (
      ("attribute", "image"),
      "extremal subset_selection laplace gaussian randomized_response exponential",
    ),
  ],
)
def test_the_usual_offer_is_what_the_scopes_have(scopes, names):
  settings = GatewaySettings(attributes=("smile",), scopes=scopes)
  assert settings.mechanisms == tuple(names.split())


def test_the_document_says_what_may_be_chosen(ada):
  parameters = {
    entry["name"]: entry["schema"]
    for entry in ada.get("/openapi.json").json()["paths"]["/v1/privatize"]["post"]["parameters"]
    if entry["in"] == "query"
  }

  def values(name):
    return next(part["enum"] for part in parameters[name]["anyOf"] if "enum" in part)

  assert values("decode") == ["raw", "value", "mean", "sample"]
  assert values("loss") == ["l1", "l2"]
  assert values("codebook_size") == [500, 64]
  assert values("resemble") == ["", "smile:3,rest:1"]


def test_a_gateway_without_faces_to_choose_among_knows_no_codebook(
  gateway, client_of, headers_of, photo
):
  token = gateway.caller("ada")
  client = client_of(gateway.app(scopes=("attribute",)))
  client.headers.update(headers_of(token))
  answer = client.post("/v1/privatize?epsilon=1&codebook_size=500", content=photo)
  assert answer.status_code == 422
  assert "codebook_size" in answer.json()["error"]


@pytest.mark.parametrize(
  ("settings", "words"),
  [
    ({"scopes": ("attribute",)}, "extremal cannot be offered: The coordinate never varies"),
    ({"scopes": ("image",), "resemblances": ("smile:2",)}, "faces never vary along 'smile'"),
  ],
)
def test_what_never_varies_is_refused_at_the_start(
  gateway, constant_checkpoint, tmp_path, settings, words
):
  boundary = Boundary.load(constant_checkpoint / "smile_w_boundary.npy", latent_space="W")
  constant = type(gateway)(load_generator(constant_checkpoint), boundary, tmp_path)
  constant.caller("ada")
  with pytest.raises(ConfigurationError, match=words) as caught:
    constant.app(**settings)
  assert "\n" not in str(caught.value)
  constant.services[0].close()
