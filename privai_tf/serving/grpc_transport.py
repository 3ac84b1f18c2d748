"""Requests to a model server by gRPC, in TensorFlow Serving's own messages."""

from typing import Any

import numpy as np

from privai_tf.errors import ConfigurationError
from privai_tf.serving.errors import ServingError
from privai_tf.serving.transport import MOST_BYTES, STATUS_SECONDS, Arrays, failure

_AVAILABLE = 30  # ModelVersionStatus.State


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
      ("grpc.max_receive_message_length", MOST_BYTES),
      ("grpc.max_send_message_length", MOST_BYTES),
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
    response = self._call(self._predict, request, self._timeout)
    try:
      return {name: read_tensor(tensor) for name, tensor in response.outputs.items()}
    except ValueError as error:
      raise failure(self._place, "INTERNAL", f"answered what cannot be read: {error}") from error

  def available(self) -> bool:
    request = self._messages.GetModelStatusRequest()
    self._fill_model(request.model_spec)
    try:
      response = self._call(self._status, request, min(self._timeout, STATUS_SECONDS))
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

  def _call(self, method: Any, request: Any, seconds: float) -> Any:
    try:
      return method(request, timeout=seconds)
    except self._grpc.RpcError as error:
      raise failure(self._place, error.code().name, error.details() or "") from error
