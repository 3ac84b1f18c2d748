"""A second recognizer, independent of dlib: `faceres`, a MobileNet that names 1,024 features of a face.

Savchenko, "Efficient facial representations for age, gender and identity recognition in organizing
photo albums", 2019; published in the npm package `@vladmandic/human` (MIT) as a TensorFlow.js graph.
Get its two files, which are not part of this package, into the cache folder:

    npm pack @vladmandic/human@3.3.6
    tar xzf vladmandic-human-3.3.6.tgz package/models/faceres.json package/models/faceres.bin
    mkdir -p ~/.cache/privai_tf/recognizers && mv package/models/faceres.* ~/.cache/privai_tf/recognizers

(or name another folder: `faceres:FOLDER`). They are read as data, under their SHA-256; the graph is a
list of thirteen known operations, which are computed by TensorFlow's own. Nothing foreign runs.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from privai_tf.attributes.scorers.packaged import cropped
from privai_tf.errors import CheckpointError, ConfigurationError
from privai_tf.evaluation.recognition.recognizer import Recognizer
from privai_tf.runtime import outside
from privai_tf.runtime.cache import cache_base
from privai_tf.runtime.files import shown

FILES = {
  "faceres.json": "5b83d49c0385d2e68a05122441b94226313677cae9fcc40b9587ad50079eb4df",
  "faceres.bin": "2c7d2d62b76c97528b736527aa09d310ea71743c9e3e79fb6c62d4b2d73af79b",
}
FEATURES, GENDER = "global_pooling/Mean", "gender_pred/Sigmoid"
_REMEDY = "get it again: npm pack @vladmandic/human@3.3.6"
_BATCH = 16
# Its makers cut 1.4 times a detector's box out of a photo; in aligned pictures that lies here.
_BOX = (0.1, 0.1, 0.9, 0.9)


def faceres_recognizer(place: str) -> Recognizer:
  """Pictures of aligned faces -> float32 [n, 1024].

  Args:
    place: the folder with its two files; "": `recognizers` in the cache folder.

  Raises:
    ConfigurationError: if they are not there.
    CheckpointError: if they are others.
  """
  graph = Faceres(*_read(place))
  return Recognizer("faceres", lambda images: graph(images, FEATURES))


class Faceres:
  """The graph.

  Args:
    nodes: of the topology, in an order in which they can be computed.
    weights: by name.
  """

  def __init__(self, nodes: list[dict[str, Any]], weights: dict[str, np.ndarray]):
    self._nodes, self._weights = nodes, weights
    self._functions: dict[str, Any] = {}

  def __call__(self, images: np.ndarray, output: str) -> np.ndarray:
    """One of its outputs for aligned faces [n, R, R, 3] in [-1, 1], float32 [n, ...]."""
    import tensorflow as tf

    if output not in self._functions:
      signature = [tf.TensorSpec([None, 224, 224, 3], tf.float32)]
      self._functions[output] = tf.function(
        lambda pixels: self._computed(pixels, output), input_signature=signature, autograph=False
      )
    (pixels,) = cropped(images, _BOX, (224,))
    parts = [
      self._functions[output](pixels[start : start + _BATCH].astype(np.float32)).numpy()
      for start in range(0, len(pixels), _BATCH)
    ]
    return np.concatenate(parts)

  def _computed(self, pixels: Any, output: str) -> Any:
    values: dict[str, Any] = {}
    for node in self._nodes:
      name, operation = node["name"], node["op"]
      if operation == "Placeholder":
        values[name] = pixels
      elif operation == "Const":
        values[name] = self._weights[name]
      else:
        inputs = [values[source] for source in node["input"]]
        values[name] = _OPERATIONS[operation](node.get("attr", {}), *inputs)
      if name == output:
        return values[name]
    raise CheckpointError(f"faceres has no output {output}; {_REMEDY}.")


def _convolution(attributes: dict[str, Any], x: Any, kernel: Any) -> Any:
  import tensorflow as tf

  return tf.nn.conv2d(x, kernel, _strides(attributes), "SAME")


def _depthwise(attributes: dict[str, Any], x: Any, kernel: Any) -> Any:
  import tensorflow as tf

  return tf.nn.depthwise_conv2d(x, kernel, _strides(attributes), "SAME")


def _dense(attributes: dict[str, Any], x: Any, kernel: Any, bias: Any) -> Any:
  import tensorflow as tf

  x = tf.matmul(x, kernel) + bias
  return tf.nn.relu(x) if len(attributes["fused_ops"]["list"]["s"]) == 2 else x


def _strides(attributes: dict[str, Any]) -> list[int]:
  return [int(stride) for stride in attributes["strides"]["list"]["i"]]


def _tf(name: str) -> Any:
  def compute(attributes: dict[str, Any], *inputs: Any) -> Any:
    import tensorflow as tf

    return (
      getattr(tf, name)(*inputs)
      if name in ("maximum", "minimum")
      else getattr(tf.nn, name)(*inputs)
    )

  return compute


_OPERATIONS = {
  "Add": lambda attributes, x, y: x + y,
  "Mul": lambda attributes, x, y: x * y,
  "Maximum": _tf("maximum"),
  "Minimum": _tf("minimum"),
  "Relu": _tf("relu"),
  "Sigmoid": _tf("sigmoid"),
  "Softmax": _tf("softmax"),
  "Conv2D": _convolution,
  "DepthwiseConv2dNative": _depthwise,
  "_FusedMatMul": _dense,
  "Mean": lambda attributes, x, axes: _mean(x, axes),
}


def _mean(x: Any, axes: np.ndarray) -> Any:
  import tensorflow as tf

  return tf.reduce_mean(x, axis=[int(axis) for axis in axes])


def _read(place: str) -> tuple[list[dict[str, Any]], dict[str, np.ndarray]]:
  """Nodes and weights, of the pinned files only."""
  folder = Path(place) if place else cache_base() / "recognizers"
  contents = {}
  for name, digest in FILES.items():
    if not (folder / name).is_file():
      raise ConfigurationError(
        f"The recognizer faceres needs {name} in {shown(folder)}: npm pack @vladmandic/human@3.3.6, and "
        "put it there from package/models"
      )
    contents[name] = outside.read_bytes(folder / name, CheckpointError, _REMEDY)
    if hashlib.sha256(contents[name]).hexdigest() != digest:
      raise CheckpointError(f"{shown(folder / name)} has another SHA-256; {_REMEDY}.")
  model = json.loads(contents["faceres.json"])
  return model["modelTopology"]["node"], _weights(model["weightsManifest"], contents["faceres.bin"])


def _weights(manifest: list[dict[str, Any]], data: bytes) -> dict[str, np.ndarray]:
  """The arrays by name; halves are stored for floats."""
  weights, start = {}, 0
  for entry in (entry for group in manifest for entry in group["weights"]):
    stored = np.dtype("<f2" if "quantization" in entry else "<i4")
    count = int(np.prod(entry["shape"], dtype=np.int64))
    values = np.frombuffer(data, stored, count, start).reshape(entry["shape"])
    weights[entry["name"]] = values.astype(np.float32 if stored == "<f2" else np.int32)
    start += values.nbytes
  return weights
