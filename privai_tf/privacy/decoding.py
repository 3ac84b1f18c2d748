"""What is made of a noisy number with public knowledge: its posterior mean, or a draw from it.

A decoder is a function of the noisy number, public figures and randomness of its own. So it is
post-processing: it costs nothing, whatever it does, and its randomness needs no hardening.
"""

import functools
from collections.abc import Callable
from typing import Protocol

import numpy as np

from privai_tf.privacy.extremal.cells import cell_values
from privai_tf.privacy.grid import from_grid
from privai_tf.privacy.mechanisms import Mechanism
from privai_tf.privacy.mechanisms.gaussian import Gaussian

DECODINGS = ("raw", "value", "mean", "sample")
_MOST_SAMPLES = 4096
_MOST_NUMBERS = 1 << 22  # In one array.


class Decoder(Protocol):
  """Noisy numbers -> what is published in their place."""

  def __call__(self, noisy: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
    """Decodes rows, each on its own.

    Args:
      noisy: float64 [m, k], latent units, from `Mechanism.noisy`.
      uniforms: float64 [m, k] in [0, 1): the decoder's own randomness.

    Returns:
      float64 [m, k].
    """


def make_decoder(
  decode: str, mechanism: Mechanism, samples: np.ndarray, scope: str = "attribute"
) -> Decoder | None:
  """The decoder of a mechanism's outputs; None where they are published as they are.

  Args:
    decode: "raw" or "value" (none), "mean" or "sample".
    mechanism: calibrated.
    samples: public numbers, float64 [n, k].
    scope: "image": the components are nearly normal, and Gaussian noise has a closed form.
  """
  if decode in ("raw", "value"):
    return None
  if mechanism.needs_samples:
    return CellDraw(mechanism)
  if scope == "image" and isinstance(mechanism, Gaussian):
    return Wiener(mechanism, samples, decode == "sample")
  return Posterior(mechanism, samples, decode == "sample")


class Posterior:
  """The posterior over the public samples themselves, as likely as the noise makes each.

  For one number that is its exact posterior under the empirical distribution; for several, the
  samples' importance weights.
  """

  def __init__(self, mechanism: Mechanism, samples: np.ndarray, draw: bool):
    self._mechanism, self._draw = mechanism, draw
    self._samples = np.asarray(samples[:_MOST_SAMPLES], np.float64)

  def __call__(self, noisy: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
    decoded = np.empty_like(noisy)
    step = max(1, _MOST_NUMBERS // self._samples.size)
    for start in range(0, len(noisy), step):
      rows = slice(start, start + step)
      weights = self.weights(noisy[rows])
      if self._draw:
        sums = np.cumsum(weights, axis=1)
        places = (sums <= uniforms[rows, :1] * sums[:, -1:]).sum(axis=1)
        decoded[rows] = self._samples[np.minimum(places, len(self._samples) - 1)]
      else:
        decoded[rows] = weights @ self._samples / weights.sum(axis=1, keepdims=True)
    return decoded

  def weights(self, noisy: np.ndarray) -> np.ndarray:
    """How likely each public sample is, up to a factor: float64 [m, n]."""
    logs = self._likelihood(noisy)
    return np.exp(logs - logs.max(axis=1, keepdims=True))

  @functools.cached_property
  def _likelihood(self) -> Callable[[np.ndarray], np.ndarray]:
    return self._mechanism.likelihood(self._samples)


class Wiener:
  """The posterior of normal components under normal noise: one factor a component."""

  def __init__(self, mechanism: Mechanism, samples: np.ndarray, draw: bool):
    clipped = from_grid(mechanism.encode(samples))
    self._mean, variance = clipped.mean(axis=0), clipped.var(axis=0)
    # N(m, v) seen through N(0, s^2): mean m + f (y - m), variance f s^2, with f = v / (v + s^2).
    self._factor = variance / (variance + mechanism.noise_scale**2)
    self._deviation = np.sqrt(self._factor) * mechanism.noise_scale if draw else None

  def __call__(self, noisy: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
    mean = self._mean + self._factor * (noisy - self._mean)
    if self._deviation is None:
      return mean
    from scipy.special import ndtri

    return mean + self._deviation * ndtri(np.clip(uniforms, 2.0**-53, 1 - 2.0**-53))


class CellDraw:
  """The posterior of an extremal output: a cell as likely as the output makes it, a sample in it."""

  def __init__(self, mechanism: Mechanism):
    self._mechanism = mechanism
    joint = mechanism.cells.mass[:, np.newaxis] * mechanism.table.shares
    self._sums = np.cumsum(joint.T, axis=1)  # [m, N]

  def __call__(self, noisy: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
    sums = self._sums[self._mechanism.index_of(noisy[:, 0])]
    mass = np.concatenate([np.zeros((len(sums), 1)), sums], axis=1)
    wanted = uniforms[:, 0] * sums[:, -1]
    # One uniform serves twice: its place among the cells, and then its place within the cell.
    cells = np.minimum((sums <= wanted[:, np.newaxis]).sum(axis=1), sums.shape[1] - 1)
    rows = np.arange(len(cells))
    within = (wanted - mass[rows, cells]) / (mass[rows, cells + 1] - mass[rows, cells])
    return cell_values(self._mechanism.cells, cells, within)[:, np.newaxis]
