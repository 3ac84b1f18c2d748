"""Where the search starts. An encoder, where there is one, will be one more way."""

import numpy as np

from privai_tf.inversion.spec import InversionSpec
from privai_tf.inversion.statistics import LatentStatistics

_COMPARED = 32  # Candidates are compared on thumbnails of at most this side.


def start_codes(
  targets: np.ndarray, generator, spec: InversionSpec, statistics: LatentStatistics
) -> np.ndarray:
  """The first code of every image.

  Args:
    targets: float32 [N, R, R, C] in [-1, 1].
    generator: a `privai_tf.Generator`.
    spec: the settings; `spec.candidates` decides.
    statistics: of the latent space.

  Returns:
    float32 [N, d], or [N, L, d] for W+.
  """
  if spec.candidates is None:
    codes = np.repeat(statistics.mean[None], len(targets), axis=0)
  else:
    codes = _best_candidates(targets, generator, spec)
  if spec.latent_space == "W+":
    codes = np.repeat(codes[:, None], generator.num_layers, axis=1)
  return np.ascontiguousarray(codes, np.float32)


def _best_candidates(targets: np.ndarray, generator, spec: InversionSpec) -> np.ndarray:
  """For every image the random code whose image is nearest; one pool serves all images."""
  pool = np.asarray(generator.sample_z(spec.candidates, seed=spec.seed))
  space = "Z"
  if spec.latent_space != "Z":
    pool, space = np.asarray(generator.map(pool)), "W"
  if len(pool) == 1:
    return np.repeat(pool, len(targets), axis=0)
  images = _thumbnails(generator.synthesize(pool, latent_space=space, noise=spec.noise))
  wanted = _thumbnails(targets)
  distances = [np.mean(np.square(images - goal), axis=1) for goal in wanted]
  return pool[np.argmin(distances, axis=1)]


def _thumbnails(images: np.ndarray) -> np.ndarray:
  """Block averages, flattened: [N, features]."""
  count, side = len(images), images.shape[1]
  block = max(1, side // _COMPARED)
  kept = side // block * block
  cut = images[:, :kept, :kept].reshape(count, kept // block, block, kept // block, block, -1)
  return cut.mean(axis=(2, 4)).reshape(count, -1)
