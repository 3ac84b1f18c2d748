"""Where the factors live in W and in Z: fixed orthonormal directions.

Thirteen independent scores u span an isotropic subspace of W. Factors follow from u, age and
eyeglasses correlated: the older wear glasses more often, so their boundaries are not orthogonal.
"""

import numpy as np

from privai_tf.demo.factors import NAMES, correlate

LATENT_SIZE = 512
_SPACES = {"W": 101, "Z": 102}  # Seeds of the directions.


def directions(latent_space: str) -> np.ndarray:
  """The fixed orthonormal directions of "W" or "Z", float64 [13, 512]."""
  rng = np.random.default_rng(_SPACES[latent_space])
  rows, _ = np.linalg.qr(rng.standard_normal((LATENT_SIZE, len(NAMES))))
  return rows.T


def sample_scores(count: int, seed: int) -> np.ndarray:
  """Independent standard normal scores u, float32 [count, 13]."""
  rng = np.random.default_rng(seed)
  return rng.standard_normal((count, len(NAMES))).astype(np.float32)


def factors_of_scores(scores: np.ndarray) -> np.ndarray:
  """u [N, 13] -> factors [N, 13]."""
  return correlate(scores).astype(np.float32)


def latents_of_scores(scores: np.ndarray) -> np.ndarray:
  """u [N, 13] -> w [N, 512], entries of unit variance on average."""
  scale = np.sqrt(LATENT_SIZE / len(NAMES))
  return (scores @ (directions("W") * scale)).astype(np.float32)


def scores_of_latents(latents: np.ndarray) -> np.ndarray:
  """w [N, 512] -> u [N, 13]: the reverse of `latents_of_scores`, which ignores all else in w."""
  scale = np.sqrt(LATENT_SIZE / len(NAMES))
  return (latents @ directions("W").T / scale).astype(np.float32)


def scores_of_z(z: np.ndarray) -> np.ndarray:
  """z [N, 512] -> u [N, 13]: projections of the pixel-normalized z."""
  z = np.asarray(z, np.float64)
  z = z / np.sqrt(np.mean(z * z, axis=1, keepdims=True) + 1e-8)
  return (z @ directions("Z").T).astype(np.float32)
