"""What a folder of ours or an `.npy` file is; nothing is written, and no network is built."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from privai_tf.converters.errors import quoted
from privai_tf.converters.facts import Facts, described
from privai_tf.errors import InputError
from privai_tf.generators.checkpoint import FORMAT, is_checkpoint, read_checkpoint
from privai_tf.runtime import outside
from privai_tf.runtime.files import shown
from privai_tf.runtime.weight_folders import CONFIG_FILE

_ENCODER_FORMAT, _CLASSIFIER_FILE = "privai_tf encoder", "classifier.json"
_KNOWN = "a checkpoint, an encoder or a classifier of ours"
_LARGEST_JSON = 1 << 24


def folder_facts(path: Path) -> Facts:
  """A checkpoint, several of them, an encoder, or a classifier.

  Raises:
    InputError: it is none.
    CheckpointError: it is one, but damaged.
  """
  if (path / _CLASSIFIER_FILE).is_file():
    attributes = _values(path / _CLASSIFIER_FILE).get("attributes")
    names = ", ".join(map(str, attributes)) if isinstance(attributes, list) else "unknown"
    command = f"python -m privai_tf.score --scorer={path}"
    return Facts(f"{shown(path)}: attribute classifier", [f"attributes: {names[:200]}"], [command])
  if is_checkpoint(path):
    values = _values(path / CONFIG_FILE)
    if values.get("format") == _ENCODER_FORMAT:
      return _encoder(path, values)
    if values.get("format") == FORMAT:
      return _checkpoint(path)
  inner = [place for place in ("Gs", "G", "D") if is_checkpoint(path / place)]
  if not inner:
    raise InputError(f"{shown(path)} is a folder without {_KNOWN}; name a file, or such a folder.")
  holds = [f"{place}: {described(read_checkpoint(path / place).config)}" for place in inner]
  reads = [f"--checkpoint={path / place}" for place in inner if place != "D"]
  return Facts(f"{shown(path)}: checkpoints of one file", holds, reads)


def _checkpoint(path: Path) -> Facts:
  found = read_checkpoint(path)
  holds = [
    described(found.config),
    f"from {found.provenance.get('source', 'an unknown source')!s:.80}",
  ]
  holds += [
    f"beside it: {place.relative_to(path)}"
    for place in sorted([*path.glob("*_boundary.npy"), *path.glob("encoder")])[:20]
  ]
  if found.config.role == "generator":
    reads = [f"--checkpoint={path}", f"privai_tf.load_generator({str(path)!r})"]
  else:
    reads = [f"privai_tf.generators.load_discriminator({str(path)!r})"]
  return Facts(f"{shown(path)}: checkpoint", holds, reads)


def _encoder(path: Path, values: dict[str, Any]) -> Facts:
  settings = values.get("encoder", values.get("network", {}))
  shown_settings = json.dumps(settings, default=str)[:200]
  return Facts(f"{shown(path)}: encoder", [shown_settings], [f"--encoder={path}"])


def _values(path: Path) -> dict[str, Any]:
  values = outside.read_json(path, remedy="the folder is damaged", most=_LARGEST_JSON)
  return values if isinstance(values, dict) else {}


def numbers_facts(path: Path) -> Facts:
  """A boundary, or latent codes.

  Raises:
    InputError: it is an array of another form, or damaged.
  """
  array = outside.read_array(path, remedy="save plain numbers")
  if array.dtype.kind != "f" or array.ndim not in (1, 2, 3):
    raise InputError(
      f"{shown(path)} is a NumPy array of {array.dtype} with shape {list(array.shape)}: neither a "
      "boundary nor latent codes."
    )
  kind = f"{shown(path)}: NumPy array of shape {list(array.shape)}"
  if path.suffix == ".npy" and (array.ndim == 1 or (array.ndim == 2 and len(array) == 1)):
    return _boundary(path, kind, np.asarray(array))
  space = "W+" if array.ndim == 3 else "Z or W, which the numbers do not tell"
  return Facts(
    kind,
    [f"{len(array)} latent codes of {space}"],
    [f"--input_latents={path} --latent_space={'W+' if array.ndim == 3 else 'SPACE'}"],
  )


def _boundary(path: Path, kind: str, normal: np.ndarray) -> Facts:
  """A plane, described by the JSON beside it; without one by its name, which may state the space."""
  if not np.isfinite(normal).all() or not normal.any():
    raise InputError(f"{shown(path)} is no boundary: its numbers are zeros or not finite.")
  beside = path.with_suffix(".json")
  companion = _values(beside) if beside.is_file() else {}
  named = re.search(r"([^_]+)_([wz])_boundary$", path.stem)
  space = companion.get("latent_space") or (named[2].upper() if named else None)
  name = companion.get("name") or (named[1] if named else path.stem)
  hold = f"boundary of {quoted(str(name))}, {normal.size} numbers, "
  hold += f"in {space!s:.4}" if space else "its latent space is not stated (or one latent code)"
  hold += ", calibrated" if companion.get("calibration") else ", without calibration"
  option = "" if space else " --latent_space=SPACE"
  return Facts(kind, [hold], [f"--attribute={path}{option}"])
