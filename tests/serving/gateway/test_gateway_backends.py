"""The networks behind the gateway: here, by inversion or encoder, and on a model server."""

import dataclasses
import io
import json

import numpy as np
import pytest
from PIL import Image

from privai_tf.attributes.boundary import Boundary
from privai_tf.errors import ConfigurationError, InputError, PrivaiError
from privai_tf.privacy.codebook import Codebook
from privai_tf.privacy.ledger import Ledger
from privai_tf.serving.errors import ServingError
from privai_tf.serving.gateway.app import create_app
from privai_tf.serving.gateway.assembly import Model, build_service
from privai_tf.serving.gateway.backends import InProcessBackend, ServedBackend
from privai_tf.serving.gateway.settings import GatewaySettings
from privai_tf.serving.gateway.tokens import add_caller

SETTINGS = GatewaySettings(attributes=("smile",), align=("none",), codebook_sizes=(300,))


def _model(checkpoint, **more) -> Model:
  boundaries = {"smile": str(checkpoint / "smile_w_boundary.npy")}
  return Model(checkpoint=str(checkpoint), boundaries=boundaries, **more)


@pytest.fixture
def built(tmp_path):
  """model -> its service; closed after the test."""
  services = []

  def build(model, settings=SETTINGS):
    services.append(
      build_service(
        model, settings, tmp_path / "ledger.db", tmp_path / "tokens.json", create_ledger=True
      )
    )
    return services[-1]

  yield build
  for service in services:
    service.close()


def test_a_boundary_of_another_checkpoint_is_refused_at_the_start(built, tiny_checkpoint, tmp_path):
  add_caller(tmp_path / "tokens.json", "ada", epsilon=10)
  foreign = Boundary(np.ones(16), provenance={"checkpoint": {"name": "x", "sha256": "0" * 64}})
  path = foreign.save(tmp_path / "smile_w_boundary.npy")
  model = dataclasses.replace(_model(tiny_checkpoint), boundaries={"smile": str(path)})
  with pytest.raises(InputError, match="is of another checkpoint"):
    built(model)


def _pixels(png: bytes) -> np.ndarray:
  return np.asarray(Image.open(io.BytesIO(png)))


@pytest.mark.slow
def test_the_same_release_by_inversion_and_by_the_encoder(
  built,
  client_of,
  headers_of,
  photo,
  tmp_path,
  tiny_checkpoint,
  serving_checkpoint,
  few_public_codes,
):
  few_public_codes(tiny_checkpoint, latent_space="W", steps=1)
  # Two paths, and so two relations: one person's releases by both do not add up.
  for name, checkpoint, steps in (("ada", tiny_checkpoint, 1), ("bob", serving_checkpoint, None)):
    token = add_caller(tmp_path / "tokens.json", name, epsilon=10)
    client = client_of(create_app(built(_model(checkpoint, steps=steps))))
    answer = client.post(
      "/v1/privatize?epsilon=1",
      content=photo,
      headers=headers_of(token, Accept="image/png"),
    )
    assert answer.status_code == 200, answer.text
    assert _pixels(answer.content).shape == (32, 32, 3)
  with Ledger.open(tmp_path / "ledger.db") as ledger:
    assert [ledger.remaining(name).spent_epsilon for name in ("ada", "bob")] == [1, 1]


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["grpc", "rest"])
def test_a_model_server_gives_the_same_codes_and_images(
  built, client_of, headers_of, photo, tmp_path, serving_checkpoint, model_server, protocol
):
  token = add_caller(tmp_path / "tokens.json", "ada", epsilon=10)
  address = {"grpc": model_server.grpc_address, "rest": model_server.rest_address}[protocol]
  model = _model(
    serving_checkpoint,
    backend="serving",
    address=address,
    name=model_server.model.name,
    protocol=protocol,
  )
  service = built(model)
  client = client_of(create_app(service))
  answer = client.post("/v1/privatize?epsilon=1", content=photo, headers=headers_of(token))
  assert answer.status_code == 200, answer.text
  assert answer.json()["guarantee"]["private"] is True  # Not the server's simulated noise.
  assert client.get("/readyz").status_code == 200
  here = built(_model(serving_checkpoint)).releaser.backend
  there = service.releaser.backend
  face = np.asarray(Image.open(io.BytesIO(photo)), np.float32) / 127.5 - 1
  code = here.encode(face)
  np.testing.assert_allclose(there.encode(face), code, atol=1e-4)
  difference = _pixels(there.synthesize(code)).astype(int) - _pixels(here.synthesize(code))
  assert np.abs(difference).max() <= 1


def _stand_in(client, headers, photo):
  """A release in scope image without further words: its picture, once what it says is checked."""
  answer = client.post("/v1/privatize?epsilon=3&scope=image", content=photo, headers=headers)
  assert answer.status_code == 200, answer.text
  guarantee = json.loads(answer.headers["privai-guarantee"])
  assert (guarantee["mechanism"], guarantee["private"]) == ("subset_selection", True)
  assert "chosen privately among 300; it is nobody's" in guarantee["statement"]
  return _pixels(answer.content).astype(int)


