"""An encoder's folder: `config.json`, which names the hash of `weights.safetensors`.

Imports nothing heavy: the conversion of e4e's and pSp's checkpoints needs no TensorFlow.
"""

import dataclasses
import hashlib
import os
import reprlib
from pathlib import Path
from typing import Any

import numpy as np

from privai_tf.errors import CheckpointError, InputError
from privai_tf.inversion.encoder_kinds import config_from_json
from privai_tf.runtime import outside
from privai_tf.runtime.files import make_folder, shown, write_bytes, write_json

REMEDY = "train it again with python -m privai_tf.train_encoder, or convert its file again"
CONFIG_FILE = "config.json"
_WEIGHTS_FILE = "weights.safetensors"
_FORMAT, _FORMAT_VERSION = "privai_tf encoder", 1


@dataclasses.dataclass(frozen=True, eq=False)
class StoredEncoder:
  """What an encoder's folder holds.

  Attributes:
    config: what the network is made of, an `EncoderConfig` or an `IRSEConfig`.
    weights: float32 arrays by the names of layers and variables.
    generator_fingerprint: SHA-256 of the weights of the generator it belongs to.
    provenance: how it was made (JSON values).
  """

  config: Any
  weights: dict[str, np.ndarray]
  generator_fingerprint: str
  provenance: dict[str, Any]


def save_encoder(folder: str | os.PathLike, stored: StoredEncoder, half: bool = False) -> None:
  """Writes `weights.safetensors`, then the `config.json` that names its hash.

  Args:
    folder: created.
    stored: what it holds.
    half: whether weights are rounded to float16, which halves the file.

  Raises:
    OutputError: if the folder cannot be written.
  """
  from safetensors.numpy import save

  folder = make_folder(folder)
  kind = np.float16 if half else np.float32
  weights = {name: np.ascontiguousarray(value, kind) for name, value in stored.weights.items()}
  data = save(weights, metadata={"format": _FORMAT})
  values = {
    "format": _FORMAT,
    "format_version": _FORMAT_VERSION,
    "network": stored.config.to_json(),
    "generator_fingerprint": stored.generator_fingerprint,
    "weights_sha256": hashlib.sha256(data).hexdigest(),
    "provenance": stored.provenance,
  }
  write_bytes(folder / _WEIGHTS_FILE, data)
  write_json(folder / CONFIG_FILE, values)


def is_encoder(folder: str | os.PathLike) -> bool:
  """Whether a folder describes itself as an encoder of ours."""
  try:
    values = outside.read_json(Path(folder) / CONFIG_FILE)
  except InputError:
    return False
  return isinstance(values, dict) and values.get("format") == _FORMAT


def read_encoder(folder: str | os.PathLike) -> StoredEncoder:
  """Reads an encoder's folder.

  Raises:
    CheckpointError: if there is none, or it is damaged.
  """
  folder = Path(folder)
  values = _read_config(folder)
  data = outside.read_bytes(folder / _WEIGHTS_FILE, CheckpointError, REMEDY)
  if hashlib.sha256(data).hexdigest() != values.get("weights_sha256"):
    raise CheckpointError(
      f"{shown(folder / _WEIGHTS_FILE)} is not the file that its {CONFIG_FILE} names (damaged, or "
      f"an interrupted save); {REMEDY}."
    )
  stored = outside.tensors_of(data, folder / _WEIGHTS_FILE, CheckpointError, REMEDY)
  weights = {name: value.astype(np.float32) for name, value in stored.items()}
  try:
    config = config_from_json(values["network"])
  except CheckpointError as error:
    raise CheckpointError(f"{shown(folder)}: {error}; {REMEDY}.") from None
  provenance = values.get("provenance")
  fingerprint = str(values.get("generator_fingerprint"))
  return StoredEncoder(
    config, weights, fingerprint, provenance if isinstance(provenance, dict) else {}
  )


def _read_config(folder: Path) -> dict[str, Any]:
  path = folder / CONFIG_FILE
  if not outside.exists(path):
    raise CheckpointError(f"No encoder in {shown(folder)} (no {CONFIG_FILE} there); {REMEDY}.")
  values = outside.read_json(path, CheckpointError, REMEDY)
  if not isinstance(values, dict) or not isinstance(values.get("network"), dict):
    raise CheckpointError(f"{shown(path)} does not describe an encoder of ours; {REMEDY}.")
  version = values.get("format_version")
  if values.get("format") != _FORMAT or version != _FORMAT_VERSION:
    raise CheckpointError(
      f"{shown(path)} has format version {reprlib.repr(version)}, this program reads {_FORMAT_VERSION}; "
      f"{REMEDY}."
    )
  return values
