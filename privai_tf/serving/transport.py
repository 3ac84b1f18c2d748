"""How a request travels to a model server: by gRPC or as JSON. Neither imports TensorFlow."""

import base64
import http.client
import json
import socket
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from privai_tf.errors import ConfigurationError
from privai_tf.serving.errors import ServingError

Arrays = Mapping[str, np.ndarray]
_AVAILABLE = 30
_MOST_BYTES = 256 << 20
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
  line = " ".join(detail.split())[:400].rstrip(".") or code
  remedy = _REMEDIES.get(code)
  return ServingError(f"{place}: {line}{f'; {remedy}' if remedy else ''}.", code)


class GrpcTransport:
  """PredictionService and ModelService by gRPC."""

  def __init__(
    self, address: str, model: str, version: int | None, timeout: float, tls: bool = False
  ):
    """Args: see `ServingClient`."""
    try:
      import grpc

      from privai_tf.serving import messages
    except ImportError as error:
      raise ConfigurationError(
        f"gRPC needs {error.name}: pip install 'privai-tf[serving]', or use protocol 'rest'."
      ) from error

    self._model, self._version, self._timeout = model, version, timeout
    self._place = f"Model server {address} (model {model})"
    self._messages, self._grpc = messages, grpc
    options = [
      ("grpc.max_receive_message_length", _MOST_BYTES),
      ("grpc.max_send_message_length", _MOST_BYTES),
      # Photos go where the caller said, not to a proxy that the environment names.
      ("grpc.enable_http_proxy", 0),
    ]
    if tls:
      self._channel = grpc.secure_channel(address, grpc.ssl_channel_credentials(), options)
    else:
      self._channel = grpc.insecure_channel(address, options)
    self._predict = self._method("PredictionService/Predict", messages.PredictResponse)
    self._status = self._method("ModelService/GetModelStatus", messages.GetModelStatusResponse)

  def predict(self, signature: str, inputs: Arrays) -> dict[str, np.ndarray]:
    from privai_tf.serving.tensors import fill_tensor, read_tensor

    request = self._messages.PredictRequest()
    self._fill_model(request.model_spec)
    request.model_spec.signature_name = signature
    for name, values in inputs.items():
      fill_tensor(request.inputs[name], values)
    response = self._call(self._predict, request)
    try:
      return {name: read_tensor(tensor) for name, tensor in response.outputs.items()}
    except ValueError as error:
      raise failure(self._place, "INTERNAL", f"answered what cannot be read: {error}") from error

  def available(self) -> bool:
    request = self._messages.GetModelStatusRequest()
    self._fill_model(request.model_spec)
    try:
      response = self._call(self._status, request)
    except ServingError:
      return False
    return any(version.state == _AVAILABLE for version in response.model_version_status)

  def close(self) -> None:
    self._channel.close()

  def _method(self, name: str, response: Any) -> Any:
    return self._channel.unary_unary(
      f"/tensorflow.serving.{name}",
      request_serializer=lambda message: message.SerializeToString(),
      response_deserializer=response.FromString,
    )

  def _fill_model(self, model_spec: Any) -> None:
    model_spec.name = self._model
    if self._version is not None:
      model_spec.version.value = self._version

  def _call(self, method: Any, request: Any) -> Any:
    try:
      return method(request, timeout=self._timeout)
    except self._grpc.RpcError as error:
      raise failure(self._place, error.code().name, error.details() or "") from error


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
      versions = self._call(self._url).get("model_version_status", [])
    except ServingError:
      return False
    return any(version.get("state") == "AVAILABLE" for version in versions)

  def close(self) -> None:
    pass

  def _call(self, url: str, body: bytes | None = None) -> dict[str, Any]:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
      with self._opener.open(request, timeout=self._timeout) as response:
        data = response.read(_MOST_BYTES + 1)
    except urllib.error.HTTPError as error:
      code = _CODES.get(error.code, "UNKNOWN")
      raise failure(self._place, code, _error_text(error.read(65536))) from error
    except TimeoutError as error:
      raise failure(self._place, "DEADLINE_EXCEEDED", "no answer in time") from error
    except (OSError, http.client.HTTPException) as error:
      late = isinstance(getattr(error, "reason", None), socket.timeout)
      code = "DEADLINE_EXCEEDED" if late else "UNAVAILABLE"
      raise failure(self._place, code, str(getattr(error, "reason", error))) from error
    if len(data) > _MOST_BYTES:
      raise failure(self._place, "RESOURCE_EXHAUSTED", "the answer is too large")
    try:
      answer = json.loads(data)
    except ValueError as error:
      raise failure(self._place, "INTERNAL", "answered something that is not JSON") from error
    if not isinstance(answer, dict):
      raise failure(self._place, "INTERNAL", "answered JSON of another form")
    return answer


TRANSPORTS = {"grpc": GrpcTransport, "rest": RestTransport}


def make_transport(
  protocol: str, address: str, model: str, version: int | None, timeout: float, tls: bool
) -> Transport:
  """The transport of a protocol's name.

  Raises:
    ConfigurationError: for another name, or an address with a scheme or path.
  """
  if protocol not in TRANSPORTS:
    raise ConfigurationError(f"protocol is {protocol!r}; use one of {', '.join(TRANSPORTS)}.")
  if "/" in address or not address:
    raise ConfigurationError(f"The address is {address!r}; give HOST:PORT, and tls=True for TLS.")
  return TRANSPORTS[protocol](address, model, version, timeout, tls)


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
