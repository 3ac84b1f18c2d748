"""A stand-in for TensorFlow's model server, for tests: its protocol, its merging of requests.

No `tensorflow_model_server` binary was to be had. The messages and services are the real ones of
`tensorflow-serving-api`; the model is what `tf.saved_model.load` gives, and nothing of `privai_tf` is
imported. It can be run by hand:

  python tests/serving/server.py models/avatars --port=8500 --rest_port=8501
"""

import argparse
import concurrent.futures
import contextlib
import importlib.util
import pathlib
import re
import threading
import time

import grpc
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_serving.apis import (
  get_model_metadata_pb2,
  get_model_status_pb2,
  model_service_pb2_grpc,
  predict_pb2,
  prediction_log_pb2,
  prediction_service_pb2_grpc,
)

_POLL = 0.002


def sibling(name):
  """A module beside this file."""
  path = pathlib.Path(__file__).with_name(f"{name}.py")
  spec = importlib.util.spec_from_file_location(f"serving_{name}", path)
  module = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(module)
  return module


merging = sibling("merging")
Refused = merging.Refused


class Model:
  """The newest version in a folder, with a batcher for each signature."""

  def __init__(self, base):
    self.base = pathlib.Path(base)
    self.name = self.base.name
    self.version = max(int(path.name) for path in self.base.iterdir() if path.name.isdigit())
    self.folder = self.base / str(self.version)
    self.loaded = tf.saved_model.load(str(self.folder))
    batching = (self.base / "batching_parameters.txt").read_text()
    (largest,) = re.findall(r"^max_batch_size { value: (\d+) }", batching, re.MULTILINE)
    sizes = [
      int(size) for size in re.findall(r"^allowed_batch_sizes: (\d+)", batching, re.MULTILINE)
    ]
    self.batchers = {
      name: merging.Batcher(function, int(largest), sizes)
      for name, function in self.loaded.signatures.items()
    }

  def specs(self, signature):
    """By input name, its `tf.TensorSpec`."""
    return self.loaded.signatures[signature].structured_input_signature[1]

  def predict(self, name, version, signature, inputs):
    """Outputs of one request, arrays in and out."""
    if name != self.name or version not in (None, self.version):
      raise Refused("NOT_FOUND", f"Servable not found for request: {name} {version or 'latest'}")
    if signature not in self.batchers:
      raise Refused("INVALID_ARGUMENT", f"Serving signature name: {signature!r} not found")
    if set(inputs) != set(self.specs(signature)):
      raise Refused("INVALID_ARGUMENT", f"inputs {sorted(inputs)} are not the signature's")
    return self.batchers[signature].run(inputs)

  def replay_warmup(self):
    """Runs the warm-up file as a server does when it loads; returns how many requests it holds."""
    path = self.folder / "assets.extra" / "tf_serving_warmup_requests"
    count = 0
    for record in tf.data.TFRecordDataset([str(path)]).as_numpy_iterator():
      request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
      inputs = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
      self.predict(request.model_spec.name, None, request.model_spec.signature_name, inputs)
      count += 1
    return count

  def close(self):
    for batcher in self.batchers.values():
      batcher.close()


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
  """Predict and GetModelMetadata."""

  def __init__(self, model):
    self._model = model

  def Predict(self, request, context):
    spec = request.model_spec
    version = spec.version.value if spec.HasField("version") else None
    inputs = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
    answer = predict_pb2.PredictResponse(model_spec=spec)
    try:
      outputs = self._model.predict(spec.name, version, spec.signature_name, inputs)
    except Refused as error:
      context.abort(grpc.StatusCode[error.code], str(error))
    for name, value in outputs.items():
      # As fields, like the real server; requests carry raw content.
      answer.outputs[name].CopyFrom(tf.make_tensor_proto(value))
    return answer

  def GetModelMetadata(self, request, context):
    data = (self._model.folder / "saved_model.pb").read_bytes()
    saved = saved_model_pb2.SavedModel.FromString(data)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    for name, signature in saved.meta_graphs[0].signature_def.items():
      signatures.signature_def[name].CopyFrom(signature)
    answer = get_model_metadata_pb2.GetModelMetadataResponse(model_spec=request.model_spec)
    answer.metadata["signature_def"].Pack(signatures)
    return answer


class ModelService(model_service_pb2_grpc.ModelServiceServicer):
  """GetModelStatus."""

  def __init__(self, model):
    self._model = model

  def GetModelStatus(self, request, context):
    if request.model_spec.name != self._model.name:
      context.abort(grpc.StatusCode.NOT_FOUND, "Could not find any versions of model")
    state = get_model_status_pb2.ModelVersionStatus
    version = state(version=self._model.version, state=state.AVAILABLE)
    return get_model_status_pb2.GetModelStatusResponse(model_version_status=[version])


class ModelServer:
  """Both protocols for one model, on this machine's own address; port 0 picks a free one."""

  def __init__(self, base, port=0, rest_port=0):
    self.model = Model(base)
    self._grpc = grpc.server(concurrent.futures.ThreadPoolExecutor(32))
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
      PredictionService(self.model), self._grpc
    )
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(ModelService(self.model), self._grpc)
    self.grpc_address = f"127.0.0.1:{self._grpc.add_insecure_port(f'127.0.0.1:{port}')}"
    self._grpc.start()
    self._rest = sibling("rest_server").start(self.model, Refused, rest_port)
    self.rest_address = f"127.0.0.1:{self._rest.server_address[1]}"

  @contextlib.contextmanager
  def one_batch_of(self, signature, count):
    """Holds requests of a signature back until so many wait, so that they form one batch."""
    batcher = self.model.batchers[signature]
    with batcher.held():
      yield batcher
      while batcher.waiting < count:
        time.sleep(_POLL)

  def close(self):
    self._grpc.stop(0).wait()
    self._rest.shutdown()
    self._rest.server_close()
    self.model.close()


def main():
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument("base", help="folder of the model's versions")
  parser.add_argument("--port", type=int, default=8500)
  parser.add_argument("--rest_port", type=int, default=8501)
  options = parser.parse_args()
  server = ModelServer(options.base, options.port, options.rest_port)
  print(f"{server.model.replay_warmup()} warm-up requests run.")
  print(f"gRPC on {server.grpc_address}, REST on {server.rest_address}; Ctrl-C ends.", flush=True)
  with contextlib.suppress(KeyboardInterrupt):
    threading.Event().wait()
  server.close()


if __name__ == "__main__":
  main()
