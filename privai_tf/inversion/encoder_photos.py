"""Generated images made like photos: camera, light, framing and compression differ.

An encoder that saw only a generator's own images reads a photo's grain or its frame, a few pixels
off, as something about the face. See `encoder_samples.roughened` for the lighter form.
"""

import math

import numpy as np
import tensorflow as tf

_KEPT = 0.1  # Share of the images that stay as they are.
_SHIFT, _SCALE = 1 / 32, 0.04  # Largest ones: of the side; of the size.
_SHARPEST, _BLUR = 0.35, 1 / 80  # Deviations of the blur: pixels; share of the side, at most.
_BLOCK = 8
# Quantization of JPEG's annex K for brightness at quality 50, for colour simply twice as coarse.
_STEPS = """16 11 10 16 24 40 51 61 12 12 14 19 26 58 60 55 14 13 16 24 40 57 69 56 14 17 22 29 51 87 80 62
18 22 37 56 68 109 103 77 24 35 55 64 81 104 113 92 49 64 78 87 103 121 120 101 72 92 95 98 112 100 103 99"""
_TO_YCC = np.float32([[0.299, 0.587, 0.114], [-0.1687, -0.3313, 0.5], [0.5, -0.4187, -0.0813]]).T


def photographed(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
  """Reframes, blurs, tints, compresses and roughens images, each in its own measure.

  Args:
    images: [N, R, R, C] in [-1, 1]; R a multiple of 8, or none is compressed.
    seed: int32 [2]; equal ones change equally.

  Returns:
    [N, R, R, C]; a tenth as they were.
  """
  count, side, channels = tf.shape(images)[0], images.shape[1], images.shape[3]
  seeds = tf.unstack(tf.random.split(seed, 12))

  def uniform(number: int, low: float, high: float, width: int = 1) -> tf.Tensor:
    return tf.random.stateless_uniform((count, 1, 1, width), seeds[number], low, high)

  size = uniform(0, 1 - _SCALE, 1 + _SCALE)[..., 0]
  blur = _SHARPEST + (max(1.0, side * _BLUR) - _SHARPEST) * uniform(1, 0.0, 1.0)[..., 0] ** 2
  most = side * _SHIFT
  rows, columns = (
    resampling(side, size, uniform(number, -most, most)[..., 0], blur) for number in (2, 3)
  )
  result = tf.einsum("nij,njkc->nikc", rows, images)
  result = tf.einsum("nij,nkjc->nkic", columns, result)
  grey = tf.reduce_mean(result, axis=-1, keepdims=True)
  result = grey + (result - grey) * uniform(4, 0.75, 1.25)
  gain, offset = uniform(5, 0.88, 1.12, channels), uniform(6, -0.08, 0.08, channels)
  result = result * gain * uniform(7, 0.8, 1.2) + offset + uniform(8, -0.15, 0.15)
  result += tf.random.stateless_normal(tf.shape(images), seeds[9]) * uniform(10, 0.0, 0.06)
  strength, kept = tf.unstack(uniform(11, 0.0, 1.0, 2), axis=-1)
  if side % _BLOCK == 0:
    # Half of them hardly at all; the rest up to quality 25.
    result = compressed(result, tf.maximum(0.02, 4 * strength - 2)[..., None])
  return tf.where(kept[..., None] < _KEPT, images, result)


def compressed(images: tf.Tensor, coarseness: tf.Tensor) -> tf.Tensor:
  """What JPEG leaves of images: rounded cosine coefficients of blocks of 8 x 8.

  Args:
    images: [N, R, R, C] in [-1, 1], R a multiple of 8.
    coarseness: [N, 1, 1, 1], of the quantization; 1 is quality 50, 2 is 25.
  """
  side, channels = images.shape[1:3][0], images.shape[3]
  blocks = side // _BLOCK
  colours = images @ _TO_YCC if channels == 3 else images
  cut = tf.reshape(colours, (-1, blocks, _BLOCK, blocks, _BLOCK, channels))
  cosines = tf.constant(_cosines())
  spectrum = tf.einsum("ui,vj,naibjc->naubvc", cosines, cosines, cut)
  steps = np.float32(_STEPS.split()).reshape(1, 1, _BLOCK, 1, _BLOCK, 1) / 127.5
  steps = tf.constant(steps * np.float32([1, 2, 2] if channels == 3 else [1] * channels))
  steps = steps * coarseness[..., None, None]
  spectrum = tf.round(spectrum / steps) * steps
  whole = tf.einsum("ui,vj,naubvc->naibjc", cosines, cosines, spectrum)
  whole = tf.reshape(whole, (-1, side, side, channels))
  return whole @ np.linalg.inv(_TO_YCC).astype(np.float32) if channels == 3 else whole


def _cosines() -> np.ndarray:
  """The orthonormal cosine transform of 8 values, float32 [8, 8]."""
  places, numbers = np.arange(_BLOCK), np.arange(_BLOCK)[:, None]
  result = np.cos((2 * places + 1) * numbers * math.pi / (2 * _BLOCK)) * math.sqrt(2 / _BLOCK)
  result[0] /= math.sqrt(2)
  return result.astype(np.float32)


def resampling(side: int, size: tf.Tensor, shift: tf.Tensor, blur: tf.Tensor) -> tf.Tensor:
  """Matrices [N, side, side] that scale, move and blur one axis; the edge fills what comes free.

  Args:
    side: R.
    size: [N, 1, 1], above 1 enlarges.
    shift: [N, 1, 1] pixels.
    blur: [N, 1, 1], a normal distribution's deviation in pixels.
  """
  places, middle = tf.range(side, dtype=tf.float32), (side - 1) / 2
  sources = (places[:, None] - middle - shift) / size + middle
  sources = tf.clip_by_value(sources, 0.0, side - 1.0)
  return tf.nn.softmax(-0.5 * tf.square((sources - places) / blur), axis=-1)
