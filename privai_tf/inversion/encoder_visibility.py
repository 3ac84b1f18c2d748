"""Which directions of Z show in images: what an encoder can and cannot know of a z."""

import numpy as np
import tensorflow as tf

from privai_tf.generators.compiled import compiled

_GRADIENTS = 1024  # Two for each of 512 coordinates.
_BATCH = 32
_RIDGE = 1e-2
_SEED = 3


def visibility(generator) -> np.ndarray:
  """How visible the directions of Z are, as a matrix A: `e' A e / e' e` is from 0 (not at all) to 1.

  From the second moments of gradients of images in z, projected at random (active subspaces,
  Constantine et al. 2014): `M (M + ridge)^-1`, so that what shows counts alike, however much.

  Args:
    generator: a `privai_tf.Generator` without labels.

  Returns:
    float64 [d, d], symmetric.
  """

  def gradients(z: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    with tf.GradientTape() as tape:
      tape.watch(z)
      images = generator.synthesize_tensor(z, "Z", "fixed")
      projected = tf.reduce_sum(images * weights)
    return tape.gradient(projected, z)

  function = compiled(gradients, "off")
  random = np.random.default_rng(_SEED)
  side, channels = generator.resolution, generator.num_channels
  moments = 0.0
  for _ in range(_GRADIENTS // _BATCH):
    z = random.standard_normal((_BATCH, generator.latent_size), np.float32)
    weights = random.standard_normal((_BATCH, side, side, channels), np.float32)
    found = function(tf.constant(z), tf.constant(weights)).numpy().astype(np.float64)
    moments = moments + found.T @ found
  variances, directions = np.linalg.eigh(moments)
  variances = np.maximum(variances, 0.0)
  ridge = max(_RIDGE * variances.mean(), np.finfo(np.float64).tiny)
  return directions * (variances / (variances + ridge)) @ directions.T


def invisible_rest(visible: np.ndarray, seed: int) -> np.ndarray:
  """A random z without what shows.

  Args:
    visible: float64 [d, d], from `visibility`.
    seed: 0 or more; the same one draws the same.

  Returns:
    float32 [d].
  """
  drawn = np.random.default_rng([_SEED, seed]).standard_normal(len(visible))
  return (drawn - visible @ drawn).astype(np.float32)
