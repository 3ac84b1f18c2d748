"""A face recognition network that anybody can get: `faceres`, a MobileNet of 1,024 features of a face.

Savchenko, "Efficient facial representations for age, gender and identity recognition in organizing
photo albums", 2019; published in the npm package `@vladmandic/human` (MIT) as a TensorFlow.js graph.
Its two files are not part of this package:

    python -m converters --download=faceres

puts them into the cache folder. They are read as data, under their SHA-256; the graph is a list of
thirteen known operations, which are computed by TensorFlow's own. Nothing foreign runs.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from privai_tf.errors import CheckpointError, ConfigurationError
from privai_tf.runtime import outside
from privai_tf.runtime.cache import cache_base
from privai_tf.runtime.files import shown

FILES = {
  "faceres.json": "5b83d49c0385d2e68a05122441b94226313677cae9fcc40b9587ad50079eb4df",
  "faceres.bin": "2c7d2d62b76c97528b736527aa09d310ea71743c9e3e79fb6c62d4b2d73af79b",
}
FEATURES, GENDER = "global_pooling/Mean", "gender_pred/Sigmoid"
FETCHED_BY = "python -m converters --download=faceres"
_REMEDY = f"get it again: {FETCHED_BY}"
# Its makers cut 1.4 times a detector's box out of a photo; in aligned pictures that lies here.
BOX = (0.1, 0.1, 0.9, 0.9)
SIDE = 224


class Faceres:
  """The graph.

  Args:
    nodes: of the topology, in an order in which they can be computed.
    weights: by name.
  """

  def __init__(self, nodes: list[dict[str, Any]], weights: dict[str, np.ndarray]):
    self._nodes, self._weights = nodes, weights

  def computed(self, pixels: Any, output: str = FEATURES) -> Any:
    """One of its outputs, differentiable in the pixels.

    Args:
      pixels: float32 tensor [n, 224, 224, 3], 0 to 255.
      output: `FEATURES` ([n, 1024]) or `GENDER`.

    Raises:
      CheckpointError: if the graph has no such output.
    """
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


def faceres_at_hand() -> bool:
  """Whether its files are in the cache folder; which ones is looked at when they are read."""
  return all((recognizers_folder() / name).is_file() for name in FILES)


def read_faceres(place: str = "") -> Faceres:
  """Reads the network, of the pinned files only.

  Args:
    place: the folder with its two files; "": `recognizers` in the cache folder.

  Raises:
    ConfigurationError: if they are not there.
    CheckpointError: if they are others.
  """
  folder = Path(place) if place else recognizers_folder()
  contents = {}
  for name, digest in FILES.items():
    if not (folder / name).is_file():
      raise ConfigurationError(
        f"The recognizer faceres needs {name} in {shown(folder)}: {FETCHED_BY}"
      )
    contents[name] = outside.read_bytes(folder / name, CheckpointError, _REMEDY)
    if hashlib.sha256(contents[name]).hexdigest() != digest:
      raise CheckpointError(f"{shown(folder / name)} has another SHA-256; {_REMEDY}.")
  model = json.loads(contents["faceres.json"])
  weights = _weights(model["weightsManifest"], contents["faceres.bin"])
  return Faceres(model["modelTopology"]["node"], weights)


def recognizers_folder() -> Path:
  """Where its files are kept: `recognizers` in the user's cache."""
  return cache_base() / "recognizers"


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
