"""A binary attribute's boundary: the plane in latent space that separates its two sides.

Files are those of InterFaceGAN (an `.npy` of shape `(1, d)` with the normal), plus a companion
`.json` of the same stem with what the `.npy` cannot hold: latent space, intercept, provenance and
public calibration.
"""

import dataclasses
import math
import os
import reprlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from privai_tf.attributes.boundary_files import (
  PLANE_SPACE,
  checked_normal,
  full_name,
  held_out_accuracy,
  named_checkpoints,
  read_companion,
  read_normal,
  resolve,
  space_in_name,
)
from privai_tf.attributes.companions import write_with_companion
from privai_tf.errors import InputError, LatentSpaceError
from privai_tf.runtime.files import shown

_LEAST_ANGLE = 1e-6


@dataclasses.dataclass(frozen=True, eq=False)
class Boundary:
  """The plane `normal . code + intercept = 0`; the attribute is present on the positive side.

  Attributes:
    normal: float64 [d], of unit length (any other length is scaled, the intercept with it).
    intercept: signed distance of the plane at the origin, in latent units.
    latent_space: "W" (which serves W+ too) or "Z".
    name: the attribute, e.g. "smile".
    provenance: what made it (checkpoint, seeds, counts, scores); JSON values.
    calibration: public figures for the privacy mechanisms, from generated samples only (see
      `privai_tf.privacy.calibration`); JSON values, or None if not calibrated yet.
    source: the file that it was read from, for messages; None if it was made here.
  """

  normal: np.ndarray
  intercept: float = 0.0
  latent_space: str = "W"
  name: str = "attribute"
  provenance: dict[str, Any] = dataclasses.field(default_factory=dict)
  calibration: dict[str, Any] | None = None
  source: str | None = None

  def __post_init__(self):
    normal, length = checked_normal(self.normal, f"Boundary '{self.name}'")
    if not isinstance(self.intercept, int | float) or not math.isfinite(self.intercept):
      raise InputError(
        f"Boundary '{self.name}' has the intercept {reprlib.repr(self.intercept)}; it must be a finite number: "
        "train the boundary again."
      )
    if self.latent_space not in ("W", "Z"):
      raise LatentSpaceError(
        f"Boundary '{self.name}' is for latent space {reprlib.repr(self.latent_space)}; boundaries exist for "
        "'W' (W+ codes use those too) and 'Z'."
      )
    normal.setflags(write=False)
    object.__setattr__(self, "normal", normal)
    object.__setattr__(self, "intercept", float(self.intercept) / length)

  @property
  def width(self) -> int:
    """Length d of the normal."""
    return len(self.normal)

  @property
  def origin(self) -> str:
    """Where the plane is from: "checkpoint" if its provenance states the weights, else "unknown".

    A calibration does not count: it says what the plane was measured on, not where it is from.
    """
    return "checkpoint" if named_checkpoints(self.provenance, None) else "unknown"

  @property
  def held_out_accuracy(self) -> float | None:
    """Share of held-out codes on their label's side, as its provenance states it; None if not."""
    return held_out_accuracy(self.provenance)

  def require_generator(self, fingerprint: str | None) -> None:
    """Refuses a generator other than the one that provenance or calibration state.

    What another generator's codes do along this plane's normal has nothing to do with the
    attribute: hiding it there would hide nothing.

    Args:
      fingerprint: SHA-256 of the generator's weights; None (a stand-in without one) fits all.

    Raises:
      InputError: naming the file, both fingerprints and the remedy.
    """
    if fingerprint is None:
      return
    for key, stated in named_checkpoints(self.provenance, self.calibration).items():
      if stated != fingerprint:
        place = f"{self.source}: boundary" if self.source else "Boundary"
        raise InputError(
          f"{place} '{self.name}' is of another checkpoint ({key} states weights {stated[:12]}, "
          f"these are {fingerprint[:12]}); use that checkpoint's boundary, or train one for this "
          "checkpoint with python -m privai_tf.train_boundary."
        )

  def coordinate(self, latents: np.ndarray) -> np.ndarray:
    """Signed distance from the plane, in latent units; positive where the attribute is present.

    Args:
      latents: [..., d] codes of the boundary's space ([N, L, d] gives one distance a layer).

    Returns:
      float64 [...].

    Raises:
      LatentSpaceError: if the codes' width is not the boundary's.
    """
    latents = np.asarray(latents, np.float64)
    if latents.ndim == 0 or latents.shape[-1] != self.width:
      raise LatentSpaceError(
        f"Boundary '{self.name}' has {self.width} numbers and the latents have shape "
        f"{list(latents.shape)}; use the boundary of the checkpoint that the latents are from."
      )
    return latents @ self.normal + self.intercept

  def require_space(self, latent_space: str, width: int) -> None:
    """Refuses codes of another space or width.

    Raises:
      LatentSpaceError: naming both sides.
    """
    if PLANE_SPACE.get(latent_space) != self.latent_space:
      raise LatentSpaceError(
        f"Boundary '{self.name}' is for latent space {self.latent_space} and the latents are from "
        f"{latent_space}; load the boundary that was trained in {latent_space}."
      )
    if width != self.width:
      raise LatentSpaceError(
        f"Boundary '{self.name}' has {self.width} numbers and the latents have {width}; use the "
        "boundary of the checkpoint that the latents are from."
      )

  def conditioned_on(self, others: Sequence["Boundary"], mean: np.ndarray | None = None) -> Self:
    """The boundary with what it shares with other attributes taken out (a conditional boundary).

    Moving along its normal changes no other attribute's distance. The plane crosses the normal's
    axis through `mean` where the original plane does.

    Args:
      others: boundaries of the same space and width; none, or dependent ones, are fine.
      mean: [d], where the attributes are at their average; None: the origin.

    Returns:
      A boundary without calibration, which is another one's, named `NAME_c_OTHER_...`: hiding it
      is not hiding NAME. Without others, the same plane under its own name.

    Raises:
      InputError: if nothing is left of the normal.
    """
    for other in others:
      self.require_space(other.latent_space, other.width)
    shared = np.zeros((0, self.width))
    for other in others:
      own = _without(other.normal, shared)
      length = float(np.linalg.norm(own))
      # One in the span of those before it would add a direction made of rounding errors.
      if length > _LEAST_ANGLE:
        shared = np.vstack([shared, own / length])
    rest = _without(self.normal, shared)
    length = float(np.linalg.norm(rest))
    names = [other.name for other in others]
    if length < _LEAST_ANGLE:
      raise InputError(
        f"Boundary '{self.name}' points along {', '.join(names)} (collinear): nothing is left of it."
      )
    mean = np.zeros(self.width) if mean is None else np.asarray(mean, np.float64)
    distance = (float(self.normal @ mean) + self.intercept) / length
    return dataclasses.replace(
      self,
      name="_c_".join([self.name, *(["_".join(names)] if names else [])]),
      normal=rest / length,
      intercept=distance - float(rest @ mean) / length,
      provenance={**self.provenance, "conditioned_on": names},
      calibration=None,
    )

  @classmethod
  def load(cls, source: str | os.PathLike, latent_space: str | None = None) -> Self:
    """Reads a boundary.

    Args:
      source: an `.npy` file (InterFaceGAN's shape `(1, d)`, or `(d,)`), or the name of a shipped
        boundary, "CHECKPOINT/ATTRIBUTE", e.g. "avatars/smile".
      latent_space: "W", "W+" (which uses W's boundary) or "Z". Only a file whose companion JSON
        states its space, or nothing else, may leave it out: it is never guessed from the numbers.

    Raises:
      InputError: if there is no such file, or it is damaged, zero, not finite or misshapen.
      LatentSpaceError: if the file is for another space than asked for, or does not say which.
    """
    if latent_space is not None and latent_space not in PLANE_SPACE:
      raise LatentSpaceError(f"Unknown latent space {latent_space!r}: use 'W', 'W+' or 'Z'.")
    path = resolve(source, latent_space)
    normal, length = checked_normal(read_normal(path), shown(path))
    companion = read_companion(path.with_suffix(".json"))
    stated = companion.get("latent_space") or space_in_name(path.stem)
    asked = PLANE_SPACE.get(latent_space, stated)
    if asked is None:
      raise LatentSpaceError(
        f"{shown(path)} does not say which latent space it is for; give latent_space='W' or 'Z'."
      )
    if stated is not None and stated != asked:
      raise LatentSpaceError(
        f"{shown(path)} is for latent space {stated}, not {asked}; load the boundary that was "
        f"trained in {asked}."
      )
    intercept = companion.get("intercept", 0.0)
    if isinstance(intercept, bool) or not isinstance(intercept, int | float):
      raise InputError(
        f"{shown(path.with_suffix('.json'))}: intercept is {reprlib.repr(intercept)}; it must be a number."
      )
    return cls(
      normal=normal,
      intercept=intercept / length,
      latent_space=asked,
      name=full_name(companion, path),
      provenance=companion.get("provenance") or {},
      calibration=companion.get("calibration"),
      source=shown(path),
    )

  def save(self, path: str | os.PathLike) -> Path:
    """Writes the `.npy` and its companion `.json`, each whole or not at all.

    Args:
      path: ends in `.npy`; the custom is `<attribute>_<w|z>_boundary.npy`.

    Returns:
      The path.

    Raises:
      InputError: if `path` does not end in `.npy`.
      OutputError: if it cannot be written.
    """
    companion = {
      "name": self.name,
      "latent_space": self.latent_space,
      "intercept": self.intercept,
      "provenance": self.provenance,
      "calibration": self.calibration,
    }
    normal = self.normal[np.newaxis]
    return write_with_companion(
      path, "boundaries", ".npy", lambda file: np.save(file, normal, allow_pickle=False), companion
    )


def _without(vector: np.ndarray, basis: np.ndarray) -> np.ndarray:
  """What is left of a vector [d] outside the span of orthonormal rows [k, d]."""
  # Twice: once leaves rounding errors of the first projection.
  for _ in range(2):
    vector = vector - basis.T @ (basis @ vector)
  return vector
