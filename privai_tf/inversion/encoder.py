"""Encoders: images -> latent codes in one pass, of one generator and stored beside it."""

import functools
import hashlib
import os
import weakref
from pathlib import Path
from typing import Any, Self

import numpy as np
import tensorflow as tf

from privai_tf.errors import CheckpointError, InputError
from privai_tf.generators.compiled import compiled
from privai_tf.generators.room import require_room
from privai_tf.inversion.encoder_kinds import new_network
from privai_tf.inversion.encoder_network import EncoderConfig, assign_weights, read_weights
from privai_tf.inversion.encoder_storage import (
  REMEDY,
  StoredEncoder,
  read_encoder,
  save_encoder,
)
from privai_tf.inversion.ir_se.config import IRSEConfig
from privai_tf.inversion.ir_se.network import in_form
from privai_tf.inversion.shipped import beside_boundaries
from privai_tf.runtime.batching import bucket_size, map_batches
from privai_tf.runtime.files import shown
from privai_tf.runtime.weight_folders import CONFIG_FILE
from privai_tf.shapes import Codes, Images

FOLDER = "encoder"
_known = weakref.WeakKeyDictionary()  # Per generator, as long as it lives.


class Encoder:
  """Images -> codes of one generator.

  Attributes:
    config: what the network is made of.
    network: the Keras model; an exported module has to hold it.
    latent_space: the space of the codes, "Z", "W" or "W+".
    generator_fingerprint: SHA-256 of the weights of the generator it belongs to.
    provenance: how it was made, and held-out figures (JSON values).
  """

  def __init__(
    self,
    config: EncoderConfig | IRSEConfig,
    network,
    generator_fingerprint: str,
    provenance: dict[str, Any],
  ):
    self.config = config
    self.network = network
    self.latent_space = config.latent_space
    self.generator_fingerprint = generator_fingerprint
    self.provenance = dict(provenance)
    self._compiled = compiled(self.encode_tensor)
    self._forms = {}

  @classmethod
  def from_stored(cls, stored: StoredEncoder) -> Self:
    """An encoder ready for use.

    Raises:
      CheckpointError: if its weights do not fit its description.
    """
    require_room(stored.config.least_weights, stored.weights)
    network = new_network(stored.config)
    assign_weights(network, stored.weights)
    return cls(stored.config, network, stored.generator_fingerprint, stored.provenance)

  def encode(self, images: Images) -> Codes:
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
    return map_batches(self._compiled, images, bucket_size(len(images), self.config.largest_batch))

  def encode_tensor(self, images: tf.Tensor) -> tf.Tensor:
    """`encode` for tensors, to be traced into a `tf.function` or a SavedModel.

    Args:
      images: [N, R, R, C].

    Returns:
      [N, d] or [N, L, d].
    """
    return self.network(clipped(images), training=False)

  def serving(self, latent_space: str, rows: int) -> "Encoder | None":
    """The encoder that can start a search in a space; None if this one cannot.

    One for W also starts W+. One of e4e or pSp, whose codes lie in W+, gives a code in W too: of e4e
    its first head's, which is its w before the offsets of the rows; of pSp the mean of the rows.

    Args:
      latent_space: of the search.
      rows: of the generator's W+, at most as many as an e4e or pSp encoder has heads.
    """
    if not isinstance(self.config, IRSEConfig):
      serves = latent_space in ("W", "W+") if self.latent_space == "W" else False
      return self if serves or self.latent_space == latent_space else None
    if latent_space == "Z":
      return None
    config = self.config.in_space(latent_space, rows)
    if config == self.config:
      return self
    if config not in self._forms:
      network = in_form(self.network, config)
      form = Encoder(config, network, self.generator_fingerprint, self.provenance)
      self._forms[config] = form
    return self._forms[config]

  @functools.cached_property
  def digest(self) -> str:
    """SHA-256 (hex) of what decides its codes."""
    content = hashlib.sha256()
    if isinstance(self.config, IRSEConfig):  # The same weights make other codes of another kind.
      content.update(f"{self.config.kind} {self.latent_space}".encode())
    for weight in self.network.weights:
      content.update(np.ascontiguousarray(weight.numpy()).tobytes())
    return content.hexdigest()

  def save(self, folder: str | os.PathLike, half: bool = False) -> None:
    """Writes the encoder's folder, see `encoder_storage`.

    Args:
      folder: created.
      half: whether weights are rounded to float16; the encoder that is read back is then another one.

    Raises:
      OutputError: if the folder cannot be written.
    """
    weights = read_weights(self.network)
    stored = StoredEncoder(self.config, weights, self.generator_fingerprint, self.provenance)
    save_encoder(folder, stored, half)


def clipped(images: tf.Tensor) -> tf.Tensor:
  """Images as photos are: nothing below -1 or above 1 (a generator's own images overshoot).

  Args:
    images: of any shape and float type.

  Returns:
    float32.
  """
  return tf.clip_by_value(tf.cast(images, tf.float32), -1.0, 1.0)


def find_encoder(generator) -> Encoder | None:
  """The encoder stored beside a generator's checkpoint or its boundaries, None if there is none.

  Args:
    generator: a `privai_tf.Generator`; `generator.folder` says where it was loaded from.

  Raises:
    CheckpointError: if there is one, but damaged; or, beside the checkpoint, of another generator.
  """
  if generator in _known:
    return _known[generator]
  if generator.folder is None:
    return None
  if (generator.folder / FOLDER / CONFIG_FILE).is_file():
    _known[generator] = load_encoder(generator.folder / FOLDER, generator)
    return _known[generator]
  for folder in beside_boundaries(generator, FOLDER):
    # One of the same name, but of other weights, is somebody else's.
    if (folder / CONFIG_FILE).is_file() and _belongs(folder, generator):
      _known[generator] = load_encoder(folder, generator)
      return _known[generator]
  return None  # Not kept: one may be trained while the generator lives.


def _belongs(folder: Path, generator) -> bool:
  return read_encoder(folder).generator_fingerprint == generator.fingerprint


def load_encoder(folder: str | os.PathLike, generator=None) -> Encoder:
  """Loads an encoder.

  Args:
    folder: as `Encoder.save` wrote it.
    generator: the `privai_tf.Generator` it is to be used with; None: unchecked.

  Raises:
    CheckpointError: if there is none, it is damaged, or it belongs to another generator.
  """
  folder = Path(folder)
  stored = read_encoder(folder)
  fingerprint = stored.generator_fingerprint
  if generator is not None and fingerprint != generator.fingerprint:
    raise CheckpointError(
      f"The encoder in {shown(folder)} was trained for another generator (weights "
      f"{fingerprint[:12]}, not {generator.fingerprint[:12]}); {REMEDY}, or start the inversion "
      "elsewhere with --init=mean."
    )
  try:
    return Encoder.from_stored(stored)
  except CheckpointError as error:
    raise CheckpointError(f"{shown(folder)}: {error}; {REMEDY}.") from None
