"""The statistic of an audit: how much likelier a release is from one neighbour than from the other.

No attacker decides between two known inputs better than by the likelihood ratio (Neyman and Pearson
1933), so a threshold on it is the event to count. Everything that it needs is public: the mechanism,
the noise of the rest, and the two inputs, which differential privacy lets the attacker know.

The ratio of one number grows with that number for every mechanism here (noise with a concave
log-density; two values; the clamp keeps the order): there a threshold on the number *is* the test,
atoms at the ends of the clip set included. Several numbers, or numbers together with a rest, need
the sum. It takes densities before the clamp, which at the clip's ends stand for the atoms there:
exactly right for Laplace noise, the same order for others, and any statistic bounds epsilon.

A release that forgets to noise its rest would hide in that sum, which expects the noise. So the rest
alone is a second statistic; the audit takes what tells more.
"""

from typing import Any

import numpy as np

from privai_tf.privacy.grid import from_grid, to_grid
from privai_tf.privacy.rest import rest_from_grid


def of_codes(audited: Any, codes: np.ndarray) -> np.ndarray:
  """What an attacker computes from published codes.

  Args:
    audited: an `AuditedRelease`.
    codes: float32 [n, ...].

  Returns:
    float64 [n, 1 or 2], log-likelihood ratios of the upper neighbour against the lower one: of all
    that is published, and, where there is one, of the rest alone.
  """
  if audited.mechanism.has_codebook:
    return of_numbers(audited, _indices(audited.prepared.layout, codes))[:, np.newaxis]
  numbers, rest = audited.prepared.layout.parts(codes.astype(np.float64))
  # Published numbers lie on the grid; their float32 rounding is far below its step.
  ratios = of_numbers(audited, from_grid(to_grid(numbers)))
  if rest is None or audited.prepared.rest is None:
    return ratios[:, np.newaxis]
  of_rest = _of_rest(audited, rest)
  return np.stack([ratios + of_rest, of_rest], axis=1)


def of_numbers(audited: Any, numbers: np.ndarray) -> np.ndarray:
  """What an attacker computes from a mechanism's outputs.

  Args:
    audited: an `AuditedRelease`.
    numbers: float64 [n, k], latent units; of a codebook the index, in all columns.

  Returns:
    float64 [n], log-likelihood ratios (natural) of the upper neighbour against the lower one.
  """
  if audited.mechanism.has_codebook:
    numbers = numbers[:, :1]  # The index, in all numbers the same.
  upper, lower = (
    audited.mechanism.distribution(from_grid(encoded.coordinates)).log_prob(numbers).numpy()
    for encoded in audited.inputs
  )
  return upper - lower


def _indices(layout: Any, codes: np.ndarray) -> np.ndarray:
  """Which codewords were published, float64 [n, 1]: anybody can make the codebook again."""
  first = codes.reshape(len(codes), -1)[:, : len(layout.mean)]
  codewords = np.concatenate(list(layout.codebook.blocks()))
  return np.array([[((codewords - code) ** 2).sum(axis=1).argmin()] for code in first], np.float64)


def _of_rest(audited: Any, rest: np.ndarray) -> np.ndarray:
  """The ratios of released rests, float64 [n, p] in latent units -> float64 [n]."""
  noise = audited.prepared.rest
  upper, lower = (rest - rest_from_grid(encoded.rest) for encoded in audited.inputs)
  if noise.scale_steps is not None:
    return (np.abs(lower) - np.abs(upper)).sum(axis=1) / noise.noise_scale
  return (lower**2 - upper**2).sum(axis=1) / (2 * noise.noise_scale**2)
