"""Mean and spread of a latent space, from public samples of the generator."""

import dataclasses
import weakref

import numpy as np

from privai_tf.generators.codes import random_labels
from privai_tf.runtime.kept import Arrays, kept_arrays, key_of
from privai_tf.shapes import Codes

_SAMPLES = 4096  # Eight for each of 512 coordinates; the covariance is regularized besides.
_SEED, _FRESH_SEED = 0, 1
_KNOWN_SHARE = 0.999
_RIDGE = 1e-2
_FOLDER, _FORMAT = "latent_statistics", 1
_known = weakref.WeakKeyDictionary()  # Per generator, as long as it lives; weights do not change.


@dataclasses.dataclass(frozen=True)
class LatentStatistics:
  """What the latent space of a generator looks like.

  Attributes:
    mean: float32 [d].
    scale: root mean square, over the coordinates, of the standard deviation.
    precision: float32 [d, d], so that `(w - mean)' precision (w - mean)` is 1 on average for the
      generator's own codes.
    root: float32 [d, d]; `w = mean + c root` makes codes of the space's covariance from c of unit
      covariance.
    inverse_root: float32 [d, d], its inverse.
    distance_limit: what `distances` of 999 of 1000 of the generator's own codes stay below.
  """

  mean: np.ndarray
  scale: float
  precision: np.ndarray
  root: np.ndarray
  inverse_root: np.ndarray
  distance_limit: float

  def distances(self, codes: Codes) -> np.ndarray:
    """Distance from the mean in standard deviations, root mean square over directions and layers.

    Args:
      codes: [N, d], or [N, L, d].

    Returns:
      float64 [N], about 1 for the generator's own codes.
    """
    centred = np.asarray(codes, np.float64) - self.mean
    squares = np.sum((centred @ self.precision) * centred, axis=-1)
    return np.sqrt(np.maximum(squares.reshape(len(codes), -1).mean(axis=1), 0))


def latent_statistics(generator, latent_space: str) -> LatentStatistics:
  """Measures a latent space on 4096 random codes (Z is standard normal by definition), once.

  Args:
    generator: a `privai_tf.Generator`.
    latent_space: "W", "W+" (one layer's statistics, those of W) or "Z".
  """
  if latent_space == "Z":
    width = generator.latent_size
    identity = np.eye(width, dtype=np.float32)
    mean = np.zeros(width, np.float32)
    known = LatentStatistics(mean, 1.0, identity / width, identity, identity, np.inf)
    return _limited(known, generator.sample_z(_SAMPLES, seed=_FRESH_SEED))
  if generator not in _known:
    _known[generator] = _kept(generator)
  return _known[generator]


def _kept(generator) -> LatentStatistics:
  """Measured, or as an earlier process measured it; only searches and warnings hang on it."""

  def sound(found: Arrays) -> bool:
    width = generator.mean_latent("W").shape[-1]
    shapes = {"mean": (width,), "scale": (), "distance_limit": ()}
    shapes |= dict.fromkeys(("precision", "root", "inverse_root"), (width, width))
    return all(
      value.shape == shapes[name] and value.dtype.kind == "f" and np.isfinite(value).all()
      for name, value in found.items()
    )

  found = kept_arrays(
    _FOLDER,
    key_of(generator, _SAMPLES, _SEED, _FRESH_SEED, _KNOWN_SHARE, _RIDGE, _FORMAT),
    lambda: {name: np.asarray(value) for name, value in vars(_measured(generator)).items()},
    sound,
    *(field.name for field in dataclasses.fields(LatentStatistics)),
  )
  return LatentStatistics(**{k: v if v.ndim else float(v) for k, v in found.items()})


def _limited(statistics: LatentStatistics, codes: np.ndarray) -> LatentStatistics:
  """With the limit of the distances of codes that the statistics were not measured on."""
  limit = float(np.quantile(statistics.distances(codes), _KNOWN_SHARE))
  return dataclasses.replace(statistics, distance_limit=limit)


def _own_codes(generator, seed: int) -> np.ndarray:
  labels = random_labels(generator.config.label_size, _SAMPLES, _SEED)
  return np.asarray(generator.map(generator.sample_z(_SAMPLES, seed=seed), labels), np.float64)


def _measured(generator) -> LatentStatistics:
  codes = _own_codes(generator, _SEED)
  mean = np.asarray(generator.mean_latent("W"), np.float64)
  covariance = np.cov(codes, rowvar=False)
  width = len(mean)
  # A ridge: directions without variance must neither weigh infinitely nor be out of reach.
  ridge = max(_RIDGE * np.trace(covariance) / width, np.finfo(np.float32).tiny)
  variances, directions = np.linalg.eigh(covariance)
  deviations = np.sqrt(np.maximum(variances, 0) + ridge)
  inverse_root = directions / deviations
  typical = np.mean(np.sum(np.square((codes - mean) @ inverse_root), axis=1))
  known = LatentStatistics(
    mean=mean.astype(np.float32),
    scale=float(np.sqrt(np.trace(covariance) / width)),
    precision=(inverse_root @ inverse_root.T / max(typical, 1e-12)).astype(np.float32),
    root=np.ascontiguousarray((directions * deviations).T, np.float32),
    inverse_root=inverse_root.astype(np.float32),
    distance_limit=np.inf,
  )
  return _limited(known, _own_codes(generator, _FRESH_SEED))
