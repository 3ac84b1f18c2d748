"""The Laplace distribution conditioned on an interval: what the exponential mechanism draws from."""

from typing import Any

import tensorflow as tf
import tensorflow_probability as tfp

tfd = tfp.distributions


class TruncatedLaplace(tfd.Distribution):
  """Density proportional to `exp(-|x - loc| / scale)` on `[low, high]`, with loc inside."""

  def __init__(self, loc: Any, scale: Any, low: Any, high: Any, name: str = "TruncatedLaplace"):
    """Makes the distribution.

    Args:
      loc: [...], in [low, high].
      scale: scalar, > 0.
      low, high: scalars, ends of the support.
      name: of the ops.
    """
    parameters = dict(locals())
    self._loc = tf.convert_to_tensor(loc)
    self._scale, self._low, self._high = (
      tf.convert_to_tensor(value, self._loc.dtype) for value in (scale, low, high)
    )
    super().__init__(
      dtype=self._loc.dtype,
      reparameterization_type=tfd.FULLY_REPARAMETERIZED,
      validate_args=False,
      allow_nan_stats=False,
      parameters=parameters,
      name=name,
    )

  def _batch_shape(self):
    return self._loc.shape

  def _batch_shape_tensor(self, **kwargs):
    return tf.shape(self._loc)

  def _event_shape(self):
    return tf.TensorShape([])

  def _event_shape_tensor(self, **kwargs):
    return tf.constant([], tf.int32)

  def _masses(self):
    """Unnormalized mass left and right of loc, in units of the scale."""
    left = -tf.math.expm1((self._low - self._loc) / self._scale)
    right = -tf.math.expm1((self._loc - self._high) / self._scale)
    return left, right

  def _sample_n(self, n, seed=None):
    shape = tf.concat([[n], tf.shape(self._loc)], axis=0)
    uniform = tf.random.stateless_uniform(shape, tfp.random.sanitize_seed(seed), dtype=self.dtype)
    left, right = self._masses()
    # Position on the mass axis, measured from loc: negative to the left.
    position = uniform * (left + right) - left
    side = tf.sign(position)
    return self._loc - side * self._scale * tf.math.log1p(-tf.abs(position))

  def _log_prob(self, value):
    left, right = self._masses()
    log_density = -tf.abs(value - self._loc) / self._scale
    log_density -= tf.math.log(self._scale) + tf.math.log(left + right)
    inside = (value >= self._low) & (value <= self._high)
    return tf.where(inside, log_density, tf.constant(float("-inf"), self.dtype))
