"""The coordinates in which codes are searched."""

import numpy as np
import tensorflow as tf

from privai_tf.inversion.statistics import LatentStatistics


class Coordinates:
  """Whitened codes, so that a step means the same along every direction.

  No direction without variance is taken lightly either. In W+, what the layers share comes first and
  each layer's rest after it: the shared part feels all layers' gradients, finds the face first, and
  keeps the layers together.

  Args:
    statistics: of the latent space.
    latent_space: "Z", "W" or "W+".
  """

  def __init__(self, statistics: LatentStatistics, latent_space: str):
    self._statistics = statistics
    self._layered = latent_space == "W+"
    self._on_sphere = latent_space == "Z"

  def of(self, codes: np.ndarray) -> np.ndarray:
    """Codes -> coordinates.

    Args:
      codes: float32 [B, d] or [B, L, d].

    Returns:
      [B, d], or [B, 1 + L, d].
    """
    white = (codes - self._statistics.mean) @ self._statistics.inverse_root
    if not self._layered:
      return white
    shared = white.mean(axis=1, keepdims=True)
    return np.concatenate([shared, white - shared], axis=1)

  def codes(self, white: tf.Tensor) -> tf.Tensor:
    """Coordinates -> codes, the reverse of `of`."""
    if self._layered:
      white = white[:, :1] + white[:, 1:]
    return self._statistics.mean + tf.linalg.matmul(white, self._statistics.root)

  def disturbed(self, white: tf.Tensor, deviations: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Coordinates with normal noise, the same for every image, so that no image's depends on others.

    Args:
      white: [B, d] or [B, 1 + L, d]; of the latter only the shared part is disturbed.
      deviations: standard deviation of the noise, a scalar.
      seed: int32 [2].
    """
    noise = deviations * tf.random.stateless_normal((white.shape[-1],), seed)
    if self._layered:
      return tf.concat([white[:, :1] + noise, white[:, 1:]], axis=1)
    return white + noise

  def constrained(self, white: tf.Tensor) -> tf.Tensor:
    """Coordinates brought back to where codes are: Z codes to the length that random ones have.

    Networks that normalize Z ignore the length; boundaries do not.
    """
    if not self._on_sphere:
      return white
    size = float(white.shape[-1])
    return white * tf.math.rsqrt(tf.reduce_sum(white**2, axis=-1, keepdims=True) / size + 1e-12)
