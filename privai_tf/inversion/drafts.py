"""Drafts: small pictures that stand in for the generator's own while a code is searched.

A generator's late layers take most of the time and say least about whose face it is. So a draft puts
a linear map in their place: from the features of a middle layer to the picture made small, fitted at
the code as it is (ridge regression over the pixels), and what the map misses there, held fixed. At
that code the draft is the picture; as the code moves on the two part, and both are made anew every few
steps. Gradients reach the layers up to the middle only, which is where faces are made.
"""

from typing import NamedTuple

import tensorflow as tf

from privai_tf.errors import ConfigurationError
from privai_tf.inversion.halving import halved

_RIDGE = 1e-3  # Of the features' mean square: less follows single pixels, more blurs the map.


class Head(NamedTuple):
  """What stands in for the late layers, for each image of a batch.

  Attributes:
    maps: [N, C, 4 channels], from the features to the 2 x 2 pixels that each of them covers.
    rests: [N, S, S, channels], what the maps miss at the code that they were fitted at.
  """

  maps: tf.Tensor
  rests: tf.Tensor


class Drafts:
  """Codes -> drafts.

  Args:
    generator: a `Generator` with middle features (`features_tensor`).
    latent_space: of the codes.
    side: S, of the drafts: twice that of the features.
    noise: "fixed" or "none".

  Raises:
    ConfigurationError: if the generator has no such features.
  """

  def __init__(self, generator, latent_space: str, side: int, noise: str):
    if not hasattr(generator, "features_tensor") or side >= generator.resolution:
      raise ConfigurationError(
        f"draft_side is {side}: only MobileStyleGAN's pictures have drafts, of sides below their own "
        f"{generator.resolution}; use draft_side=0."
      )
    self._generator, self._space, self._side, self._noise = generator, latent_space, side, noise

  def __call__(self, codes: tf.Tensor, head: Head) -> tf.Tensor:
    """Drafts [N, S, S, channels] of codes [N, d] or [N, L, d]."""
    features = self._features(codes)
    return tf.nn.depth_to_space(_mapped(features, head.maps), 2) + head.rests

  def head(self, codes: tf.Tensor, images: tf.Tensor) -> Head:
    """Fits what stands in for the late layers.

    Args:
      codes: [N, d] or [N, L, d].
      images: [N, S, S, channels], the codes' pictures made small.
    """
    features = self._features(codes)
    count, channels = features.shape[1] * features.shape[2], features.shape[3]
    rows = tf.cast(tf.reshape(features, (-1, count, channels)), tf.float64)
    blocks = tf.nn.space_to_depth(images, 2)
    wanted = tf.cast(tf.reshape(blocks, (-1, count, blocks.shape[3])), tf.float64)
    wanted -= tf.reduce_mean(wanted, axis=1, keepdims=True)  # The rest gives the mean back.
    gram = tf.linalg.matmul(rows, rows, transpose_a=True)
    ridge = _RIDGE * tf.linalg.trace(gram) / channels
    gram += ridge[:, None, None] * tf.eye(channels, dtype=tf.float64)
    products = tf.linalg.matmul(rows, wanted, transpose_a=True)
    maps = tf.cast(tf.linalg.cholesky_solve(tf.linalg.cholesky(gram), products), images.dtype)
    return Head(maps, images - tf.nn.depth_to_space(_mapped(features, maps), 2))

  def _features(self, codes: tf.Tensor) -> tf.Tensor:
    return self._generator.features_tensor(codes, self._space, self._side // 2, self._noise)


def _mapped(features: tf.Tensor, maps: tf.Tensor) -> tf.Tensor:
  """[N, H, W, C] by [N, C, D]: [N, H, W, D]."""
  return tf.linalg.matmul(features, maps[:, None])


def reduced(images: tf.Tensor, side: int) -> tf.Tensor:
  """Images averaged down to a side, which is theirs divided by a power of two.

  Args:
    images: [N, R, R, channels].
    side: of the result; 0: as they are.
  """
  while side and images.shape[1] > side:
    images = halved(images)
  return images
