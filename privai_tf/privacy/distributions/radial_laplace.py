"""The L2 Laplace distribution: density proportional to exp(-|x - loc|_2 / scale) in k dimensions."""

import math
from typing import Any

import tensorflow as tf
import tensorflow_probability as tfp

tfd = tfp.distributions


class RadialLaplace(tfd.Distribution):
  """Uniform direction, radius `Gamma(k, scale)`.

  The density is `exp(-|x - loc|_2 / scale) / (S scale^k Gamma(k))` with the sphere's surface
  `S = 2 pi^(k/2) / Gamma(k/2)`; at k = 1 it is the Laplace distribution's.
  """

  def __init__(self, loc: Any, scale: Any, name: str = "RadialLaplace"):
    """Makes the distribution.

    Args:
      loc: [..., k].
      scale: scalar, > 0.
      name: of the ops.
    """
    parameters = dict(locals())
    self._loc = tf.convert_to_tensor(loc)
    self._scale = tf.convert_to_tensor(scale, self._loc.dtype)
    super().__init__(
      dtype=self._loc.dtype,
      reparameterization_type=tfd.FULLY_REPARAMETERIZED,
      validate_args=False,
      allow_nan_stats=False,
      parameters=parameters,
      name=name,
    )

  @property
  def _dimensions(self) -> int:
    return int(self._loc.shape[-1])

  def _batch_shape(self):
    return self._loc.shape[:-1]

  def _batch_shape_tensor(self, **kwargs):
    return tf.shape(self._loc)[:-1]

  def _event_shape(self):
    return self._loc.shape[-1:]

  def _event_shape_tensor(self, **kwargs):
    return tf.shape(self._loc)[-1:]

  def _sample_n(self, n, seed=None):
    direction_seed, radius_seed = tfp.random.split_seed(seed, n=2, salt="radial_laplace")
    shape = tf.concat([[n], tf.shape(self._loc)], axis=0)
    normal = tfp.random.spherical_uniform(
      shape[:-1], self._dimensions, dtype=self.dtype, seed=direction_seed
    )
    radius = tf.random.stateless_gamma(
      shape[:-1], radius_seed, alpha=tf.cast(self._dimensions, self.dtype), dtype=self.dtype
    )
    return self._loc + self._scale * radius[..., tf.newaxis] * normal

  def _log_prob(self, value):
    k = self._dimensions
    log_surface = math.log(2) + k / 2 * math.log(math.pi) - math.lgamma(k / 2)
    log_normalizer = log_surface + math.lgamma(k)
    distance = tf.norm(value - self._loc, axis=-1)
    return -distance / self._scale - k * tf.math.log(self._scale) - log_normalizer

  def _mean(self):
    return tf.identity(self._loc)
