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
