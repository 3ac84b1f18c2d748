"""An encoder's folder: `config.json`, which names the hash of `weights.safetensors`.

Imports nothing heavy: the conversion of e4e's and pSp's checkpoints needs no TensorFlow.
"""

import dataclasses
import os
from pathlib import Path
from typing import Any

import numpy as np

from privai_tf.errors import CheckpointError, InputError
from privai_tf.inversion.encoder_kinds import config_from_json
from privai_tf.runtime import outside
from privai_tf.runtime.files import shown
from privai_tf.runtime.weight_folders import (
  CONFIG_FILE,
  Kind,
  read_config,
  read_weights,
  write_weights,
)

REMEDY = "train it again with python -m privai_tf.train_encoder, or convert its file again"
_KIND = Kind("privai_tf encoder", "an encoder", REMEDY)


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
    OutputError: if the folder cannot be written, or the provenance is not plain JSON.
  """
  kind = np.float16 if half else np.float32
  write_weights(
    Path(folder),
    _KIND,
    stored.config.to_json(),
    {name: np.ascontiguousarray(value, kind) for name, value in stored.weights.items()},
    generator_fingerprint=stored.generator_fingerprint,
    provenance=stored.provenance,
  )


def is_encoder(folder: str | os.PathLike) -> bool:
  """Whether a folder describes itself as an encoder of ours."""
  try:
    values = outside.read_json(Path(folder) / CONFIG_FILE)
  except InputError:
    return False
  return isinstance(values, dict) and values.get("format") == _KIND.format


def read_encoder(folder: str | os.PathLike) -> StoredEncoder:
  """Reads an encoder's folder.

  Raises:
    CheckpointError: if there is none, or it is damaged.
  """
  folder = Path(folder)
  if not outside.exists(folder / CONFIG_FILE):
    raise CheckpointError(f"No encoder in {shown(folder)} (no {CONFIG_FILE} there); {REMEDY}.")
  values = read_config(folder, _KIND)
  stored = read_weights(folder, _KIND, values)
  weights = {name: value.astype(np.float32) for name, value in stored.items()}
  try:
    config = config_from_json(values["network"])
  except CheckpointError as error:
    raise CheckpointError(f"{shown(folder)}: {error}; {REMEDY}.") from None
  return StoredEncoder(
    config, weights, str(values.get("generator_fingerprint")), values["provenance"]
  )
