"""A gateway whose releases take `--preset=likeness`: what a request gets, what the start refuses."""

import pytest

from privai_tf.errors import ConfigurationError
from privai_tf.jobs.presets import PRESETS
from privai_tf.privacy.ledger import Ledger
from privai_tf.serving.gateway import assembly
from privai_tf.serving.gateway.assembly import Model, build_service
from privai_tf.serving.gateway.settings import GatewaySettings
from privai_tf.serving.gateway.tokens import add_caller

PRESET = PRESETS["likeness"]
_OFFER = {
  "preset": "likeness",
  "scopes": (PRESET.scope,),
  "mechanisms": (PRESET.mechanism,),
  "align": ("none",),
}


def test_what_a_request_leaves_out_is_the_presets(gateway, client_of, headers_of, photo):
  token = gateway.caller("ada", epsilon=10, delta=1e-5)
  client = client_of(gateway.app(**_OFFER))
  client.headers.update(headers_of(token))
  answer = client.post("/v1/privatize?epsilon=1", content=photo)
  assert answer.status_code == 200, answer.text
  guarantee = answer.json()["guarantee"]
  assert (guarantee["mechanism"], guarantee["delta"]) == (PRESET.mechanism, PRESET.delta)
  assert "drawn from the public distribution" in guarantee["statement"]  # Decoding: sample.
  dearer = client.post("/v1/privatize?epsilon=1&delta=2e-6", content=photo)
  assert dearer.json()["guarantee"]["delta"] == 2e-6
  with Ledger.open(gateway.ledger) as ledger:
    spent = ledger.remaining("ada")
  assert spent.releases == 2
  assert spent.spent_delta == pytest.approx(PRESET.delta + 2e-6)
  document = client.get("/openapi.json").json()
  parameters = document["paths"]["/v1/privatize"]["post"]["parameters"]
  (delta,) = [one for one in parameters if one["name"] == "delta"]
  assert "left out, it gets 1e-06" in delta["description"]


def test_a_caller_without_delta_is_refused_before_the_search(gateway, client_of, headers_of, photo):
  token = gateway.caller("bob", epsilon=10)
  client = client_of(gateway.app(**_OFFER))
  client.headers.update(headers_of(token))
  assert client.post("/v1/privatize?epsilon=1", content=photo).status_code == 402
  assert gateway.backend.encoded == 0


def test_without_a_preset_nothing_is_advised():
  settings = GatewaySettings(attributes=("smile",))
  assert settings.usual_delta("gaussian") == 0.0
  assert (settings.usual_decode("extremal"), settings.usual_decode("gaussian")) == ("sample", "raw")


@pytest.mark.parametrize("scopes", [("image",), ("attribute", "image")])
def test_it_is_for_single_attributes(scopes):
  with pytest.raises(ConfigurationError, match=r"preset=likeness is for scope attribute"):
    GatewaySettings(attributes=("smile",), preset="likeness", scopes=scopes)


def test_a_model_server_does_not_search():
  with pytest.raises(ConfigurationError, match="use backend=in_process"):
    Model("avatars", backend="serving", address="localhost:8500", preset="likeness")


def test_the_start_is_refused_without_what_tells_people_apart(
  tiny_checkpoint, tmp_path, monkeypatch
):
  add_caller(tmp_path / "tokens.json", "ada", epsilon=10)
  monkeypatch.setattr(assembly, "missing_likeness", lambda spec, generator: "Get the files.")
  model = Model(str(tiny_checkpoint), preset="likeness", latent_space="W+")
  settings = GatewaySettings(attributes=("smile",), **_OFFER)
  files = tmp_path / "ledger.db", tmp_path / "tokens.json"
  with pytest.raises(ConfigurationError, match=r"preset=likeness: Get the files\."):
    build_service(model, settings, *files, create_ledger=True)
  assert not files[0].exists()


def test_the_searchs_steps_are_the_presets_own(generator):
  """None of them, as the encoder alone would have it, for a backend that is to keep people."""
  one = assembly.InProcessBackend(generator, "W+", None, 1)
  assert one.inversion.steps == 200  # Of a network without an encoder, in which nobody is known.
  one.close()


def test_no_public_codes_are_made_where_none_are_asked_for(generator, tiny_checkpoint):
  one = assembly.InProcessBackend(generator, "W", 5, 1)
  model = Model(str(tiny_checkpoint), latent_space="W", steps=5, public_codes=0)
  codes = assembly._public_codes(model, generator, one)
  one.close()
  assert not codes.of_photos
  assert "5 steps" in codes.release_path
