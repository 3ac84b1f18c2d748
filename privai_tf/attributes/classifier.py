"""Attribute classifiers of our own: networks that read attributes from a face.

They measure what edits and noise do to an attribute, and score samples for boundaries. The shipped
one is a small convolutional network and knows avatars, not photos; `python -m
privai_tf.train_classifier` trains others.
"""

import hashlib
import itertools
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from privai_tf.attributes.scorers.backbones import (
  SMALL,
  assign_network_weights,
  build_backbone,
  network_weights,
  preprocess,
)
from privai_tf.attributes.scorers.calibration import Calibration
from privai_tf.attributes.scorers.scorer import check_images, columns, odds_to_probabilities
from privai_tf.errors import CheckpointError
from privai_tf.generators.room import require_room
from privai_tf.generators.scale import warn_of_scale
from privai_tf.runtime import outside, search_path
from privai_tf.runtime.files import make_folder, shown, write_bytes, write_json
from privai_tf.shapes import Images

ATTRIBUTES = ("age", "eyeglasses", "gender", "pose", "smile")
CONFIG_FILE, _WEIGHTS_FILE = "classifier.json", "weights.safetensors"
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

  from privai_tf.generators.activations import leaky_relu

  layers = [keras.Input((resolution, resolution, 3))]
  for index, count in enumerate(channels):
    layers.append(keras.layers.Conv2D(count, 3, strides=2, padding="same", name=f"conv{index}"))
    layers.append(keras.layers.Activation(leaky_relu, name=f"activation{index}"))
  layers.append(keras.layers.Flatten(name="flatten"))
  layers.append(keras.layers.Dropout(0.2, seed=0, name="dropout"))
  layers.append(keras.layers.Dense(outputs, name="logits"))
  return keras.Sequential(layers, name="attributes")


class AttributeClassifier:
  """Images -> scores of attributes; a `Scorer`.

  Attributes:
    attributes: their names, in the order of the columns.
    resolution: that the network works at; other images are resized.
    provenance: how it was made (JSON values).
    backbone: "small" or a name of keras.applications.
    calibration: from logits to log odds.
  """

  def __init__(
    self,
    network,
    attributes: tuple[str, ...],
    provenance: dict[str, Any],
    *,
    backbone: str = SMALL,
    calibration: Calibration | None = None,
  ):
    self.network = network
    self.attributes = tuple(attributes)
    self.resolution = network.input_shape[1]
    self.provenance = dict(provenance)
    self.backbone = backbone
    self.calibration = calibration or Calibration.identity(len(self.attributes))
    self._columns = list(range(len(self.attributes)))

  @property
  def fingerprint(self) -> str:
    """SHA-256 (hex) of weights and calibration, and of which attributes are selected."""
    digest = hashlib.sha256(
      json.dumps([self.backbone, self._columns, self.calibration.values()]).encode()
    )
    for name, values in sorted(self._weights().items()):
      digest.update(f"{name}{values.shape}".encode())
      digest.update(values.tobytes())
    return digest.hexdigest()

  def logits(self, images: Images) -> np.ndarray:
    """What the network puts out, not calibrated.

    Args:
      images: [N, R, R, 3] in [-1, 1]; values outside are clipped.

    Returns:
      float32 [N, attributes].

    Raises:
      InputError: if the images have another shape.
    """
    import tensorflow as tf

    images = check_images(images)
    outputs = [np.zeros((0, len(self.attributes)), np.float32)]
    for start in range(0, len(images), _BATCH):
      batch = tf.clip_by_value(images[start : start + _BATCH], -1.0, 1.0)
      if batch.shape[1:3] != (self.resolution, self.resolution):
        batch = tf.image.resize(batch, (self.resolution, self.resolution), antialias=True)
      logits = self.network(preprocess(self.backbone, batch), training=False).numpy()
      outputs.append(logits[:, self._columns])
    return np.concatenate(outputs)

  def scores(self, images: Images) -> np.ndarray:
    """Calibrated log odds that each attribute is present, float32 [N, attributes]; see `logits`."""
    return self.calibration.apply(self.logits(images))

  def probabilities(self, images: Images) -> np.ndarray:
    """Probability that each attribute is present, float32 [N, attributes]; see `logits`."""
    return odds_to_probabilities(self.scores(images))

  def select(self, attributes: tuple[str, ...]) -> "AttributeClassifier":
    """See `Scorer.select`; the network is shared, and the selection cannot be saved."""
    chosen = columns(self.attributes, attributes)
    selected = AttributeClassifier(
      self.network,
      tuple(self.attributes[column] for column in chosen),
      self.provenance,
      backbone=self.backbone,
      calibration=self.calibration.select(chosen),
    )
    selected._columns = [self._columns[column] for column in chosen]
    return selected

  def save(self, folder: str | os.PathLike) -> None:
    """Writes `classifier.json` and `weights.safetensors`.

    Raises:
      OutputError: if the folder cannot be written.
    """
    from safetensors.numpy import save

    if len(self.attributes) != self.network.output_shape[-1]:
      raise ValueError("a selection of a classifier cannot be saved")
    folder = make_folder(folder)
    data = save(self._weights(), metadata={"format": _FORMAT})
    # First the weights: the configuration holds their hash, and makes the folder a classifier.
    write_bytes(folder / _WEIGHTS_FILE, data)
    values: dict[str, Any] = {
      "format": _FORMAT,
      "attributes": list(self.attributes),
      "resolution": self.resolution,
    }
    if self.backbone == SMALL:
      convolutions = [layer for layer in self.network.layers if layer.name.startswith("conv")]
      values["channels"] = [layer.filters for layer in convolutions]
    else:
      values["backbone"] = self.backbone
    if self.calibration != Calibration.identity(len(self.attributes)):
      values["calibration"] = self.calibration.values()
    values["weights_sha256"] = hashlib.sha256(data).hexdigest()
    values["provenance"] = self.provenance
    write_json(folder / CONFIG_FILE, values)

  def _weights(self) -> dict[str, np.ndarray]:
    if self.backbone != SMALL:
      return network_weights(self.network)
    return {
      f"{layer.name}/{kind}": np.ascontiguousarray(values, np.float32)
      for layer in self.network.layers
      for kind, values in zip(("kernel", "bias"), layer.get_weights(), strict=False)
    }


