"""Our checkpoint format: a folder with `config.json` and `weights.safetensors`.

`config.json` can be read and edited by hand; it names the hash of the weights it belongs to, see
`weight_folders`.
"""

import dataclasses
import os
import reprlib
from pathlib import Path
from typing import Any

import numpy as np

from privai_tf.errors import CheckpointError
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
from privai_tf.runtime.files import shown
from privai_tf.runtime.weight_folders import (
  CONFIG_FILE,
  Kind,
  read_config,
  read_weights,
  write_weights,
)

FORMAT = "privai_tf network"
_KIND = Kind(FORMAT, "a network", "convert or download the checkpoint again")
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
  arrays = {name: np.asarray(value, np.float32, order="C") for name, value in weights.items()}
  provenance = dict(provenance or {})
  write_weights(Path(folder), _KIND, config.to_json(), arrays, provenance=provenance)


def is_checkpoint(folder: str | os.PathLike) -> bool:
  """Whether a folder holds a checkpoint of ours."""
  return (Path(folder) / CONFIG_FILE).is_file()


def read_checkpoint(folder: str | os.PathLike) -> Checkpoint:
  """Reads a checkpoint folder.

  Raises:
    CheckpointError: if a file is missing or damaged, or they do not belong together.
  """
  folder = Path(folder)
  values = read_config(folder, _KIND)
  network = values["network"]
  kind = (network.get("family"), network.get("role"))
  if kind not in _CONFIGS:
    raise CheckpointError(
      f"{shown(folder / CONFIG_FILE)} describes an unknown kind of network, {reprlib.repr(kind)}; "
      f"{_KIND.remedy}."
    )
  try:
    config = _CONFIGS[kind].from_json(network)
  except CheckpointError as error:
    raise CheckpointError(f"{shown(folder / CONFIG_FILE)}: {error}") from None
  return Checkpoint(config, read_weights(folder, _KIND, values), values["provenance"], folder)


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
