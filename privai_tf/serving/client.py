"""A client of an exported model on TensorFlow Serving, by gRPC or REST. Imports no TensorFlow.

with ServingClient("localhost:8500", "avatars") as client:
  latents = client.encode([png])
  pictures = client.synthesize(latents)
"""

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import Self

import numpy as np

from privai_tf.artifacts import Guarantee
from privai_tf.errors import ConfigurationError, InputError
from privai_tf.serving.errors import ServingError
from privai_tf.serving.transport import Arrays
from privai_tf.serving.transports import make_transport

# The outputs that describe a release, besides the release itself.
# Served releases are simulations: they state no relation, which only a ledger asks for.
GUARANTEE_FIELDS = tuple(
  field.name for field in dataclasses.fields(Guarantee) if field.default is dataclasses.MISSING
)


@dataclasses.dataclass(frozen=True)
class ServedImage:
  """One image of `ServingClient.privatize`.

  Attributes:
    image: a PNG.
    grade: "simulation": the server's noise is floating point, which gives no guarantee.
    guarantee: what the release counts as; `private` is False.
  """

  image: bytes
  grade: str
  guarantee: Guarantee


@dataclasses.dataclass(frozen=True, eq=False)
class ServedLatents:
  """The answer of `ServingClient.privatize_latents`.

  Attributes:
    latents: float32 [n, d] or [n, L, d].
    grade: "simulation", see `ServedImage`.
    guarantees: one for each row.
  """

  latents: np.ndarray
  grade: str
  guarantees: list[Guarantee]


class ServingClient:
  """Calls the signatures of a model that `privai_tf.export` exported; safe to share among threads."""

  def __init__(
    self,
    address: str,
    model: str,
    protocol: str = "grpc",
    timeout: float = 60.0,
    *,
    version: int | None = None,
    batch_size: int = 8,
    tls: bool = False,
  ):
    """Connects; an absent server is noticed at the first call.

    Args:
      address: HOST:PORT; the server's usual ports are 8500 for gRPC, 8501 for REST.
      model: the name that the server knows it by.
      protocol: "grpc" or "rest".
      timeout: seconds that one request may take.
      version: of the model; None: the newest that the server has loaded.
      batch_size: images in one request, at most the server's `max_batch_size` (64 as exported).
      tls: whether to encrypt (a proxy's or the server's certificate must be a known one). Photos
        and latents are private: without it they belong on a network of your own.

    Raises:
      ConfigurationError: if an argument cannot be used.
    """
    if not (0 < timeout < math.inf) or batch_size < 1:
      raise ConfigurationError(
        f"timeout is {timeout} and batch_size {batch_size}; both must be positive."
      )
    self._transport = make_transport(protocol, address, model, version, timeout, tls)
    self._batch_size = batch_size
    self._place = f"Model server {address} (model {model})"

  def __enter__(self) -> Self:
    return self

  def __exit__(self, *_: object) -> None:
    self.close()

  def close(self) -> None:
    """Gives the connection back."""
    self._transport.close()

  def available(self) -> bool:
    """Whether the server answers and has the model loaded; never raises."""
    return self._transport.available()

  def encode(self, images: Sequence[bytes]) -> np.ndarray:
    """Aligned faces -> latents, by the exported encoder.

    Args:
      images: whole PNG or JPEG files of aligned faces.

    Returns:
      float32 [n, d] or [n, L, d].

    Raises:
      ServingError: if the server cannot be reached, refuses, or has no encoder.
    """
    parts = self._batches("encode", {"image_bytes": _strings(images)})
    return np.concatenate([_real(self._column(part, "latents")) for part in parts])

  def synthesize(self, latents: np.ndarray) -> list[bytes]:
    """Latents -> images.

    Args:
      latents: [n, d] or [n, L, d], of the space that was exported.

    Returns:
      PNG files.

    Raises:
      ServingError: see `encode`.
    """
    parts = self._batches("synthesize", {"latents": _latents(latents)})
    return [image for part in parts for image in self._column(part, "image_bytes")]

  def privatize(
    self, images: Sequence[bytes], attribute: str | Sequence[str], epsilon: float | Sequence[float]
  ) -> list[ServedImage]:
    """Encodes, adds noise on the server and synthesizes: simulation grade, never a real release.

    Args:
      images: see `encode`.
      attribute: which exported attribute to hide; one for all, or one for each image.
      epsilon: likewise.

    Raises:
      InputError: if an epsilon is not positive and finite.
      ServingError: see `encode`; also for an attribute or epsilon that was not exported.
    """
    inputs = {"image_bytes": _strings(images), **_asked(len(images), attribute, epsilon)}
    return [
      ServedImage(image, grade, guarantee)
      for part in self._batches("privatize", inputs)
      for image, grade, guarantee in zip(
        self._column(part, "image_bytes"), *self._guarantees(part), strict=True
      )
    ]

  def privatize_latents(
    self, latents: np.ndarray, attribute: str | Sequence[str], epsilon: float | Sequence[float]
  ) -> ServedLatents:
    """Adds noise on the server: simulation grade, never a real release; see `privatize`.

    Args:
      latents: [n, d] or [n, L, d], of the space that was exported.
      attribute: which exported attribute to hide; one for all, or one for each row.
      epsilon: likewise.
    """
    latents = _latents(latents)
    inputs = {"latents": latents, **_asked(len(latents), attribute, epsilon)}
    parts = list(self._batches("privatize_latents", inputs))
    graded = [self._guarantees(part) for part in parts]
    return ServedLatents(
      latents=np.concatenate([_real(self._column(part, "latents")) for part in parts]),
      grade=graded[0][0][0],
      guarantees=[guarantee for _, guarantees in graded for guarantee in guarantees],
    )

  def predict(self, signature: str, inputs: Arrays) -> dict[str, np.ndarray]:
    """Runs any signature in one request; strings are object arrays of bytes.

    With REST a signature's only output is named "".
    """
    return self._transport.predict(signature, inputs)

  def _batches(self, signature: str, inputs: Arrays) -> Iterator[dict[str, np.ndarray]]:
    count = len(next(iter(inputs.values())))
    if count == 0:
      raise InputError("There is nothing to send; give at least one image or latent code.")
    for start in range(0, count, self._batch_size):
      rows = slice(start, start + self._batch_size)
      yield self.predict(signature, {name: values[rows] for name, values in inputs.items()})

  def _column(self, outputs: dict[str, np.ndarray], name: str) -> np.ndarray:
    if name not in outputs and "" in outputs:
      name = ""
    if name not in outputs:
      raise ServingError(
        f"{self._place}: answered without {name!r}; export the model with this version.", "INTERNAL"
      )
    return outputs[name]

  def _guarantees(self, outputs: dict[str, np.ndarray]) -> tuple[list[str], list[Guarantee]]:
    columns = [self._column(outputs, name).tolist() for name in GUARANTEE_FIELDS]
    grades = [value.decode() for value in self._column(outputs, "grade")]
    return grades, [Guarantee(*map(_plain, row)) for row in zip(*columns, strict=True)]


