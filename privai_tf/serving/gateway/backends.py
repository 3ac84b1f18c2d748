"""Where the networks run: in this process, or on TensorFlow Serving. Neither sees the ledger."""

import contextlib
import io
from collections.abc import Iterator
from typing import Protocol

import numpy as np
import tensorflow as tf
from PIL import Image

from privai_tf.generators import to_uint8
from privai_tf.generators.channels import from_rgb, to_rgb
from privai_tf.inversion.initialization import decided
from privai_tf.inversion.optimizer import find_codes
from privai_tf.inversion.public_code_files import portable
from privai_tf.inversion.spec import InversionSpec
from privai_tf.runtime.pictures import png
from privai_tf.serving.client import ServingClient
from privai_tf.serving.errors import ServingError
from privai_tf.serving.gateway.batching import Batcher


class Backend(Protocol):
  """Face -> latent, latent -> image; safe to call from many threads."""

  def encode(self, image: np.ndarray) -> np.ndarray:
    """float32 [R, R, 3] in [-1, 1] -> float32 [d] or [L, d]; private."""

  def synthesize(self, latent: np.ndarray) -> bytes:
    """float32 [d] or [L, d] -> a PNG file without metadata."""

  def check(self) -> None:
    """Raises a `PrivaiError` if it cannot work now."""

  def close(self) -> None:
    """Gives everything back."""


class InProcessBackend:
  """The generator and the inversion in this process, one thread for all requests.

  Attributes:
    inversion: how photos become codes.
  """

  def __init__(
    self, generator, latent_space: str, steps: int | None, largest: int, precision: str = "auto"
  ):
    """Starts the thread.

    Args:
      generator: a `privai_tf.Generator`.
      latent_space: of the codes.
      steps: of the inversion; 0 takes the encoder's code as it is; None: what keeps people, see
        `privai_tf.inversion.initialization.decided`.
      largest: images that go through the networks together.
      precision: of the search and of what is drawn, see `runtime.precision`.

    Raises:
      ConfigurationError: if `steps` is 0 and there is no encoder for `latent_space`.
      CheckpointError: if there is one, but damaged or of another generator.
    """
    spec = InversionSpec(
      latent_space=latent_space, steps=steps, batch_size=largest, precision=precision
    )
    self.inversion = portable(decided(spec, generator))
    self._precision = precision
    self._generator = generator
    self._latent_space = latent_space
    self._batcher = Batcher({"encode": self._encode, "synthesize": self._synthesize}, largest)

  def encode(self, image: np.ndarray) -> np.ndarray:
    return self._batcher.run("encode", image)

  def synthesize(self, latent: np.ndarray) -> bytes:
    return png(self._batcher.run("synthesize", latent))

  def check(self) -> None:
    """There is nothing that could be away."""

  def close(self) -> None:
    self._batcher.close()

  def _encode(self, images: np.ndarray) -> np.ndarray:
    with _as_serving_error():
      values = from_rgb(images, self._generator.num_channels)
      return find_codes(values, self._generator, self.inversion)

  def _synthesize(self, latents: np.ndarray) -> np.ndarray:
    with _as_serving_error():
      images = self._generator.synthesize(
        latents, latent_space=self._latent_space, precision=self._precision
      )
      return to_rgb(to_uint8(images, family=self._generator.family))


class ServedBackend:
  """A model that `privai_tf.export` exported, on TensorFlow Serving."""

  def __init__(self, client: ServingClient, code_shape: tuple[int, ...], resolution: int):
    """Takes a client.

    Args:
      client: connected; closed with the backend.
      code_shape: of one code, [d] or [L, d]; an answer of another shape is refused.
      resolution: side of the pictures; an answer of another size, or that is no PNG, is refused.
    """
    self._client = client
    self._code_shape = code_shape
    self._resolution = resolution

  def encode(self, image: np.ndarray) -> np.ndarray:
    pixels = np.rint((image + 1) * 127.5).clip(0, 255).astype(np.uint8)
    (latent,) = self._client.encode([png(pixels)])
    if latent.shape != self._code_shape:
      raise ServingError(
        f"The served model's codes have shape {list(latent.shape)}, the checkpoint's "
        f"{list(self._code_shape)}: export the checkpoint that the gateway was started with."
      )
    return latent

  def synthesize(self, latent: np.ndarray) -> bytes:
    (image,) = self._client.synthesize(latent[np.newaxis])
    self._require_picture(image)
    return image

  def _require_picture(self, data: bytes) -> None:
    """Whatever a server sends is published: it must be a picture of the checkpoint's size."""
    side = self._resolution
    try:
      with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
        size, mode = image.size, image.mode
        image.load()
    except Exception as error:  # Of what is wrong with a file, Pillow raises many kinds.
      raise ServingError(
        f"The model server's answer is no PNG ({type(error).__name__}); look at the server."
      ) from None
    if size != (side, side) or mode not in ("RGB", "L", "RGBA"):
      raise ServingError(
        f"The model server's picture is {size[0]} x {size[1]} ({mode}), the checkpoint's {side} x "
        f"{side}: export the checkpoint that the gateway was started with."
      )

  def check(self) -> None:
    if not self._client.available():
      raise ServingError("The model server does not answer, or has not loaded the model.")

  def close(self) -> None:
    self._client.close()


@contextlib.contextmanager
def _as_serving_error() -> Iterator[None]:
  """TensorFlow's own failures (memory above all) as a model that cannot serve now."""
  try:
    yield
  except tf.errors.OpError as error:
    # Its message may hold values of tensors.
    raise ServingError(f"The model failed ({type(error).__name__}).") from None
