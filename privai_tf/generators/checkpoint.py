"""Our checkpoint format: a folder with `config.json` and `weights.safetensors`.

`config.json` can be read and edited by hand; it names the hash of the weights it belongs to. Both
files are written completely beside their places and then renamed into them.
"""

import dataclasses
import hashlib
import json
import os
import reprlib
from pathlib import Path
from typing import Any

import numpy as np

from privai_tf.errors import CheckpointError, OutputError
from privai_tf.generators.config import (
  NetworkConfig,
  PGGANConfig,
  PGGANDiscriminatorConfig,
  StyleGANConfig,
  StyleGANDiscriminatorConfig,
)
from privai_tf.generators.mobilestylegan_config import MobileStyleGANConfig
from privai_tf.generators.stylegan2.config import StyleGAN2Config, StyleGAN2DiscriminatorConfig
from privai_tf.generators.stylegan3.config import StyleGAN3Config
from privai_tf.runtime import outside
from privai_tf.runtime.files import make_folder, shown, write_bytes, write_json

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "weights.safetensors"
FORMAT = "privai_tf network"
FORMAT_VERSION = 1
_REMEDY = "convert or download the checkpoint again"
_CONFIGS = {
  (config.family, config.role): config
  for config in (
    StyleGANConfig,
    PGGANConfig,
    StyleGANDiscriminatorConfig,
    PGGANDiscriminatorConfig,
    StyleGAN2Config,
    StyleGAN2DiscriminatorConfig,
    StyleGAN3Config,
    MobileStyleGANConfig,
  )
}


@dataclasses.dataclass(frozen=True)
class Checkpoint:
  """A network as read from a folder.

  Attributes:
    config: what the network is made of.
    weights: float32 arrays by our names.
    provenance: where it comes from (JSON values: source file, its SHA-256, licence, ...).
    folder: the folder it was read from; None if it was converted just now.
  """

  config: NetworkConfig
  weights: dict[str, np.ndarray]
  provenance: dict[str, Any]
  folder: Path | None = None


def save_checkpoint(
  folder: str | os.PathLike,
  config: NetworkConfig,
  weights: dict[str, np.ndarray],
  provenance: dict[str, Any] | None = None,
) -> None:
  """Writes a checkpoint; other files in the folder stay.

  Args:
    folder: created if absent.
    config: what the network is made of.
    weights: float32 arrays by our names.
    provenance: JSON values.

  Raises:
    OutputError: if the folder cannot be written.
  """
  from safetensors.numpy import save

  folder = make_folder(folder)
  data = save(
    {name: np.asarray(value, np.float32, order="C") for name, value in weights.items()},
    metadata={"format": FORMAT},
  )
  values = {
    "format": FORMAT,
    "format_version": FORMAT_VERSION,
    "network": config.to_json(),
    "weights_sha256": hashlib.sha256(data).hexdigest(),
    "provenance": dict(provenance or {}),
  }
  try:
    json.dumps(values, allow_nan=False)
  except (TypeError, ValueError) as error:
    raise OutputError(f"The provenance of {shown(folder)} is not plain JSON: {error}.") from error
  write_bytes(folder / WEIGHTS_FILE, data)
  write_json(folder / CONFIG_FILE, values)


def is_checkpoint(folder: str | os.PathLike) -> bool:
  """Whether a folder holds a checkpoint of ours."""
  return (Path(folder) / CONFIG_FILE).is_file()


def read_checkpoint(folder: str | os.PathLike) -> Checkpoint:
  """Reads a checkpoint folder.

  Raises:
    CheckpointError: if a file is missing or damaged, or they do not belong together.
  """
  folder = Path(folder)
  values = _read_config(folder / CONFIG_FILE)
  network = values["network"]
  kind = (network.get("family"), network.get("role"))
  if kind not in _CONFIGS:
    raise CheckpointError(
      f"{shown(folder / CONFIG_FILE)} describes an unknown kind of network, {reprlib.repr(kind)}; "
      f"{_REMEDY}."
    )
  try:
    config = _CONFIGS[kind].from_json(network)
  except CheckpointError as error:
    raise CheckpointError(f"{shown(folder / CONFIG_FILE)}: {error}") from None
  weights = _read_weights(folder / WEIGHTS_FILE, values.get("weights_sha256"))
  provenance = values.get("provenance")
  return Checkpoint(config, weights, provenance if isinstance(provenance, dict) else {}, folder)


def _read_config(path: Path) -> dict[str, Any]:
  values = outside.read_json(path, CheckpointError, _REMEDY)
  if not isinstance(values, dict) or not isinstance(values.get("network"), dict):
    raise CheckpointError(f"{shown(path)} does not describe a network of ours; {_REMEDY}.")
  version = values.get("format_version")
  if values.get("format") != FORMAT or version != FORMAT_VERSION:
    raise CheckpointError(
      f"{shown(path)} has format version {reprlib.repr(version)}, this program reads {FORMAT_VERSION}; "
      "use the version that wrote it, or convert again."
    )
  return values


def _read_weights(path: Path, expected_hash: Any) -> dict[str, np.ndarray]:
  data = outside.read_bytes(path, CheckpointError, _REMEDY)
  if hashlib.sha256(data).hexdigest() != expected_hash:
    raise CheckpointError(
      f"{shown(path)} is not the file that its {CONFIG_FILE} names (another SHA-256: damaged, or "
      f"an interrupted save); {_REMEDY}."
    )
  return outside.tensors_of(data, path, CheckpointError, _REMEDY)


def load_checkpoint(folder: str | os.PathLike, *, jit: str = "auto"):
  """Loads the generator of a checkpoint folder.

  Args:
    folder: as `save_checkpoint` wrote it.
    jit: XLA policy, "auto", "on" or "off".

  Returns:
    A `Generator`.

  Raises:
    CheckpointError: see `read_checkpoint`; also if it holds a discriminator.
  """
  from privai_tf.generators.families import create_generator

  checkpoint = read_checkpoint(folder)
  provenance = {"source": str(folder), **checkpoint.provenance}
  generator = create_generator(checkpoint.config, checkpoint.weights, provenance, jit=jit)
  generator.folder = checkpoint.folder
  return generator
