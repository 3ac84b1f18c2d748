"""Where boundaries lie and how their files are read: InterFaceGAN's `.npy`, and our companion `.json`."""

import os
import re
from pathlib import Path
from typing import Any

import numpy as np

from privai_tf.errors import InputError, LatentSpaceError
from privai_tf.runtime import outside, search_path
from privai_tf.runtime.files import shown

KIND = "boundaries"
# W+ codes are layers of W codes: they share W's boundaries.
PLANE_SPACE = {"W": "W", "W+": "W", "Z": "Z"}
_LEAST_NORM = 1e-12
_ATTRIBUTE = "(pose|smile|age|gender|eyeglasses|quality)"
_PUBLISHED_FOR_Z = re.compile(
  rf"(pggan_celebahq|stylegan_celebahq|stylegan_ffhq)_{_ATTRIBUTE}(_c(_{_ATTRIBUTE})+)?_boundary"
)


def resolve(source: str | os.PathLike, latent_space: str | None) -> Path:
  """The `.npy` file that a path, or a name "CHECKPOINT/ATTRIBUTE", stands for.

  Raises:
    InputError: naming the boundaries that there are.
  """
  path = Path(source)
  if path.suffix == ".npy":
    if not path.is_file():
      raise InputError(f"{shown(path)} is not a file; name a boundary's .npy file.")
    return path
  checkpoint, attribute = path.parent, path.name
  spaces = ("W", "Z") if latent_space is None else (PLANE_SPACE[latent_space],)
  for space in spaces:
    name = checkpoint / f"{attribute}_{space.lower()}_boundary.npy"
    named = None if path.is_absolute() else search_path.found(KIND, str(name), Path.is_file)
    if named is not None:
      return named
  known = sorted(
    {str(p.parent / attribute_in_name(p.stem)) for p in search_path.names(KIND, "**/*.npy")}
  )
  raise InputError(
    f"No boundary '{shown(source)}' for latent space {' or '.join(spaces)} in "
    f"{search_path.where_looked(KIND)}; name an .npy file or one of: {', '.join(known) or '(none)'}."
  )


def shipped_boundaries(checkpoint: str, latent_space: str) -> list[Path]:
  """The files of all boundaries of a checkpoint, by attribute.

  Args:
    checkpoint: its name.
    latent_space: "W", "W+" or "Z".
  """
  pattern = f"{checkpoint}/*_{PLANE_SPACE[latent_space].lower()}_boundary.npy"
  names = search_path.names(KIND, pattern)
  paths = [search_path.found(KIND, str(name), Path.is_file) for name in names]
  return sorted(paths, key=lambda path: attribute_in_name(path.stem))


def read_normal(path: Path) -> np.ndarray:
  """The array of an `.npy` file, not copied yet.

  Raises:
    InputError: if it cannot be read, is damaged, or holds Python objects.
  """
  return outside.read_array(path, remedy="download or train it again")


def read_companion(path: Path) -> dict[str, Any]:
  """The companion's content; empty if there is none.

  Raises:
    InputError: if it is damaged.
  """
  if not outside.exists(path):
    return {}
  companion = outside.read_json(path, remedy="restore it or train the boundary again")
  if not isinstance(companion, dict) or companion.get("latent_space", "W") not in ("W", "Z"):
    raise InputError(
      f"{shown(path)} is not a boundary's companion: latent_space must be 'W' or 'Z'."
    )
  for key in ("provenance", "calibration"):
    if not isinstance(companion.get(key) or {}, dict):
      raise InputError(f"{shown(path)}: {key} must be a JSON object.")
  return companion


def named_checkpoints(
  provenance: dict[str, Any], calibration: dict[str, Any] | None
) -> dict[str, str]:
  """The fingerprints of weights that a companion states, by where it states them.

  Args:
    provenance: the companion's; `checkpoint.sha256`, or `checkpoint_sha256` beside a bare name.
    calibration: the companion's; `generator`.
  """
  checkpoint = provenance.get("checkpoint")
  own = checkpoint.get("sha256") if isinstance(checkpoint, dict) else None
  stated = {
    "its provenance": own or provenance.get("checkpoint_sha256"),
    "its calibration": (calibration or {}).get("generator"),
  }
  return {key: value for key, value in stated.items() if isinstance(value, str)}


def held_out_accuracy(provenance: dict[str, Any]) -> float | None:
  """The accuracy on codes that were not trained on, as a companion states it."""
  parts = provenance.get("accuracy")
  stated = provenance.get("accuracy_held_out")
  if isinstance(parts, dict):
    stated = parts.get("validation")
  usable = isinstance(stated, int | float) and not isinstance(stated, bool) and 0 <= stated <= 1
  return float(stated) if usable else None


def space_in_name(stem: str) -> str | None:
  """The space that a file name states, as in `smile_w_boundary`; None if it does not.

  InterFaceGAN's published files without a letter, such as `stylegan_ffhq_age_boundary`, are for Z.
  """
  if match := re.search(r"_([wz])_boundary$", stem):
    return match.group(1).upper()
  return "Z" if _PUBLISHED_FOR_Z.fullmatch(stem) else None


def attribute_in_name(stem: str) -> str:
  """The attribute that a file name states: `stylegan_ffhq_age_w_boundary` -> `age`; of a conditional
  boundary its conditions too: `stylegan_ffhq_age_c_gender_boundary` -> `age_c_gender`."""
  name, c, conditions = re.sub(r"(_[wz])?_boundary$", "", stem).partition("_c_")
  return name.rsplit("_", maxsplit=1)[-1] + c + conditions


def full_name(companion: dict[str, Any], path: Path) -> str:
  """The attribute's name with its conditions, which old files state in their provenance only."""
  name = str(companion.get("name") or attribute_in_name(path.stem))
  conditions = (companion.get("provenance") or {}).get("conditioned_on")
  if not isinstance(conditions, list) or not conditions or "_c_" in name:
    return name
  return f"{name}_c_{'_'.join(map(str, conditions))}"


def checked_normal(values: Any, source: str) -> tuple[np.ndarray, float]:
  """A unit float64 [d] and the length it had.

  Args:
    values: [d] or [1, d], real numbers, one of them at least 1e-12 from 0.
    source: names them in messages.

  Raises:
    InputError: they are no such numbers, or not finite.
    LatentSpaceError: there are several rows.
  """
  values = np.asarray(values)
  if values.dtype.kind not in "fiu":
    raise InputError(f"{source} holds {values.dtype}; a boundary is d real numbers.")
  shape = values.shape
  if values.ndim == 2 and shape[0] == 1:
    values = values[0]
  if values.ndim == 2 and shape[0] > 1:
    raise LatentSpaceError(
      f"{source} has shape {shape}: a plane for each layer, or several attributes; give one plane, "
      f"shape (1, {shape[1]}), which is set in all layers of W+ codes."
    )
  if values.ndim != 1 or len(values) == 0:
    raise InputError(f"{source} has shape {shape}; a boundary has shape (1, d).")
  values = np.array(values, np.float64)
  if not np.isfinite(values).all():
    count = int((~np.isfinite(values)).sum())
    raise InputError(f"{source} has {count} numbers that are not finite; train it again.")
  largest = float(np.abs(values).max())
  if largest < _LEAST_NORM:
    raise InputError(f"{source} is zero, which points nowhere; train it again.")
  scaled = values / largest  # So that squaring neither overflows nor underflows.
  norm = float(np.linalg.norm(scaled))
  if abs(largest * norm - 1) < 1e-14:  # A unit vector already: keep its bits through save and load.
    return values, 1.0
  return scaled / norm, largest * norm
