"""Folders of `config.json` and `weights.safetensors`: the first names the hash of the second.

The weights are written first, and each file completely beside its place and then renamed into it:
an interrupted save leaves a folder that says so when it is read.
"""

import dataclasses
import hashlib
import json
import reprlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from privai_tf.errors import CheckpointError, OutputError
from privai_tf.runtime import outside
from privai_tf.runtime.files import make_folder, shown, write_bytes, write_json

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "weights.safetensors"


@dataclasses.dataclass(frozen=True)
class Kind:
  """A kind of such folders.

  Attributes:
    format: what its files call it.
    noun: what messages call it, with its article.
    remedy: what to do about a damaged one.
    version: of the format; no other is read.
  """

  format: str
  noun: str
  remedy: str
  version: int = 1


def write_weights(
  folder: Path, kind: Kind, network: Mapping, weights: Mapping[str, np.ndarray], **facts
) -> None:
  """Writes a folder; other files in it stay.

  Args:
    folder: created if absent.
    kind: of the folder.
    network: what the network is made of; JSON values.
    weights: arrays of any shape by name, stored in their own float type.
    **facts: what else the configuration says; JSON values.

  Raises:
    OutputError: if the folder cannot be written, or the facts are not plain JSON.
  """
  from safetensors.numpy import save

  folder = make_folder(folder)
  data = save(dict(weights), metadata={"format": kind.format})
  values = {
    "format": kind.format,
    "format_version": kind.version,
    "network": dict(network),
    "weights_sha256": hashlib.sha256(data).hexdigest(),
    **facts,
  }
  try:
    json.dumps(values, allow_nan=False)
  except (TypeError, ValueError) as error:
    raise OutputError(f"The provenance of {shown(folder)} is not plain JSON: {error}.") from error
  write_bytes(folder / WEIGHTS_FILE, data)
  write_json(folder / CONFIG_FILE, values)


def read_config(folder: Path, kind: Kind) -> dict[str, Any]:
  """The configuration of a folder; `network` is a dictionary, the rest as anybody may have written it.

  Raises:
    CheckpointError: if there is none, it is damaged, or of another kind or version.
  """
  path = folder / CONFIG_FILE
  values = outside.read_json(path, CheckpointError, kind.remedy)
  if not isinstance(values, dict) or not isinstance(values.get("network"), dict):
    raise CheckpointError(f"{shown(path)} does not describe {kind.noun} of ours; {kind.remedy}.")
  version = values.get("format_version")
  if values.get("format") != kind.format or version != kind.version:
    raise CheckpointError(
      f"{shown(path)} has format version {reprlib.repr(version)}, this program reads {kind.version}; "
      f"use the version that wrote it, or {kind.remedy}."
    )
  provenance = values.get("provenance")
  return {**values, "provenance": provenance if isinstance(provenance, dict) else {}}


def read_weights(folder: Path, kind: Kind, values: Mapping) -> dict[str, np.ndarray]:
  """The arrays of a folder by name.

  Args:
    folder: the folder.
    kind: its kind.
    values: its configuration.

  Raises:
    CheckpointError: if the file is missing or damaged, or another one than the configuration names.
  """
  path = folder / WEIGHTS_FILE
  data = outside.read_bytes(path, CheckpointError, kind.remedy)
  if hashlib.sha256(data).hexdigest() != values.get("weights_sha256"):
    raise CheckpointError(
      f"{shown(path)} is not the file that its {CONFIG_FILE} names (another SHA-256: damaged, or "
      f"an interrupted save); {kind.remedy}."
    )
  return outside.tensors_of(data, path, CheckpointError, kind.remedy)
