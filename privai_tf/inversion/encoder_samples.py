"""What an encoder learns from: the generator's own codes, and images made a little less perfect."""

import numpy as np
import tensorflow as tf

from privai_tf.errors import ConfigurationError

_MIXED = 0.5  # Share of W+ codes that are two codes, one for the first layers, one for the others.
_SHIFT = 1 / 64  # Largest shift, as a share of the side.


def draw_codes(generator, latent_space: str, count: int, seed: list[int]) -> np.ndarray:
  """Random codes as the generator knows them.

  In W+ half of them are a code for the first layers and another for the rest, as StyleGAN's own
  training mixes styles (Karras et al. 2019, section 3.1): the encoder is to tell layers apart.

  Args:
    generator: a `privai_tf.Generator`.
    latent_space: "Z", "W" or "W+".
    count: N.
    seed: whole numbers, 0 or more; the same seed draws the same codes.

  Returns:
    float32 [N, d], or [N, L, d] for W+.
  """
  random = np.random.default_rng(seed)
  codes = random.standard_normal((count, generator.latent_size), np.float32)
  if latent_space == "Z":
    return codes
  mapped = _mapped(generator, codes, random)
  if latent_space == "W":
    return mapped
  other = _mapped(generator, random.standard_normal(codes.shape, np.float32), random)
  layers = np.arange(generator.num_layers)
  cut = random.integers(1, generator.num_layers, (count, 1), endpoint=True)
  cut = np.where(random.random((count, 1)) < _MIXED, cut, generator.num_layers)
  return np.where((layers < cut)[..., None], mapped[:, None], other[:, None])


def _mapped(generator, z: np.ndarray, random: np.random.Generator) -> np.ndarray:
  size = generator.config.label_size
  if not size:
    return generator.map(z)
  return generator.map(z, np.eye(size, dtype=np.float32)[random.integers(size, size=len(z))])


def require_encodable(generator, latent_space: str) -> None:
  """Refuses spaces that the generator lacks, and Z of a generator that also needs labels.

  Raises:
    LatentSpaceError, ConfigurationError: naming what can be used.
  """
  generator.code_shape(latent_space)
  if latent_space == "Z" and generator.config.label_size:
    raise ConfigurationError(
      "The image of a z of this generator depends on its label too, which an encoder does not "
      "know; use --latent_space=W where there is one."
    )


def roughened(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
  """Blurs, shifts, tints and roughens images, each in its own measure; a quarter keeps as it is.

  Photos differ from a generator's images in such ways; an encoder that saw only perfect ones
  answers wildly to them.

  Args:
    images: [N, R, R, C] in [-1, 1].
    seed: int32 [2].

  Returns:
    [N, R, R, C].
  """
  count, side, channels = tf.shape(images)[0], images.shape[1], images.shape[3]
  seeds = tf.unstack(tf.random.split(seed, 8))

  def uniform(number: int, width: int, low: float, high: float) -> tf.Tensor:
    return tf.random.stateless_uniform((count, 1, 1, width), seeds[number], low, high)

  blurred = tf.nn.avg_pool2d(tf.nn.avg_pool2d(images, 2, 1, "SAME"), 2, 1, "SAME")
  result = images + (blurred - images) * uniform(0, 1, 0.0, 1.0)
  result = _shifted(result, max(1, round(side * _SHIFT)), seeds[1])
  gain, offset = uniform(2, channels, 0.9, 1.1), uniform(3, channels, -0.08, 0.08)
  contrast = uniform(4, 1, 0.9, 1.1)
  noise = tf.random.stateless_normal(tf.shape(images), seeds[5]) * uniform(6, 1, 0.0, 0.06)
  result = result * gain * contrast + offset + noise
  return tf.where(uniform(7, 1, 0.0, 1.0) < 0.25, images, result)


def _shifted(images: tf.Tensor, most: int, seed: tf.Tensor) -> tf.Tensor:
  """Moves each image by up to `most` pixels; its own edge fills what comes free."""
  count, side = tf.shape(images)[0], images.shape[1]
  moves = tf.random.stateless_uniform((count, 2), seed, -most, most + 1, tf.int32)
  places = tf.clip_by_value(tf.range(side) + moves[..., None], 0, side - 1)
  rows = tf.gather(images, places[:, 0], axis=1, batch_dims=1)
  return tf.gather(rows, places[:, 1], axis=2, batch_dims=1)
