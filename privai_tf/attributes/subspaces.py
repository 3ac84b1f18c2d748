"""The directions of a latent space that hold an attribute, and their files."""

import dataclasses
import os
from pathlib import Path
from typing import Any, Self

import numpy as np

from privai_tf.attributes.boundary import Boundary
from privai_tf.attributes.companions import write_with_companion
from privai_tf.errors import InputError, LatentSpaceError
from privai_tf.runtime import outside
from privai_tf.runtime.files import shown

_ARRAYS = ("basis", "readers", "center")


@dataclasses.dataclass(frozen=True, eq=False)
class AttributeSubspace:
  """k directions that hold an attribute; without them a linear probe cannot find it.

  Attributes:
    basis: float64 [k, d], orthonormal rows.
    readers: float64 [k, d]: erasing takes `basis^T readers (x - center)` from x. For an orthogonal
      projection they are the basis itself.
    center: float64 [d], what stays where it is.
    latent_space: "W" (which serves W+ too) or "Z".
    name: the attribute.
    method: "inlp" or "leace".
    accuracies: balanced accuracy of a linear probe on held-out codes, after 0, ..., k directions
      (two numbers, before and after, where all are found at once).
    provenance: what made it, and the probes on codes that no choice was made with; JSON values.
  """

  basis: np.ndarray
  readers: np.ndarray
  center: np.ndarray
  latent_space: str
  name: str
  method: str
  accuracies: tuple[float, ...]
  provenance: dict[str, Any] = dataclasses.field(default_factory=dict)

  @property
  def k(self) -> int:
    """How many directions there are."""
    return len(self.basis)

  def erase(self, codes: np.ndarray) -> np.ndarray:
    """Codes without the attribute.

    Args:
      codes: [..., d], of the subspace's latent space.

    Returns:
      float64 [..., d].
    """
    codes = np.asarray(codes, np.float64)
    if codes.shape[-1:] != self.center.shape:
      raise LatentSpaceError(
        f"Subspace '{self.name}' has {len(self.center)} numbers a direction and the latents have "
        f"shape {list(codes.shape)}; use the subspace of the checkpoint that they are from."
      )
    return codes - (codes - self.center) @ self.readers.T @ self.basis

  def boundaries(self) -> list[Boundary]:
    """A boundary for each direction, through the center: `privatize` takes such a list.

    Each states the subspace's own checkpoint, if that is known, and fits no other.
    """
    stated = {key: value for key, value in self.provenance.items() if key == "checkpoint"}
    return [
      Boundary(row, -float(row @ self.center), self.latent_space, f"{self.name}_{number}", stated)
      for number, row in enumerate(self.basis, start=1)
    ]

  def save(self, path: str | os.PathLike) -> Path:
    """Writes the `.npz` (basis, readers, center) and its companion `.json`.

    Raises:
      InputError: if `path` does not end in `.npz`.
      OutputError: if it cannot be written.
    """
    companion = {
      "name": self.name,
      "latent_space": self.latent_space,
      "method": self.method,
      "k": self.k,
      "probe_accuracy": list(self.accuracies),
      "provenance": self.provenance,
    }
    arrays = {name: getattr(self, name) for name in _ARRAYS}
    return write_with_companion(
      path, "subspaces", ".npz", lambda file: np.savez(file, **arrays), companion
    )

  @classmethod
  def load(cls, path: str | os.PathLike, latent_space: str) -> Self:
    """Reads a subspace.

    Args:
      path: the `.npz` file; its companion lies beside it.
      latent_space: what it is wanted for: "W", "W+" or "Z".

    Raises:
      InputError: if a file is missing or damaged.
      LatentSpaceError: if it is for another space.
    """
    path = Path(path)
    arrays = _read_arrays(path)
    companion = _read_companion(path.with_suffix(".json"))
    if companion["latent_space"] != latent_space.removesuffix("+"):
      raise LatentSpaceError(
        f"{shown(path)} is for latent space {companion['latent_space']} and the latents are from "
        f"{latent_space}; find the subspace in {latent_space}."
      )
    return cls(
      **arrays,
      latent_space=companion["latent_space"],
      name=companion["name"],
      method=companion["method"],
      accuracies=tuple(companion["probe_accuracy"]),
      provenance=companion["provenance"],
    )


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
  damaged = InputError(f"{shown(path)} is not a subspace's .npz file; find it again.")
  with outside.damage_as(damaged):
    read = outside.read_arrays(path, _ARRAYS, remedy="find the subspace again")
    arrays = {name: np.asarray(read[name], np.float64) for name in _ARRAYS}
  shape = arrays["basis"].shape
  if arrays["readers"].shape != shape or arrays["center"].shape != shape[1:] or len(shape) != 2:
    raise InputError(f"{shown(path)} holds arrays that do not fit together; find it again.")
  return arrays


def _read_companion(path: Path) -> dict[str, Any]:
  companion = outside.read_json(path, remedy="find the subspace again")
  wanted = ("name", "latent_space", "method", "probe_accuracy", "provenance")
  missing = [key for key in wanted if not isinstance(companion, dict) or key not in companion]
  if missing:
    raise InputError(f"{shown(path)} lacks {', '.join(missing)}: it is no subspace's companion.")
  kinds = {"name": str, "method": str, "probe_accuracy": list, "provenance": dict}
  wrong = [key for key, kind in kinds.items() if not isinstance(companion[key], kind)]
  if wrong or companion["latent_space"] not in ("W", "Z"):
    raise InputError(
      f"{shown(path)}: {(wrong or ['latent_space'])[0]} is not what a subspace's companion has there; "
      "find the subspace again."
    )
  return companion
