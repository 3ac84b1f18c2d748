"""The exported model over the wire: a foreign process, our client, merged requests, warm-up."""

import base64
import concurrent.futures
import contextlib
import io
import json
import pathlib
import socket
import subprocess
import sys
import threading

import numpy as np
import pytest
from PIL import Image

from privai_tf.errors import ConfigurationError, InputError
from privai_tf.privacy.rest import rest_cost
from privai_tf.serving import ServingClient, ServingError


@pytest.fixture(scope="module")
def generator(serving_checkpoint):
  from privai_tf.generators import load_generator

  return load_generator(serving_checkpoint)


@pytest.fixture(params=["grpc", "rest"])
def client(request, model_server):
  address = getattr(model_server, f"{request.param}_address")
  with ServingClient(address, "tiny", request.param) as client:
    yield client


def _pixels(png):
  return np.asarray(Image.open(io.BytesIO(png))).astype(int)


def _own(generator, latents):
  from privai_tf.generators import to_uint8

  return to_uint8(generator.synthesize(np.asarray(latents, np.float32), latent_space="W"))


@pytest.mark.slow
def test_a_process_without_privai_tf_makes_a_round_trip_by_both_protocols(
  model_server, generator, tmp_path
):
  script = pathlib.Path(__file__).with_name("round_trip.py")
  addresses = [model_server.grpc_address, model_server.rest_address]
  result = subprocess.run(
    [sys.executable, script, *addresses, "tiny", "16"],
    cwd=tmp_path,  # Not the repository: there is no privai_tf to import by accident.
    capture_output=True,
    text=True,
    check=False,
  )
  assert result.returncode == 0, result.stderr
  answers = json.loads(result.stdout)
  assert answers["imported"] == []
  assert {"encode", "privatize", "privatize_latents", "synthesize"} <= set(answers["signatures"])
  latents = [[0.1 * row + 0.01 * column for column in range(16)] for row in range(3)]
  own = _own(generator, latents).astype(int)
  grpc_images = [_pixels(base64.b64decode(image)) for image in answers["grpc_images"]]
  assert np.abs(np.stack(grpc_images) - own).max() <= 1
  for answer in (answers["rest_images"], answers["rest_rows"]):
    assert [image["b64"] for image in answer] == answers["grpc_images"]
  np.testing.assert_allclose(answers["rest_encode"], answers["grpc_encode"], atol=1e-6)
  assert answers["grpc_private"] == [False] * 3
  assert answers["grpc_epsilon"] == [1.0, 2.0, 0.5]
  assert answers["rest_privatize"]["grade"] == ["simulation"] * 3
  assert all("NOT PRIVATE" in text for text in answers["rest_privatize"]["statement"])
  assert len({image["b64"] for image in answers["rest_privatize"]["image_bytes"]}) == 3
  assert answers["grpc_refusal"] == "INVALID_ARGUMENT"
  assert "unknown attribute" in answers["rest_refusal"]["error"]


def test_the_warmup_file_replays(model_server):
  # Each of four signatures with one row and with a full batch.
  assert model_server.model.replay_warmup() == 8


def test_client_calls_every_signature(client, generator):
  from privai_tf.inversion.encoder import find_encoder

  latents = np.random.default_rng(0).normal(size=(11, 16)).astype(np.float32)
  pictures = client.synthesize(latents)  # Eleven rows: two requests of at most eight.
  own = _own(generator, latents).astype(int)
  assert np.abs(np.stack([_pixels(p) for p in pictures]) - own).max() <= 1
  codes = client.encode(pictures[:2])
  signed = np.stack([_pixels(p) for p in pictures[:2]]) / 127.5 - 1
  np.testing.assert_allclose(codes, find_encoder(generator).encode(signed), atol=1e-5)
  for served in client.privatize(pictures[:2], ["smile", "age"], 1.0):
    assert _pixels(served.image).shape == (32, 32, 3)
    assert served.grade == "simulation"
    assert served.guarantee.private is False
    assert served.guarantee.epsilon == 1.0
  released = client.privatize_latents(latents, "smile", np.linspace(1, 2, 11))
  assert released.latents.shape == latents.shape
  assert released.latents.dtype == np.float32
  assert released.grade == "simulation"
  assert len(released.guarantees) == 11
  assert client.available()


def test_requests_with_other_epsilons_and_attributes_are_merged_into_one_batch(model_server):
  latents = np.random.default_rng(1).normal(size=(6, 16)).astype(np.float32)
  epsilons = [0.5, 1.0, 2.0, 4.0, 8.0, 16.0]
  attributes = ["smile", "age"] * 3
  with ServingClient(model_server.grpc_address, "tiny") as client:

    def one(row):
      return client.privatize_latents(latents[row : row + 1], attributes[row], epsilons[row])

    with concurrent.futures.ThreadPoolExecutor(6) as threads:
      with model_server.one_batch_of("privatize_latents", 6) as batcher:
        futures = [threads.submit(one, row) for row in range(6)]
      answers = [future.result() for future in futures]
  assert batcher.merged[-1] == [1] * 6
  scales = []
  for row, answer in enumerate(answers):
    (guarantee,) = answer.guarantees
    assert guarantee.epsilon == epsilons[row]
    assert attributes[row] in guarantee.statement
    own = guarantee.epsilon - rest_cost(
      guarantee.epsilon
    )  # What the rest leaves to the coordinate.
    scales.append(guarantee.noise_scale * own / guarantee.sensitivity)
    assert not np.array_equal(answer.latents[0], latents[row])
  np.testing.assert_allclose(scales, 1, rtol=1e-6)


