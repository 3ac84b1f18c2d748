"""Principal directions of a latent space, from generated samples: what scope "image" releases."""

import dataclasses
import io
import os
import weakref
from pathlib import Path
from typing import Any

import numpy as np

from privai_tf.errors import ConfigurationError, InputError
from privai_tf.privacy.calibration import plane_space, public_samples
from privai_tf.runtime import outside
from privai_tf.runtime.files import shown, write_bytes
from privai_tf.runtime.search_path import search_path

# Directions that vary less than this share of the first carry nothing but rounding errors.
_LEAST_DEVIATION = 1e-4
_SHARE = 0.99
_COMPUTED: "weakref.WeakKeyDictionary[Any, dict]" = weakref.WeakKeyDictionary()


@dataclasses.dataclass(frozen=True, eq=False)
class Directions:
  """Mean and principal directions of one latent space.

  Attributes:
    mean: float64 [d].
    basis: float64 [d, r], orthonormal, by falling variance; r is the numerical rank.
    deviations: float64 [r], standard deviations along them, in latent units.
    origin: generator fingerprint, latent space, count and seed of the samples.
  """

  mean: np.ndarray
  basis: np.ndarray
  deviations: np.ndarray
  origin: dict[str, Any]

  def components(self, asked: int | None) -> int:
    """How many directions to use: as asked, or as many as hold 99% of the variance.

    Raises:
      ConfigurationError: if more are asked for than vary at all.
    """
    rank = len(self.deviations)
    if asked is None:
      shares = np.cumsum(self.deviations**2) / np.sum(self.deviations**2)
      return min(rank, int(np.searchsorted(shares, _SHARE)) + 1)
    if asked > rank:
      raise ConfigurationError(
        f"components is {asked} and the generator's codes vary in {rank} directions only: ask for "
        f"at most {rank}."
      )
    return asked

  def save(self, path: str | os.PathLike) -> None:
    """Writes an `.npz`, whole or not at all."""
    buffer = io.BytesIO()
    arrays = {"mean": self.mean, "basis": self.basis, "deviations": self.deviations}
    origin = {f"origin_{key}": np.array(str(value)) for key, value in self.origin.items()}
    np.savez(buffer, allow_pickle=False, **arrays, **origin)
    write_bytes(path, buffer.getvalue())

  @classmethod
  def load(cls, path: str | os.PathLike) -> "Directions":
    """Reads what `save` wrote.

    Raises:
      InputError: if the file is damaged.
    """
    damaged = InputError(f"{shown(path)} does not hold principal directions; make it anew.")
    with outside.damage_as(damaged):
      arrays = outside.read_arrays(path)
      origin = {key.removeprefix("origin_"): str(arrays[key]) for key in arrays if "origin_" in key}
      loaded = cls(arrays["mean"], arrays["basis"], arrays["deviations"], origin)
    basis = loaded.basis
    sound = basis.ndim == 2 and loaded.mean.shape == basis.shape[:1]
    sound = sound and loaded.deviations.shape == basis.shape[1:] and bool(loaded.deviations.all())
    if not sound or not np.allclose(basis.T @ basis, np.eye(basis.shape[1]), atol=1e-6):
      raise InputError(f"{shown(path)} holds directions that are not orthonormal; make it anew.")
    return loaded


def principal_directions(
  generator: Any, latent_space: str, count: int, seed: int, folder: Path | None = None
) -> Directions:
  """The directions stored for these samples, or computed from them.

  Args:
    generator: a `Generator`.
    latent_space: "W" or "W+" (one layer's codes are W codes), or "Z".
    count, seed: the samples. Directions are kept for the next call.
    folder: where `CHECKPOINT/principal_<w|z>.npz` are looked for; one counts only if it was made
      from this generator and these samples. None: wherever boundaries are.
  """
  space = plane_space(latent_space)
  origin = {
    "generator": getattr(generator, "fingerprint", None),
    "latent_space": space,
    "count": count,
    "seed": seed,
  }
  kept = _COMPUTED.setdefault(generator, {})
  key = (space, count, seed, folder)
  if key not in kept:
    kept[key] = _stored(origin, folder) or compute_directions(
      public_samples(generator, space, count, seed), origin
    )
  return kept[key]


def _stored(origin: dict[str, Any], folder: Path | None) -> Directions | None:
  wanted = {key: str(value) for key, value in origin.items()}
  folders = search_path("boundaries") if folder is None else (folder,)
  pattern = f"*/principal_{origin['latent_space'].lower()}.npz"
  for path in (path for folder in folders for path in sorted(folder.glob(pattern))):
    stored = Directions.load(path)
    if stored.origin == wanted:
      return stored
  return None


def compute_directions(samples: np.ndarray, origin: dict[str, Any]) -> Directions:
  """Principal directions of samples; signs are fixed so that they are reproducible.

  Args:
    samples: [n, d], n >= 2, finite, latent units.
    origin: what they are, kept with the result.

  Returns:
    As many directions as vary by more than 1e-4 of the first one's deviation.

  Raises:
    ConfigurationError: if the samples do not vary.
  """
  samples = samples.astype(np.float64)
  mean = samples.mean(axis=0)
  variances, basis = np.linalg.eigh(np.cov(samples, rowvar=False))
  deviations = np.sqrt(np.maximum(variances[::-1], 0))
  basis = basis[:, ::-1]
  rank = int((deviations > _LEAST_DEVIATION * deviations[0]).sum())
  if rank == 0:
    raise ConfigurationError("The generator's codes do not vary: there are no directions.")
  basis = basis[:, :rank]
  basis = basis * np.sign(basis[np.abs(basis).argmax(axis=0), np.arange(rank)])
  return Directions(mean, basis, deviations[:rank], origin)