def _made_up(service) -> np.ndarray:
  """All 300 faces as pictures by the gateway's own backend, int [300, H, W, C]."""
  releaser = service.releaser
  codebook = Codebook(releaser.generator, "W", 300, 0)
  codes = np.concatenate(list(codebook.blocks())).astype(np.float32)
  return np.stack([_pixels(releaser.backend.synthesize(code)) for code in codes]).astype(int)


def _is_one_of(picture: np.ndarray, faces: np.ndarray) -> bool:
  return bool((np.abs(faces - picture).max(axis=(1, 2, 3)) <= 1).any())


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["in_process", "serving"])
def test_both_backends_publish_one_of_the_made_up_faces(
  request, built, client_of, headers_of, photo, tmp_path, serving_checkpoint, backend
):
  token = add_caller(tmp_path / "tokens.json", "ada", epsilon=100)
  where = {}
  if backend == "serving":
    server = request.getfixturevalue("model_server")
    where = {"backend": backend, "address": server.grpc_address, "name": server.model.name}
  service = built(_model(serving_checkpoint, **where))
  client, headers = client_of(create_app(service)), headers_of(token, Accept="image/png")
  faces = _made_up(service)
  for _ in range(4):
    assert _is_one_of(_stand_in(client, headers, photo), faces)
  # The photo's own picture is none of them.
  face = np.asarray(Image.open(io.BytesIO(photo)), np.float32) / 127.5 - 1
  backend = service.releaser.backend
  assert not _is_one_of(_pixels(backend.synthesize(backend.encode(face))).astype(int), faces)
  with Ledger.open(tmp_path / "ledger.db") as ledger:
    assert ledger.remaining("ada").spent_epsilon == pytest.approx(12)


def test_a_model_server_that_is_away_is_told_at_the_start(built, tmp_path, tiny_checkpoint):
  add_caller(tmp_path / "tokens.json", "ada", epsilon=10)
  with pytest.raises(PrivaiError, match="model server"):
    built(_model(tiny_checkpoint, backend="serving", address="127.0.0.1:1", protocol="rest"))


class _OddClient:
  def encode(self, images):
    return np.zeros((len(images), 7), np.float32)


def test_codes_of_another_checkpoint_are_refused(generator):
  backend = ServedBackend(_OddClient(), generator.code_shape("W"), generator.resolution)
  with pytest.raises(PrivaiError, match="export the checkpoint"):
    backend.encode(np.zeros((32, 32, 3), np.float32))


def _png(size, mode="RGB"):
  buffer = io.BytesIO()
  Image.new(mode, size).save(buffer, "PNG")
  return buffer.getvalue()


@pytest.mark.parametrize(
  ("answer", "problem"),
  [
    (b"", "is no PNG"),
    (b"<html>gateway timeout</html>", "is no PNG"),
    (_png((32, 32))[:-20], "is no PNG"),
    (_png((64, 64)), "is 64 x 64 .* export the checkpoint"),
    (_png((32, 32), "1"), r"is 32 x 32 \(1\)"),
  ],
)
def test_an_answer_that_is_no_picture_of_the_checkpoint_is_never_published(answer, problem):
  class Client:
    def synthesize(self, latents):
      return [answer]

  backend = ServedBackend(Client(), (16,), 32)
  with pytest.raises(ServingError, match=problem) as refused:
    backend.synthesize(np.zeros(16, np.float32))
  assert "\n" not in str(refused.value)


def test_a_picture_of_the_checkpoint_passes_as_it_is():
  class Client:
    def synthesize(self, latents):
      return [_png((32, 32))]

  assert ServedBackend(Client(), (16,), 32).synthesize(np.zeros(16)) == _png((32, 32))


def test_no_steps_need_an_encoder(generator):
  with pytest.raises(ConfigurationError, match="steps=0"):
    InProcessBackend(generator, "W", 0, 1)


@pytest.mark.parametrize(
  "settings",
  [
    {"backend": "elsewhere"},
    {"backend": "serving"},
    {"address": "localhost:8500"},
    {"backend": "serving", "address": "localhost:8500", "steps": 5},
  ],
)
def test_models_that_contradict_themselves_are_refused(settings):
  with pytest.raises(ConfigurationError):
    Model("avatars", **settings)


def test_what_the_checkpoint_lacks_is_told(built, tmp_path, tiny_checkpoint):
  add_caller(tmp_path / "tokens.json", "ada", epsilon=10)
  with pytest.raises(PrivaiError, match="No boundary"):
    built(Model(str(tiny_checkpoint)))
  with pytest.raises(ConfigurationError, match="latent_space is 'V'"):
    built(Model(str(tiny_checkpoint), latent_space="V"))
