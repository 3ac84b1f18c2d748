"""How a request travels to a model server: by gRPC or as JSON. Neither imports TensorFlow."""

import re
from collections.abc import Mapping
from typing import Protocol

import numpy as np

from privai_tf.serving.errors import ServingError

Arrays = Mapping[str, np.ndarray]
MOST_BYTES = 256 << 20
STATUS_SECONDS = 5.0  # What "is the model there" may take: nothing is computed for it.
_REMEDIES = {
  "UNAVAILABLE": "check the address and that the server runs, or try again later",
  "DEADLINE_EXCEEDED": "raise timeout, or send fewer images at a time",
  "NOT_FOUND": "check the model's name and version",
  "RESOURCE_EXHAUSTED": "send fewer images at a time, or try again later",
}


class Transport(Protocol):
  """One way to a model server."""

  def predict(self, signature: str, inputs: Arrays) -> dict[str, np.ndarray]:
    """Runs a signature; strings travel as object arrays of bytes."""

  def available(self) -> bool:
    """Whether the server answers and has the model loaded."""

  def close(self) -> None:
    """Gives the connection back."""


def failure(place: str, code: str, detail: str) -> ServingError:
  """The one-line error for what a server answered."""
  # TensorFlow wraps the words of a graph's own checks in where they stand in the graph.
  check = re.search(r"assertion failed: \[(.+?)\]\s*(?:\[|$)", detail)
  line = " ".join((check[1] if check else detail).split())[:400].rstrip(".") or code
  remedy = _REMEDIES.get(code)
  return ServingError(f"{place}: {line}{f'; {remedy}' if remedy else ''}.", code)
<<<<<<< HEAD
=======


def make_transport(
  protocol: str, address: str, model: str, version: int | None, timeout: float, tls: bool
) -> Transport:
  """The transport of a protocol's name.

  Args:
    protocol: "grpc" or "rest".
    address: HOST:PORT.
    model: its name on the server.
    version: of the model; None: whichever the server serves by default.
    timeout: for an answer, in seconds.
    tls: whether the server is spoken to by TLS.

  Raises:
    ConfigurationError: for another name, an address with a scheme or path, or gRPC without its
      packages.
  """
  if "/" in address or not address:
    raise ConfigurationError(f"The address is {address!r}; give HOST:PORT, and tls=True for TLS.")
  if protocol == "grpc":
    from privai_tf.serving.grpc_transport import GrpcTransport

    return GrpcTransport(address, model, version, timeout, tls)
  if protocol == "rest":
    from privai_tf.serving.rest_transport import RestTransport

    return RestTransport(address, model, version, timeout, tls)
  raise ConfigurationError(f"protocol is {protocol!r}; use 'grpc' or 'rest'.")
>>>>>>> wt-docsb
