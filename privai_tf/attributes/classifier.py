"""A small convolutional network that reads the five attributes from a face.

It measures what edits and noise do to an attribute. The shipped one knows avatars, not photos.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from privai_tf.errors import CheckpointError, InputError
from privai_tf.runtime.files import make_folder, shown, write_bytes, write_json

ATTRIBUTES = ("age", "eyeglasses", "gender", "pose", "smile")
_FOLDER = Path(__file__).resolve().parents[2] / "checkpoints"
_CONFIG_FILE, _WEIGHTS_FILE = "classifier.json", "weights.safetensors"
_FORMAT = "privai_tf attribute classifier"
_BATCH = 64


def build_network(resolution: int, channels: tuple[int, ...], outputs: int):
  """Convolutions of stride 2, then a dense layer that keeps places apart (a turn moves things).

  Args:
    resolution: width and height R of its input.
    channels: of each convolution.
    outputs: attributes.

  Returns:
    A Keras model: [N, R, R, 3] in [-1, 1] -> logits [N, outputs].
  """
  import keras

  layers = [keras.Input((resolution, resolution, 3))]
  for index, count in enumerate(channels):
    layers.append(keras.layers.Conv2D(count, 3, strides=2, padding="same", name=f"conv{index}"))
    layers.append(keras.layers.LeakyReLU(0.2, name=f"activation{index}"))
  layers.append(keras.layers.Flatten(name="flatten"))
  layers.append(keras.layers.Dropout(0.2, seed=0, name="dropout"))
  layers.append(keras.layers.Dense(outputs, name="logits"))
  return keras.Sequential(layers, name="attributes")


class AttributeClassifier:
  """Images -> probabilities of attributes.

  Attributes:
    attributes: their names, in the order of the columns.
    resolution: that the network works at; other images are resized.
    provenance: how it was made (JSON values).
  """

  def __init__(self, network, attributes: tuple[str, ...], provenance: dict[str, Any]):
    self.network = network
    self.attributes = tuple(attributes)
    self.resolution = network.input_shape[1]
    self.provenance = dict(provenance)

  def logits(self, images: np.ndarray) -> np.ndarray:
    """Log odds, which do not saturate as probabilities do.

    Args:
      images: [N, R, R, 3] in [-1, 1]; values outside are clipped.

    Returns:
      float32 [N, attributes].

    Raises:
      InputError: if the images have another shape.
    """
    import tensorflow as tf

    images = np.asarray(images, np.float32)
    if images.ndim != 4 or images.shape[-1] != 3:
      raise InputError(f"Images have shape {list(images.shape)}; they must be [N, R, R, 3].")
    outputs = [np.zeros((0, len(self.attributes)), np.float32)]
    for start in range(0, len(images), _BATCH):
      batch = tf.clip_by_value(images[start : start + _BATCH], -1.0, 1.0)
      if batch.shape[1:3] != (self.resolution, self.resolution):
        batch = tf.image.resize(batch, (self.resolution, self.resolution), antialias=True)
      outputs.append(self.network(batch, training=False).numpy())
    return np.concatenate(outputs)

  def probabilities(self, images: np.ndarray) -> np.ndarray:
    """Probability that each attribute is present, float32 [N, attributes]; see `logits`."""
    return 1 / (1 + np.exp(-self.logits(images)))

  def save(self, folder: str | os.PathLike) -> None:
    """Writes `classifier.json` and `weights.safetensors`.

    Raises:
      OutputError: if the folder cannot be written.
    """
    from safetensors.numpy import save

    folder = make_folder(folder)
    weights = {
      f"{layer.name}/{kind}": np.ascontiguousarray(values, np.float32)
      for layer in self.network.layers
      for kind, values in zip(("kernel", "bias"), layer.get_weights(), strict=False)
    }
    data = save(weights, metadata={"format": _FORMAT})
    write_bytes(folder / _WEIGHTS_FILE, data)
    convolutions = [layer for layer in self.network.layers if layer.name.startswith("conv")]
    values = {
      "format": _FORMAT,
      "attributes": list(self.attributes),
      "resolution": self.resolution,
      "channels": [layer.filters for layer in convolutions],
      "weights_sha256": hashlib.sha256(data).hexdigest(),
      "provenance": self.provenance,
    }
    write_json(folder / _CONFIG_FILE, values)


def load_classifier(path_or_name: str | os.PathLike = "avatars") -> AttributeClassifier:
  """Loads a classifier.

  Args:
    path_or_name: a folder that `AttributeClassifier.save` wrote, or the name of the checkpoint
      whose images it reads: "avatars".

  Raises:
    CheckpointError: if there is none, or it is damaged.
  """
  folder = Path(path_or_name)
  if not (folder / _CONFIG_FILE).is_file():
    folder = _FOLDER / f"{path_or_name}_classifier"
  try:
    values = json.loads((folder / _CONFIG_FILE).read_text(encoding="utf-8"))
    data = (folder / _WEIGHTS_FILE).read_bytes()
  except OSError as error:
    raise CheckpointError(
      f"No attribute classifier '{shown(path_or_name)}' ({error.strerror}): name a folder with "
      f"{_CONFIG_FILE} and {_WEIGHTS_FILE}, or 'avatars'."
    ) from None
  except ValueError as error:
    raise CheckpointError(
      f"{shown(folder / _CONFIG_FILE)} is not JSON ({error}); train the classifier again."
    ) from None
  return _from_files(folder, values, data)


def _from_files(folder: Path, values: Any, data: bytes) -> AttributeClassifier:
  from safetensors.numpy import load

  damaged = CheckpointError(
    f"{shown(folder)} is not an attribute classifier, or is damaged; train it again."
  )
  if not isinstance(values, dict) or values.get("format") != _FORMAT:
    raise damaged
  if hashlib.sha256(data).hexdigest() != values.get("weights_sha256"):
    raise damaged
  attributes = tuple(values["attributes"])
  network = build_network(values["resolution"], tuple(values["channels"]), len(attributes))
  weights = load(data)
  for layer in network.layers:
    if layer.weights:
      layer.set_weights([weights[f"{layer.name}/{kind}"] for kind in ("kernel", "bias")])
  return AttributeClassifier(network, attributes, values.get("provenance") or {})
