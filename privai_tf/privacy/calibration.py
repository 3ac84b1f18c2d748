"""Public figures: clip radius, side distance, principal directions. From generated samples only.

Nothing here takes a photo's latents. The samples are reproducible from the generator's weights, a
seed and a count, which are stored with every figure.
"""

import dataclasses
import weakref
from typing import Any

import numpy as np

from privai_tf.attributes.boundary import Boundary

QUANTILES = (0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1.0)
_BATCH = 1000
_SAMPLES: "weakref.WeakKeyDictionary[Any, dict]" = weakref.WeakKeyDictionary()


def plane_space(latent_space: str) -> str:
  """The space that one layer's code is from: W for W+."""
  return "W" if latent_space == "W+" else latent_space


def public_mean(generator: Any, latent_space: str) -> np.ndarray:
  """mu of one code, float64 [d]: the generator's running mean of w, or zeros in Z."""
  return np.asarray(generator.mean_latent(plane_space(latent_space)), np.float64)


def public_samples(generator: Any, latent_space: str, count: int, seed: int) -> np.ndarray:
  """Codes of generated samples; kept for the next call.

  Args:
    generator: a `Generator`.
    latent_space: "W" or "W+" (W codes), or "Z".
    count: how many.
    seed: of `sample_z`.

  Returns:
    float32 [count, d], not to be written to.
  """
  kept = _SAMPLES.setdefault(generator, {})
  key = (plane_space(latent_space), count, seed)
  if key not in kept:
    codes = np.asarray(generator.sample_z(count, seed=seed))
    if key[0] == "W":
      labels = _public_labels(generator, count, seed)
      parts = [
        np.asarray(generator.map(codes[rows], None if labels is None else labels[rows]))
        for rows in (slice(start, start + _BATCH) for start in range(0, count, _BATCH))
      ]
      codes = np.concatenate(parts)
    codes.setflags(write=False)
    kept[key] = codes
  return kept[key]


def _public_labels(generator: Any, count: int, seed: int) -> np.ndarray | None:
  """Uniform classes, float32 [count, label_size], for a network that needs labels."""
  size = getattr(getattr(generator, "config", None), "label_size", 0)
  if size == 0:
    return None
  classes = np.random.Generator(np.random.PCG64(seed)).integers(size, size=count)
  return np.eye(size, dtype=np.float32)[classes]


def labels_of(generator: Any, classes: np.ndarray) -> np.ndarray | None:
  """One-hot labels of public numbers, for a network that needs labels; else None.

  Args:
    generator: a `Generator`.
    classes: int64 [n], >= 0; the remainder by the number of classes counts.

  Returns:
    float32 [n, label_size], or None.
  """
  size = getattr(getattr(generator, "config", None), "label_size", 0)
  return np.eye(size, dtype=np.float32)[classes % size] if size else None


def calibrate(
  boundary: Boundary, generator: Any, *, count: int = 10_000, seed: int = 0
) -> Boundary:
  """The boundary with its public figures, to be saved with it.

  Args:
    boundary: of one of the generator's spaces.
    generator: a `Generator`.
    count: how many samples.
    seed: of the samples.

  Returns:
    A copy whose `calibration` holds the samples' origin, the quantiles of the coordinate's size
    `|n . (w - mu)|`, and the median distance from the plane.

  Raises:
    LatentSpaceError: if the boundary's width is not the generator's.
  """
  codes = public_samples(generator, boundary.latent_space, count, seed)
  boundary.require_space(boundary.latent_space, codes.shape[1])
  offsets = (codes - public_mean(generator, boundary.latent_space)) @ boundary.normal
  calibration = {
    "generator": getattr(generator, "fingerprint", None),
    "count": count,
    "seed": seed,
    "coordinate_quantiles": {
      str(level): upper_quantile(np.abs(offsets), level) for level in QUANTILES
    },
    "median_distance": float(np.median(np.abs(boundary.coordinate(codes)))),
  }
  return dataclasses.replace(boundary, calibration=calibration)


def upper_quantile(values: np.ndarray, level: float) -> float:
  """The least sample that at least `level` of the samples do not exceed.

  Args:
    values: [n], n >= 1, finite.
    level: in [0, 1].

  Returns:
    One of the values: no interpolation, which could fall below what the level asks for.
  """
  return float(np.quantile(values, level, method="inverted_cdf"))