def load_classifier(path_or_name: str | os.PathLike = "avatars") -> AttributeClassifier:
  """Loads a classifier.

  Args:
    path_or_name: a folder that `AttributeClassifier.save` wrote, or the name of the checkpoint
      whose images it reads: "avatars".

  Raises:
    CheckpointError: if there is none, or it is damaged.
  """
  folder = Path(path_or_name)
  if not (folder / CONFIG_FILE).is_file():
    name = f"{path_or_name}_classifier"
    named = search_path.found("checkpoints", name, lambda place: (place / CONFIG_FILE).is_file())
    folder = named or folder
  for name in (CONFIG_FILE, _WEIGHTS_FILE):
    if not outside.exists(folder / name):
      raise CheckpointError(
        f"No attribute classifier '{shown(path_or_name)}' (no {name}): name a folder with "
        f"{CONFIG_FILE} and {_WEIGHTS_FILE}, or 'avatars'."
      )
  values = outside.read_json(folder / CONFIG_FILE, CheckpointError, "train the classifier again")
  data = outside.read_bytes(folder / _WEIGHTS_FILE, CheckpointError, "train the classifier again")
  return _from_files(folder, values, data)


def _from_files(folder: Path, values: Any, data: bytes) -> AttributeClassifier:
  damaged = CheckpointError(
    f"{shown(folder)} is not an attribute classifier, or is damaged; train it again."
  )
  if not isinstance(values, dict) or values.get("format") != _FORMAT:
    raise damaged
  if hashlib.sha256(data).hexdigest() != values.get("weights_sha256"):
    raise damaged
  with outside.damage_as(damaged):
    weights = outside.tensors_of(data, folder, CheckpointError, "train the classifier again")
    return _rebuilt(values, weights)


def _rebuilt(values: dict[str, Any], weights: dict[str, np.ndarray]) -> AttributeClassifier:
  attributes = tuple(values["attributes"])
  backbone = values.get("backbone", SMALL)
  if not all(np.isfinite(weight).all() for weight in weights.values()):
    raise ValueError("weights that are not finite")
  if backbone == SMALL:
    channels = (3, *values["channels"])
    require_room(sum(9 * a * b for a, b in itertools.pairwise(channels)), weights)
    network = build_network(values["resolution"], channels[1:], len(attributes))
    warn_of_scale(weights, "The attribute classifier")
    for layer in network.layers:
      if layer.weights:
        layer.set_weights([weights[f"{layer.name}/{kind}"] for kind in ("kernel", "bias")])
  else:
    network = build_backbone(backbone, values["resolution"], len(attributes))
    assign_network_weights(network, weights)
  stated = values.get("calibration")
  calibration = None
  if stated is not None:
    calibration = Calibration(tuple(stated["slopes"]), tuple(stated["intercepts"]))
    if len(calibration.slopes) != len(attributes) or len(calibration.intercepts) != len(attributes):
      raise ValueError("calibration")
  return AttributeClassifier(
    network,
    attributes,
    values.get("provenance") or {},
    backbone=backbone,
    calibration=calibration,
  )
