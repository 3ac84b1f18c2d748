"""Rough small faces of a MobileStyleGAN at a twentieth of the time: what its encoder learns from.

The first blocks of the network decide what a face looks like; the last ones, which cost most, add detail
and settle its colours. A linear map from the features of an early block (as they are, and in the style of
the block after) to the pixels of small pictures is fitted on a few previews. Its faces are those of the
previews, with colours that are off by some (about 21 dB at 64 x 64).
"""

import dataclasses
from typing import Any

import numpy as np

from privai_tf.demo.photo_labels import chunk_codes

_FITTED_SEED, _CHUNK_SEED = 30_000, 20_002
_PRINCIPAL = 12
_PRINCIPAL_SEED, _PRINCIPAL_CODES = 1, 2000
_RIDGE = 30.0
_LEAST_PSI = 0.6
_BATCH = 8


def fitted_codes(generator: Any, count: int) -> np.ndarray:
  """W codes of the previews that sketches are fitted on; every other one is truncated as labelled faces are.

  Args:
    generator: a `StyleGenerator`.
    count: even, at most 1,000.

  Returns:
    float32 [count, dlatent_size].
  """
  codes = np.empty((count, generator.config.dlatent_size), np.float32)
  codes[0::2] = generator.map(generator.sample_z(count, _FITTED_SEED))[: count // 2]
  codes[1::2] = chunk_codes(generator, _CHUNK_SEED)[1][: count // 2]
  return codes


def sketch_codes(generator: Any, count: int, seed: int) -> np.ndarray:
  """W codes between 0.6 and 1 times as far from the mean as they are drawn, float32 [count, d]."""
  mean = generator.mean_latent("W")
  psi = np.random.default_rng(seed).uniform(_LEAST_PSI, 1.0, (count, 1)).astype(np.float32)
  return mean + psi * (generator.map(generator.sample_z(count, seed)) - mean)


def preview_pictures(generator: Any, codes: np.ndarray, side: int) -> np.ndarray:
  """Previews as block means, uint8 [n, side, side, 3]."""
  pictures = np.empty((len(codes), side, side, 3), np.uint8)
  row = 0
  for batch in generator.preview_batches(codes, latent_space="W", batch_size=1):
    factor = batch.shape[1] // side
    means = batch.reshape(len(batch), side, factor, side, factor, -1).mean(axis=(2, 4))
    pictures[row : row + len(batch)] = _levels(means)
    row += len(batch)
  return pictures


@dataclasses.dataclass(frozen=True, eq=False)
class Sketcher:
  """Draws sketches.

  Attributes:
    generator: a `MobileStyleGANGenerator`.
    block: side of the features that pictures, twice as large, are made of; a power of two, 8 or more.
    scale: of the features, float32 [channels].
    directions: principal directions of W over their deviations, float32 [d, 12].
    weights: float32 [2 channels + 13, 12].
  """

  generator: Any
  block: int
  scale: np.ndarray
  directions: np.ndarray
  weights: np.ndarray

  @classmethod
  def fit(cls, generator: Any, block: int, codes: np.ndarray, pictures: np.ndarray) -> "Sketcher":
    """Fits the map.

    Args:
      generator, block: as above.
      codes: float32 [n, d].
      pictures: of the codes, uint8 [n, 2 block, 2 block, 3].
    """
    mean = generator.mean_latent("W")
    drawn = generator.map(generator.sample_z(_PRINCIPAL_CODES, _PRINCIPAL_SEED)) - mean
    _, sizes, directions = np.linalg.svd(drawn, full_matrices=False)
    deviations = sizes[:_PRINCIPAL] / np.sqrt(_PRINCIPAL_CODES)
    sketcher = cls(generator, block, np.float32(1), directions[:_PRINCIPAL].T / deviations, None)
    scale = sketcher._features(codes[:_BATCH]).std(axis=(0, 1, 2))
    sketcher = dataclasses.replace(sketcher, scale=scale)
    moments, products = 0.0, 0.0
    for start in range(0, len(codes), _BATCH):
      rows = slice(start, start + _BATCH)
      inputs = sketcher._inputs(codes[rows])
      wanted = _cut(pictures[rows].astype(np.float32) / 127.5 - 1)
      moments = moments + inputs.T @ inputs
      products = products + inputs.T @ wanted.reshape(len(inputs), -1)
    weights = np.linalg.solve(moments + _RIDGE * np.eye(len(moments)), products)
    return dataclasses.replace(sketcher, weights=weights.astype(np.float32))

  def draw(self, codes: np.ndarray) -> np.ndarray:
    """Sketches of W codes: uint8 [n, 2 block, 2 block, 3]."""
    side = 2 * self.block
    pictures = np.empty((len(codes), side, side, 3), np.uint8)
    for start in range(0, len(codes), _BATCH):
      rows = slice(start, start + _BATCH)
      values = self._inputs(codes[rows]) @ self.weights
      pictures[rows] = _levels(_joined(values.reshape(-1, self.block, self.block, 12)))
    return pictures

  def _layers(self) -> int:
    return 2 * (self.block.bit_length() - 3) + 1

  def _features(self, codes: np.ndarray) -> np.ndarray:
    """float32 [n, block, block, channels], scaled."""
    generator, layers = self.generator, self._layers()
    rows = np.repeat(codes[:, None], generator.num_layers, axis=1)
    return _early(generator, layers)(rows).numpy() / self.scale

  def _inputs(self, codes: np.ndarray) -> np.ndarray:
    features = self._features(codes)
    styles = self.generator.synthesis.ups[self._layers() // 2](codes).numpy()[:, None, None]
    overall = (codes - self.generator.mean_latent("W")) @ self.directions
    overall = np.c_[overall, np.ones(len(codes))].astype(np.float32)[:, None, None]
    overall = np.broadcast_to(overall, (*features.shape[:3], overall.shape[-1]))
    joined = np.concatenate([features, features * styles, overall], axis=-1)
    return joined.reshape(-1, joined.shape[-1])


_functions: dict[tuple[int, int], Any] = {}


def _early(generator: Any, layers: int) -> Any:
  key = (id(generator), layers)
  if key not in _functions:
    import tensorflow as tf

    _functions[key] = tf.function(
      lambda codes: generator.synthesis.features(codes, layers=layers),
      autograph=False,
      reduce_retracing=True,
    )
  return _functions[key]


def _levels(images: np.ndarray) -> np.ndarray:
  return np.clip(np.rint(images * 127.5 + 127.5), 0, 255).astype(np.uint8)


def _cut(images: np.ndarray) -> np.ndarray:
  """Blocks of 2 x 2 pixels: [n, 2 s, 2 s, 3] -> [n, s, s, 12]."""
  count, side = len(images), images.shape[1] // 2
  cut = images.reshape(count, side, 2, side, 2, 3).transpose(0, 1, 3, 2, 4, 5)
  return cut.reshape(count, side, side, 12)


def _joined(blocks: np.ndarray) -> np.ndarray:
  """The reverse of `_cut`."""
  count, side = blocks.shape[:2]
  blocks = blocks.reshape(count, side, side, 2, 2, 3).transpose(0, 1, 3, 2, 4, 5)
  return blocks.reshape(count, 2 * side, 2 * side, 3)