def _plain(value: object) -> object:
  """A field as `Guarantee` has it: text for bytes, None for the NaN of what there is not."""
  if isinstance(value, bytes):
    return value.decode()
  return None if isinstance(value, float) and math.isnan(value) else value


def _real(values: np.ndarray) -> np.ndarray:
  return np.array(values, np.float32)


def _latents(latents: np.ndarray) -> np.ndarray:
  latents = np.asarray(latents, np.float32)
  if latents.ndim not in (2, 3) or not np.isfinite(latents).all():
    raise InputError(
      f"Latents of shape {list(latents.shape)} must be [n, d] or [n, L, d] and finite numbers."
    )
  return latents


def _strings(values: Sequence[bytes]) -> np.ndarray:
  if isinstance(values, bytes | str):
    raise InputError("Give a list of files' contents, not one file's.")
  array = np.empty(len(values), object)
  array[:] = [bytes(value) for value in values]
  return array


def _asked(
  count: int, attribute: str | Sequence[str], epsilon: float | Sequence[float]
) -> dict[str, np.ndarray]:
  """The two columns that say what is asked for, refused early if the server would refuse them."""
  attributes = [attribute] * count if isinstance(attribute, str) else list(attribute)
  epsilons = np.broadcast_to(np.asarray(epsilon, np.float32), (count,))
  if len(attributes) != count:
    raise InputError(f"{len(attributes)} attributes for {count} rows; give one, or one for each.")
  wrong = epsilons[~(np.isfinite(epsilons) & (epsilons > 0))]
  if wrong.size:
    raise InputError(f"epsilon is {wrong[0]}: give a positive number such as 1.0.")
  return {
    "attribute": _strings([name.encode() for name in attributes]),
    "epsilon": np.array(epsilons),
  }
