"""Mean and spread of a latent space, from public samples of the generator."""

import dataclasses
import weakref

import numpy as np

_SAMPLES = 4096  # Eight for each of 512 coordinates; the covariance is regularized besides.
_SEED = 0
_RIDGE = 1e-2
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
  """

  mean: np.ndarray
  scale: float
  precision: np.ndarray
  root: np.ndarray
  inverse_root: np.ndarray


def latent_statistics(generator, latent_space: str) -> LatentStatistics:
  """Measures a latent space on 4096 random codes (Z is standard normal by definition), once.

  Args:
    generator: a `privai_tf.Generator`.
    latent_space: "W", "W+" (one layer's statistics, those of W) or "Z".
  """
  if latent_space == "Z":
    width = generator.latent_size
    identity = np.eye(width, dtype=np.float32)
    return LatentStatistics(np.zeros(width, np.float32), 1.0, identity / width, identity, identity)
  if generator not in _known:
    _known[generator] = _measured(generator)
  return _known[generator]


def _measured(generator) -> LatentStatistics:
  labels = _random_labels(generator.config.label_size) if generator.config.label_size else None
  samples = generator.map(generator.sample_z(_SAMPLES, seed=_SEED), labels)
  codes = np.asarray(samples, np.float64)
  mean = np.asarray(generator.mean_latent("W"), np.float64)
  covariance = np.cov(codes, rowvar=False)
  width = len(mean)
  # A ridge: directions without variance must neither weigh infinitely nor be out of reach.
  ridge = max(_RIDGE * np.trace(covariance) / width, np.finfo(np.float32).tiny)
  variances, directions = np.linalg.eigh(covariance)
  deviations = np.sqrt(np.maximum(variances, 0) + ridge)
  inverse_root = directions / deviations
  typical = np.mean(np.sum(np.square((codes - mean) @ inverse_root), axis=1))
  return LatentStatistics(
    mean=mean.astype(np.float32),
    scale=float(np.sqrt(np.trace(covariance) / width)),
    precision=(inverse_root @ inverse_root.T / max(typical, 1e-12)).astype(np.float32),
    root=np.ascontiguousarray((directions * deviations).T, np.float32),
    inverse_root=inverse_root.astype(np.float32),
  )


def _random_labels(label_size: int) -> np.ndarray:
  """One-hot labels, each class equally likely: the space is that of all classes together."""
  classes = np.random.RandomState(_SEED).randint(label_size, size=_SAMPLES)
  return np.eye(label_size, dtype=np.float32)[classes]
