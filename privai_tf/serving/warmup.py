"""Warm-up requests: a server runs them when it loads the model, so that the first client waits less.

TensorFlow Serving reads them from `assets.extra/tf_serving_warmup_requests`, records of
`PredictionLog`. They hold public values only: mean codes, a grey picture.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

WARMUP_FILE = "assets.extra/tf_serving_warmup_requests"


def write_warmup(
  folder: Path,
  model: str,
  signatures: Mapping[str, Any],
  example: Mapping[str, Any],
  batch_sizes: Sequence[int],
) -> None:
  """Writes one request for each signature and batch size.

  Args:
    folder: of the saved model.
    model: its name on the server.
    signatures: concrete functions by name.
    example: by input name, the value of one row.
    batch_sizes: rows of a request.
  """
  import tensorflow as tf

  path = folder / WARMUP_FILE
  path.parent.mkdir(parents=True, exist_ok=True)
  with tf.io.TFRecordWriter(str(path)) as writer:
    for name, function in signatures.items():
      specs = tf.nest.flatten(function.structured_input_signature)
      inputs = {spec.name: example[spec.name] for spec in specs}
      for size in batch_sizes:
        writer.write(_record(model, name, inputs, size).SerializeToString())


def _record(model: str, signature: str, inputs: Mapping[str, Any], size: int) -> Any:
  from tensorflow_serving.apis import prediction_log_pb2

  from privai_tf.serving.tensors import fill_tensor

  record = prediction_log_pb2.PredictionLog()
  request = record.predict_log.request
  request.model_spec.name = model
  request.model_spec.signature_name = signature
  for key, value in inputs.items():
    column = np.empty(size, object) if isinstance(value, bytes) else None
    if column is None:
      column = np.repeat(np.asarray(value)[np.newaxis], size, axis=0)
    else:
      column[:] = [value] * size
    fill_tensor(request.inputs[key], column)
  return record


def example_rows(generator: Any, latent_space: str, attributes: Sequence[str]) -> dict[str, Any]:
  """One row of public values for every input of the signatures."""
  import tensorflow as tf

  side, channels = generator.resolution, generator.num_channels
  grey = np.full((side, side, channels), 128, np.uint8)
  return {
    "latents": generator.mean_latent(latent_space).astype(np.float32),
    "image_bytes": tf.io.encode_png(grey).numpy(),
    "attribute": (attributes[0] if attributes else "").encode(),
    "epsilon": np.float32(1.0),
  }
