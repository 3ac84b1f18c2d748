"""A gateway with real noise, ledger and HTTP, and a stand-in for the networks where they matter not."""

import asyncio
import io
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image


class StubBackend:
  """Codes from a picture's mean, pictures from a code; counts, and can be made to fail."""

  def __init__(self, width: int):
    self._width = width
    self.encoded = 0
    self.synthesized: list[np.ndarray] = []
    self.failure: Exception | None = None
    self.hold: threading.Event | None = None

  def encode(self, image):
    self.encoded += 1
    if self.hold is not None:
      self.hold.wait(120)
    # Not all the same number, nor a rounded one: such codes are refused.
    pattern = np.random.default_rng(5).normal(size=self._width)
    return (image.mean() + pattern).astype(np.float32)

  def synthesize(self, latent):
    self.synthesized.append(latent)
    if self.failure is not None:
      raise self.failure
    return picture(np.full((8, 8, 3), 100, np.uint8))

  def check(self):
    if self.failure is not None:
      raise self.failure

  def close(self):
    pass


def picture(pixels: np.ndarray, kind: str = "PNG") -> bytes:
  """A picture file."""
  buffer = io.BytesIO()
  Image.fromarray(pixels).save(buffer, format=kind)
  return buffer.getvalue()


@pytest.fixture(scope="session")
def photo() -> bytes:
  """A PNG of 32 x 32 pixels: taken as an aligned face by the tiny checkpoint."""
  return picture(np.random.default_rng(0).integers(0, 256, (32, 32, 3)).astype(np.uint8))


@pytest.fixture(scope="session")
def generator(tiny_checkpoint):
  """The tiny generator."""
  import privai_tf

  return privai_tf.load_generator(tiny_checkpoint)


class Gateway:
  """A service over a stub backend, its files, and one token for each caller."""

  def __init__(self, generator, boundary, folder):
    self._generator = generator
    self._boundary = boundary
    self.ledger = folder / "ledger.db"
    self.tokens = folder / "tokens.json"
    self.backend = StubBackend(generator.latent_size)
    self.services = []

  def caller(self, name: str, epsilon: float = 10, **settings) -> str:
    """Adds a caller; returns its token."""
    from privai_tf.serving.gateway.tokens import add_caller

    return add_caller(self.tokens, name, epsilon=epsilon, **settings)

  def app(self, workers: int = 2, **settings):
    """The application."""
    from privai_tf.serving.gateway.app import create_app

    return create_app(self.service(workers, **settings))

  def service(self, workers: int = 2, **settings):
    """The service; closed after the test."""
    from privai_tf.serving.gateway.budgets import Budgets
    from privai_tf.serving.gateway.releases import Releaser
    from privai_tf.serving.gateway.service import Service
    from privai_tf.serving.gateway.settings import GatewaySettings
    from privai_tf.serving.gateway.tokens import TokenFile

    settings = GatewaySettings(**{"attributes": ("smile",), "codebook_sizes": (500,), **settings})
    releaser = Releaser(
      self._generator,
      {"smile": self._boundary},
      "W",
      self.backend,
      Budgets(self.ledger, create=True),
      settings.max_pixels,
      settings.on_failure == "stand-in",
    )
    service = Service(settings, TokenFile(self.tokens), releaser, workers)
    self.services.append(service)
    return service


@pytest.fixture(scope="session")
def smile_boundary(tiny_checkpoint):
  """The tiny checkpoint's, one object for all tests: what is calibrated for it is found again."""
  from privai_tf.attributes.boundary import Boundary

  return Boundary.load(tiny_checkpoint / "smile_w_boundary.npy", latent_space="W")


@pytest.fixture
def gateway(generator, smile_boundary, tmp_path) -> Iterator[Gateway]:
  """Makes applications."""
  made = Gateway(generator, smile_boundary, tmp_path)
  yield made
  for service in made.services:
    service.close()


class Client:
  """Calls an application in this process, one request after the other; defects become answers."""

  def __init__(self, app):
    self._app = app
    self.headers: dict[str, str] = {}

  def request(self, method: str, path: str, headers=None, **body):
    import httpx

    async def send():
      transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
      async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        return await client.request(
          method, path, headers={**self.headers, **(headers or {})}, **body
        )

    return asyncio.run(send())

  def get(self, path: str, **options):
    return self.request("GET", path, **options)

  def post(self, path: str, **options):
    return self.request("POST", path, **options)


@pytest.fixture
def client_of():
  """app -> a client of it."""
  return Client


@pytest.fixture
def serve():
  """app -> (host, port) of a real uvicorn in a thread, with the gateway's own protocol."""
  import uvicorn

  from privai_tf.serving.gateway.connections import limited_protocol

  running = []

  def start(app, deadline: float = 30.0, sending=30.0, most=256, whole=600.0) -> tuple[str, int]:
    config = uvicorn.Config(
      app,
      host="127.0.0.1",
      port=0,
      http=limited_protocol(deadline, sending, most, whole),
      ws="none",
      loop="asyncio",
      lifespan="off",
      log_config=None,
      access_log=False,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    running.append((server, thread))
    while not server.started:
      time.sleep(0.01)
    return server.servers[0].sockets[0].getsockname()

  yield start
  for server, thread in running:
    server.should_exit = True
    thread.join()


def headers(token: str, **more: str) -> dict[str, str]:
  """Of a request with a PNG body."""
  return {"Authorization": f"Bearer {token}", "Content-Type": "image/png", **more}


@pytest.fixture
def headers_of():
  """(token, more) -> headers of a request with a PNG body."""
  return headers


@pytest.fixture
def picture_of():
  """(pixels, kind) -> a picture file."""
  return picture
