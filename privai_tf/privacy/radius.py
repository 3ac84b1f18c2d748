"""The clip radius that costs the picture least: chosen publicly, for one epsilon.

A small radius bends what lies outside, a large one needs more noise. Over public samples the
expected error of what is published, decoded as asked for, is computed for radii a quarter (or half)
of a power of two apart, and the best one is taken.
"""

import functools
import hashlib
from typing import Any

import numpy as np

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.calibration import upper_quantile
from privai_tf.privacy.decoding import make_decoder
from privai_tf.privacy.grid import from_grid
from privai_tf.privacy.mechanisms import Mechanism, make_mechanism, mechanism_class

_OCTAVES = 7  # From the 0.999 quantile down.
_LEVELS = 193  # Quantiles of the samples that stand for them.
_ROWS = 128  # Samples of several numbers that are released for a trial.
_OUTPUTS = 513
_REACH = 10.0  # Noise scales beyond the clip set.
_SEED = 20_003


def best_radius(
  name: str,
  epsilon: float,
  delta: float,
  samples: np.ndarray,
  *,
  decode: str = "raw",
  loss: str = "l2",
  scope: str = "attribute",
) -> float:
  """The radius of least expected error; found once for equal arguments.

  Args:
    name: of a mechanism that clips.
    epsilon, delta: of its release.
    samples: public numbers, float64 [n, k].
    decode: "raw", "mean" or "sample".
    loss: "l1" (sum of absolute errors) or "l2" (of squared ones).
    scope: see `decoding.make_decoder`.

  Returns:
    Latent units.
  """
  samples = np.ascontiguousarray(samples, np.float64)
  key = _Samples(samples)
  return _best_radius(name, epsilon, delta, key, decode, loss, scope)


def norms(name: str, samples: np.ndarray) -> np.ndarray:
  """What a mechanism clips, before it does.

  Args:
    name: of a mechanism.
    samples: float64 [n, k], latent units.

  Returns:
    float64 [n], L1 or L2 as the mechanism clips.
  """
  order = 1 if mechanism_class(name).norm == "l1" else 2
  return np.linalg.norm(samples, ord=order, axis=1)


class _Samples:
  """Samples that compare by their content."""

  def __init__(self, values: np.ndarray):
    self.values = values
    self._digest = hashlib.sha256(values.tobytes() + str(values.shape).encode()).digest()

  def __hash__(self) -> int:
    return hash(self._digest)

  def __eq__(self, other: Any) -> bool:
    return isinstance(other, _Samples) and self._digest == other._digest


@functools.lru_cache(maxsize=256)
def _best_radius(name, epsilon, delta, samples: _Samples, decode, loss, scope) -> float:
  values = samples.values
  largest = max(upper_quantile(norms(name, values), 0.999), 2.0**-8)
  one = values.shape[1] == 1
  radii = largest * 2.0 ** -np.arange(0, _OCTAVES, 0.25 if one else 0.5)
  error = _error_of_one if one else _error_of_several
  errors = np.full(len(radii), np.inf)
  for index, radius in enumerate(radii):
    try:
      mechanism = make_mechanism(
        name, epsilon=epsilon, delta=delta, clip_radius=radius, dimensions=values.shape[1]
      )
    except ConfigurationError:  # Too small for the grid; if all are, the plan says what is wrong.
      continue
    errors[index] = error(mechanism, values, decode, loss, scope)
  return float(radii[int(np.argmin(errors))])


def _error_of_one(mechanism: Mechanism, samples: np.ndarray, decode, loss, scope) -> float:
  """By quadrature: outputs on a fine line, the samples' quantiles as inputs."""
  points = np.quantile(samples[:, 0], (np.arange(_LEVELS) + 0.5) / _LEVELS)
  radius, scale = mechanism.clip_radius, mechanism.noise_scale
  reach = radius if mechanism.name == "exponential" else radius + _REACH * scale
  # Dense in the clip set, where the kinks are, and twice as wide steps outside by and by.
  line = np.sinh(np.linspace(-1, 1, _OUTPUTS) * np.arcsinh(reach / radius)) * radius
  logs = mechanism.likelihood(points[:, np.newaxis])(line[:, np.newaxis])
  likely = np.exp(logs) * np.gradient(line)[:, np.newaxis]
  likely /= likely.sum(axis=0)  # [outputs, inputs]: P(output | input)
  joint = likely / len(points)
  posterior = joint / np.maximum(joint.sum(axis=1, keepdims=True), 1e-300)
  if decode == "sample":
    return _error_of_draws(joint.sum(axis=1), posterior, points, loss)
  published = posterior @ points if decode == "mean" else np.clip(line, -radius, radius)
  distance = np.abs(published[:, np.newaxis] - points)
  return float((joint * (distance if loss == "l1" else distance**2)).sum())


def _error_of_draws(output: np.ndarray, posterior: np.ndarray, points: np.ndarray, loss) -> float:
  """Mean distance of two independent draws from a posterior: the truth, and what is published."""
  if loss == "l2":
    mean = posterior @ points
    return float(2 * output @ (posterior @ points**2 - mean**2))
  below = np.cumsum(posterior, axis=1)[:, :-1]  # E|X - X'| = 2 sum F (1 - F) over the gaps.
  return float(2 * output @ ((below * (1 - below)) @ np.diff(points)))


def _error_of_several(mechanism: Mechanism, samples: np.ndarray, decode, loss, scope) -> float:
  """By Monte Carlo with a fixed public seed."""
  import tensorflow as tf

  some = samples[:_ROWS]
  inputs = tf.constant(from_grid(mechanism.encode(some)))
  noisy = mechanism.distribution(inputs).sample(seed=tf.constant([_SEED, 1])).numpy()
  decoder = make_decoder(decode, mechanism, samples[_ROWS : 4 * _ROWS], scope)
  if decoder is None:
    published = from_grid(mechanism.clamp(np.rint(noisy * 2.0**16).astype(np.int64)))
  else:
    uniforms = np.random.Generator(np.random.PCG64(_SEED)).random(noisy.shape)
    published = decoder(noisy, uniforms)
  distance = np.abs(published - some)
  return float((distance if loss == "l1" else distance**2).sum(axis=1).mean())
