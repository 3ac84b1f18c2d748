"""The best attacker there is in scope "image": it knows the mechanism and asks which face is likeliest.

With equally likely faces no other is right more often (Bayes). It sees the mechanism's own output,
before that is clamped or decoded, so it is a ceiling for all who see the published code or picture.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import logsumexp

from privai_tf.evaluation.recognition.matching import galleries
from privai_tf.privacy.grid import from_grid


def observed(prepared: Any, coordinates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  """One release of each face, and what the mechanism had said before it was clamped.

  Args:
    prepared: a `PreparedRelease` of scope "image".
    coordinates: int64 [n, numbers], of `Encoded`.

  Returns:
    float64 [n, numbers] of noisy numbers, and float32 codes as they are published.
  """
  noisy, published = np.empty(coordinates.shape), np.empty(coordinates.shape)
  for block in prepared.blocks:
    mechanism, own = block.mechanism, coordinates[:, block.positions]
    drawn = mechanism.noisy(own)
    noisy[:, block.positions] = from_grid(drawn)
    if block.decoder is not None:
      uniforms = np.random.default_rng().random(own.shape)
      published[:, block.positions] = block.decoder(from_grid(drawn), uniforms)
    else:
      published[:, block.positions] = from_grid(mechanism.clamp(drawn))
  return noisy, prepared.layout.assemble(published)


def likeliest_scores(
  prepared: Any, noisy: np.ndarray, coordinates: np.ndarray, sizes: Sequence[int]
) -> dict[int, np.ndarray]:
  """How likely, given a release, each face of its gallery is: the logarithm, up to a constant.

  Args:
    prepared: a `PreparedRelease` of scope "image".
    noisy: float64 [n, numbers], from `observed`.
    coordinates: int64 [n, numbers], the faces' own.
    sizes: of galleries.

  Returns:
    By size, float64 [n // size, size, size]: gallery, release, original.
  """
  largest = max(sizes)
  whole = _log_likelihoods(prepared, noisy, coordinates, largest)
  scores = {}
  for size in sizes:
    if largest % size == 0 and len(noisy) % largest == 0:  # These lie within the largest galleries.
      parts = whole.reshape(-1, largest // size, size, largest // size, size)
      logs = np.einsum("gmrmo->gmro", parts).reshape(-1, size, size)
    else:
      logs = _log_likelihoods(prepared, noisy, coordinates, size)
    # Each row sums to 1, so that different releases can be compared, too.
    scores[size] = logs - logsumexp(logs, axis=-1, keepdims=True)
  return scores


def _log_likelihoods(
  prepared: Any, noisy: np.ndarray, coordinates: np.ndarray, size: int
) -> np.ndarray:
  seen, faces = galleries(noisy, size), galleries(from_grid(coordinates), size)
  logs = np.zeros((len(seen), size, size))
  for block in prepared.blocks:
    mechanism, own = block.mechanism, block.positions
    for gallery, releases, originals in zip(logs, seen, faces, strict=True):
      inputs, outputs = originals[:, own], releases[:, own]
      if mechanism.has_codebook:
        gallery += _inside(mechanism, inputs, outputs[:, 0])
      else:
        gallery += mechanism.likelihood(inputs)(outputs)
  return logs


def _inside(mechanism: Any, inputs: np.ndarray, outputs: np.ndarray) -> np.ndarray:
  """epsilon where a released codeword is among those that resemble a face most, [releases, faces]."""
  chosen = np.rint(outputs).astype(np.int64)
  among = np.zeros((len(outputs), len(inputs)))
  for column, cosines in zip(among.T, mechanism.neighbours.cosines(inputs), strict=True):
    nearest = mechanism.neighbours.order(cosines, mechanism.subset_size)[: mechanism.subset_size]
    column[np.isin(chosen, nearest)] = mechanism.epsilon
  return among