def test_a_wrong_row_fails_its_batch_and_nobody_gets_an_answer_without_noise(model_server):
  """The price of merging, which docs/serving.md tells: whoever serves strangers checks first."""
  inputs = {"latents": np.zeros((1, 16), np.float32), "attribute": np.array([b"smile"], object)}
  with ServingClient(model_server.grpc_address, "tiny") as client:

    def one(epsilon):
      return client.predict("privatize_latents", {**inputs, "epsilon": np.float32([epsilon])})

    with concurrent.futures.ThreadPoolExecutor(2) as threads:
      with model_server.one_batch_of("privatize_latents", 2) as batcher:
        futures = [threads.submit(one, epsilon) for epsilon in (1.0, -1.0)]
      assert all(isinstance(future.exception(), ServingError) for future in futures)
    assert batcher.merged[-1] == [1, 1]
    assert one(1.0)["private"].tolist() == [False]


def test_large_requests_are_split(model_server):
  latents = np.random.default_rng(2).normal(size=(20, 16)).astype(np.float32)
  with ServingClient(model_server.grpc_address, "tiny", batch_size=64) as client:
    pictures = client.synthesize(latents)
    assert len(pictures) == 20
    alone = client.synthesize(latents[8:10])
    for picture, again in zip(pictures[8:10], alone, strict=True):
      # Kernels for another batch size may round otherwise.
      assert np.abs(_pixels(picture) - _pixels(again)).max() <= 1
    with pytest.raises(ServingError, match="larger than maximum input batch size 64") as caught:
      ServingClient(model_server.grpc_address, "tiny", batch_size=65).synthesize(np.zeros((65, 16)))
  assert caught.value.refused
  assert model_server.model.batchers["synthesize"].merged[-2:] == [[4], [2]]


@pytest.mark.parametrize("epsilon", [0.0, -1.0, np.nan, np.inf, 1e-3, 1e3])
def test_an_impossible_epsilon_is_refused_by_the_server_itself(client, epsilon):
  inputs = {
    "latents": np.zeros((1, 16), np.float32),
    "attribute": np.array([b"smile"], object),
    "epsilon": np.array([epsilon], np.float32),
  }
  with pytest.raises(ServingError, match=r"epsilon must be a number from 0\.01 to 100") as caught:
    client.predict("privatize_latents", inputs)
  assert caught.value.code == "INVALID_ARGUMENT"
  assert caught.value.refused


def test_other_refusals_are_one_line(client, generator):
  (picture,) = client.synthesize(generator.mean_latent("W")[np.newaxis])
  with pytest.raises(ServingError) as caught:
    client.privatize([picture], "nose", 1.0)
  assert str(caught.value).endswith("(model tiny): unknown attribute; this model has smile, age.")
  with pytest.raises(ServingError) as caught:
    client.encode([b"not a picture"])
  assert caught.value.refused
  assert "\n" not in str(caught.value)
  with pytest.raises(InputError, match="epsilon is -1"):
    client.privatize([picture], "smile", -1.0)
  with pytest.raises(InputError, match="finite"):
    client.synthesize(np.full((1, 16), np.nan))
  with pytest.raises(InputError, match="nothing to send"):
    client.encode([])
  with pytest.raises(InputError, match="2 attributes for 1"):
    client.privatize([picture], ["smile", "age"], 1.0)


def test_absent_servers_and_models_are_named(model_server):
  for protocol, address in (
    ("grpc", model_server.grpc_address),
    ("rest", model_server.rest_address),
  ):
    with ServingClient(address, "nobody", protocol) as client:
      assert not client.available()
      with pytest.raises(ServingError, match="check the model's name"):
        client.synthesize(np.zeros((1, 16)))
    with ServingClient("127.0.0.1:1", "tiny", protocol, timeout=60) as client:
      assert not client.available()
      with pytest.raises(ServingError, match="check the address") as caught:
        client.synthesize(np.zeros((1, 16)))
      assert caught.value.code == "UNAVAILABLE"
      assert not caught.value.refused
  for arguments in ({"protocol": "soap"}, {"timeout": 0}, {"batch_size": 0}):
    with pytest.raises(ConfigurationError):
      ServingClient("127.0.0.1:1", "tiny", **arguments)
  with pytest.raises(ConfigurationError, match="HOST:PORT"):
    ServingClient("http://127.0.0.1:1", "tiny")


def test_a_server_that_does_not_answer_in_time(model_server):
  for protocol in ("grpc", "rest"):
    address = getattr(model_server, f"{protocol}_address")
    with (
      ServingClient(address, "tiny", protocol, timeout=0.2) as client,
      model_server.model.batchers["synthesize"].held(),
      pytest.raises(ServingError, match="raise timeout") as caught,
    ):
      client.synthesize(np.zeros((1, 16)))
    assert caught.value.code == "DEADLINE_EXCEEDED"


def test_a_server_that_sends_a_byte_at_a_time_is_late_too():
  """A worker of the gateway would wait for ever: a socket's own time begins anew at each byte."""
  ended = threading.Event()

  def serve(listener):
    wire, _ = listener.accept()
    with wire, contextlib.suppress(OSError):
      wire.recv(65536)
      wire.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
      while not ended.wait(0.01):
        wire.sendall(b" ")

  with socket.create_server(("127.0.0.1", 0)) as listener:
    thread = threading.Thread(target=serve, args=(listener,), daemon=True)
    thread.start()
    address = f"127.0.0.1:{listener.getsockname()[1]}"
    with (
      ServingClient(address, "tiny", "rest", timeout=1) as client,
      pytest.raises(ServingError, match="raise timeout") as caught,
    ):
      client.synthesize(np.zeros((1, 16)))
    ended.set()
    thread.join()
  assert caught.value.code == "DEADLINE_EXCEEDED"
