"""Encoders: images -> latent codes in one pass, trained for one generator and stored beside it."""

import hashlib
import json
import os
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from privai_tf.errors import CheckpointError, InputError
from privai_tf.generators.compiled import compiled
from privai_tf.inversion.encoder_network import (
  EncoderConfig,
  assign_weights,
  build_network,
  read_weights,
)
from privai_tf.runtime.batching import bucket_size, map_batches
from privai_tf.runtime.files import make_folder, shown, write_bytes, write_json

FOLDER = "encoder"
_CONFIG_FILE, _WEIGHTS_FILE = "config.json", "weights.safetensors"
_FORMAT, _FORMAT_VERSION = "privai_tf encoder", 1
_REMEDY = "train it again with python -m privai_tf.train_encoder"
_LARGEST_BATCH = 64
_known = weakref.WeakKeyDictionary()  # Per generator, as long as it lives.


class Encoder:
  """Images -> codes of one generator.

  Attributes:
    config: what the network is made of.
    network: the Keras model; an exported module has to hold it.
    latent_space: the space of the codes, "Z", "W" or "W+".
    generator_fingerprint: SHA-256 of the weights of the generator it was trained for.
    provenance: how it was made, and held-out figures (JSON values).
  """

  def __init__(
    self, config: EncoderConfig, network, generator_fingerprint: str, provenance: dict[str, Any]
  ):
    self.config = config
    self.network = network
    self.latent_space = config.latent_space
    self.generator_fingerprint = generator_fingerprint
    self.provenance = dict(provenance)
    self._compiled = compiled(self.encode_tensor)

  def encode(self, images: np.ndarray) -> np.ndarray:
    """Codes of images.

    Args:
      images: float [N, R, R, C] in [-1, 1] (values outside are clipped), N at least 1.

    Returns:
      float32 [N, d], or [N, L, d] for W+.

    Raises:
      InputError: if the images have another shape.
    """
    images = np.asarray(images, np.float32)
    side, channels = self.config.resolution, self.config.num_channels
    if images.ndim != 4 or images.shape[1:] != (side, side, channels) or not len(images):
      raise InputError(
        f"Images of shape {list(images.shape)} cannot be encoded: this encoder reads "
        f"[N, {side}, {side}, {channels}], N at least 1; resize them."
      )
    limit = max(1, min(_LARGEST_BATCH, (2048 // side) ** 2))
    return map_batches(self._compiled, images, bucket_size(len(images), limit))

  def encode_tensor(self, images: tf.Tensor) -> tf.Tensor:
    """`encode` for tensors, to be traced into a `tf.function` or a SavedModel.

    Args:
      images: [N, R, R, C].

    Returns:
      [N, d] or [N, L, d].
    """
    return self.network(clipped(images), training=False)

  def save(self, folder: str | os.PathLike) -> None:
    """Writes `weights.safetensors`, then the `config.json` that names its hash.

    Raises:
      OutputError: if the folder cannot be written.
    """
    from safetensors.numpy import save

    folder = make_folder(folder)
    data = save(read_weights(self.network), metadata={"format": _FORMAT})
    values = {
      "format": _FORMAT,
      "format_version": _FORMAT_VERSION,
      "network": self.config.to_json(),
      "generator_fingerprint": self.generator_fingerprint,
      "weights_sha256": hashlib.sha256(data).hexdigest(),
      "provenance": self.provenance,
    }
    write_bytes(folder / _WEIGHTS_FILE, data)
    write_json(folder / _CONFIG_FILE, values)


def clipped(images: tf.Tensor) -> tf.Tensor:
  """Images as photos are: nothing below -1 or above 1 (a generator's own images overshoot)."""
  return tf.clip_by_value(tf.cast(images, tf.float32), -1.0, 1.0)


def find_encoder(generator) -> Encoder | None:
  """The encoder stored beside a generator's checkpoint, None if there is none.

  Args:
    generator: a `privai_tf.Generator`; `generator.folder` says where it was loaded from.

  Raises:
    CheckpointError: if there is one, but damaged or of another generator.
  """
  if generator in _known:
    return _known[generator]
  if generator.folder is None or not (generator.folder / FOLDER / _CONFIG_FILE).is_file():
    return None  # Not kept: one may be trained while the generator lives.
  _known[generator] = load_encoder(generator.folder / FOLDER, generator)
  return _known[generator]


def load_encoder(folder: str | os.PathLike, generator=None) -> Encoder:
  """Loads an encoder.

  Args:
    folder: as `Encoder.save` wrote it.
    generator: the `privai_tf.Generator` it is to be used with; None: unchecked.

  Raises:
    CheckpointError: if there is none, it is damaged, or it was trained for another generator.
  """
  from safetensors import SafetensorError
  from safetensors.numpy import load

  folder = Path(folder)
  values = _read_config(folder)
  try:
    data = (folder / _WEIGHTS_FILE).read_bytes()
  except OSError as error:
    raise CheckpointError(
      f"Cannot read {shown(folder / _WEIGHTS_FILE)}: {error.strerror}; {_REMEDY}."
    ) from None
  if hashlib.sha256(data).hexdigest() != values.get("weights_sha256"):
    raise CheckpointError(
      f"{shown(folder / _WEIGHTS_FILE)} is not the file that its {_CONFIG_FILE} names (damaged, or "
      f"an interrupted save); {_REMEDY}."
    )
  fingerprint = str(values.get("generator_fingerprint"))
  if generator is not None and fingerprint != generator.fingerprint:
    raise CheckpointError(
      f"The encoder in {shown(folder)} was trained for another generator (weights "
      f"{fingerprint[:12]}, not {generator.fingerprint[:12]}); {_REMEDY}, or start the inversion "
      "elsewhere with --init=mean."
    )
  try:
    config = EncoderConfig.from_json(values["network"])
    network = build_network(config)
    assign_weights(network, load(data))
  except (CheckpointError, SafetensorError) as error:
    raise CheckpointError(f"{shown(folder)}: {error}; {_REMEDY}.") from None
  provenance = values.get("provenance")
  return Encoder(config, network, fingerprint, provenance if isinstance(provenance, dict) else {})


def _read_config(folder: Path) -> dict[str, Any]:
  path = folder / _CONFIG_FILE
  try:
    values = json.loads(path.read_bytes())
  except OSError as error:
    raise CheckpointError(
      f"No encoder in {shown(folder)} ({_CONFIG_FILE}: {error.strerror}); {_REMEDY}."
    ) from None
  except ValueError as error:
    raise CheckpointError(f"{shown(path)} is not JSON ({error}); {_REMEDY}.") from None
  if not isinstance(values, dict) or not isinstance(values.get("network"), dict):
    raise CheckpointError(f"{shown(path)} does not describe an encoder of ours; {_REMEDY}.")
  version = values.get("format_version")
  if values.get("format") != _FORMAT or version != _FORMAT_VERSION:
    raise CheckpointError(
      f"{shown(path)} has format version {version!r}, this program reads {_FORMAT_VERSION}; "
      f"{_REMEDY}."
    )
  return values
