"""Requests to a model server as JSON over HTTP; needs the standard library only."""

import base64
import http.client
import json
import math
import time
import urllib.error
import urllib.request
from typing import Any

import numpy as np

from privai_tf.serving.errors import ServingError
from privai_tf.serving.transport import MOST_BYTES, STATUS_SECONDS, Arrays, failure

_CODES = {
  400: "INVALID_ARGUMENT",
  404: "NOT_FOUND",
  408: "DEADLINE_EXCEEDED",
  413: "RESOURCE_EXHAUSTED",
  429: "RESOURCE_EXHAUSTED",
  500: "INTERNAL",
  503: "UNAVAILABLE",
  504: "DEADLINE_EXCEEDED",
}


class RestTransport:
  """The same as JSON over HTTP."""

  def __init__(
    self, address: str, model: str, version: int | None, timeout: float, tls: bool = False
  ):
    """Args: see `ServingClient`."""
    self._place = f"Model server {address} (model {model})"
    self._timeout = timeout
    # Photos go where the caller said, not to a proxy that the environment names.
    self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    at = "" if version is None else f"/versions/{version}"
    self._url = f"http{'s' if tls else ''}://{address}/v1/models/{model}{at}"

  def predict(self, signature: str, inputs: Arrays) -> dict[str, np.ndarray]:
    body = {
      "signature_name": signature,
      "inputs": {name: _to_json(name, values) for name, values in inputs.items()},
    }
    answer = self._call(f"{self._url}:predict", json.dumps(body).encode())
    outputs = answer.get("outputs")
    if outputs is None:
      raise failure(self._place, "INTERNAL", "answered without outputs")
    # A single output comes without its name.
    if not isinstance(outputs, dict):
      outputs = {"": outputs}
    return {name: _from_json(values) for name, values in outputs.items()}

  def available(self) -> bool:
    try:
      answer = self._call(self._url, seconds=STATUS_SECONDS)
      versions = answer.get("model_version_status", [])
    except ServingError:
      return False
    return any(version.get("state") == "AVAILABLE" for version in versions)

  def close(self) -> None:
    pass

  def _call(self, url: str, body: bytes | None = None, seconds: float = math.inf) -> dict[str, Any]:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    seconds = min(seconds, self._timeout)
    deadline = time.monotonic() + seconds
    try:
      with self._opener.open(request, timeout=seconds) as response:
        data = _read(response, deadline)
    except urllib.error.HTTPError as error:
      code = _CODES.get(error.code, "UNKNOWN")
      raise failure(self._place, code, _error_text(error.read(65536))) from error
    except TimeoutError as error:
      raise failure(self._place, "DEADLINE_EXCEEDED", "no answer in time") from error
    except (OSError, http.client.HTTPException) as error:
      late = isinstance(getattr(error, "reason", None), TimeoutError)
      code = "DEADLINE_EXCEEDED" if late else "UNAVAILABLE"
      raise failure(self._place, code, str(getattr(error, "reason", error))) from error
    if len(data) > MOST_BYTES:
      raise failure(self._place, "RESOURCE_EXHAUSTED", "the answer is too large")
    try:
      answer = json.loads(data)
    except ValueError as error:
      raise failure(self._place, "INTERNAL", "answered something that is not JSON") from error
    if not isinstance(answer, dict):
      raise failure(self._place, "INTERNAL", "answered JSON of another form")
    return answer


def _read(response: http.client.HTTPResponse, deadline: float) -> bytes:
  """The body, by a deadline: a socket's own time is one piece's, and some send a byte at a time."""
  data = bytearray()
  while len(data) <= MOST_BYTES and (piece := response.read1(1 << 20)):
    data += piece
    if time.monotonic() > deadline:
      raise TimeoutError
  return bytes(data)


def _to_json(name: str, values: np.ndarray) -> Any:
  """A column of the request; TensorFlow Serving tells binary strings by the end of their name."""
  if values.dtype != object:
    return values.tolist()
  if name.endswith("_bytes"):
    return [{"b64": base64.b64encode(value).decode()} for value in values]
  return [value.decode() for value in values]


def _from_json(values: Any) -> np.ndarray:
  """A column of the answer; strings and {"b64": ...} become bytes."""
  first = values[0] if isinstance(values, list) and values else values
  if isinstance(first, dict):
    return _bytes_array([base64.b64decode(value["b64"]) for value in values])
  if isinstance(first, str):
    return _bytes_array([value.encode() for value in values])
  return np.asarray(values)


def _bytes_array(values: list[bytes]) -> np.ndarray:
  array = np.empty(len(values), object)
  array[:] = values
  return array


def _error_text(data: bytes) -> str:
  try:
    return str(json.loads(data)["error"])
  except (ValueError, KeyError, TypeError):
    return data.decode("utf-8", "replace")
