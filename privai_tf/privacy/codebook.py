"""Faces that the generator makes up from a public seed: what scope "image" can publish in place of one.

A codebook is its seed and its size: every codeword can be made again from its index.
"""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

from privai_tf.privacy.calibration import labels_of, plane_space

# Codewords of one seed; making one again makes so many.
_BLOCK = 256
_BLOCKS_AT_ONCE = 16
CODEWORDS, SAMPLES = 0, 1
# Larger tables hold a byte a number, up to eight standard deviations: half a gigabyte for 2^20
# codewords of 512 numbers. A cosine is off by less than 1e-3 then.
_LARGEST_FLOATS = 1 << 27
_BYTE = 127
_REACH = 8.0


@dataclasses.dataclass(frozen=True, eq=False)
class Codebook:
  """Public codes by index.

  Attributes:
    generator: a `Generator`.
    latent_space: "Z", "W" or "W+" (whose codewords are W codes).
    size: M, how many.
    seed: public.
    stream: `CODEWORDS`, or `SAMPLES` for other codes of the same seed, to judge the codewords by.
  """

  generator: Any
  latent_space: str
  size: int
  seed: int
  stream: int = CODEWORDS

  def codes(self, indices: np.ndarray) -> np.ndarray:
    """Codewords, made again.

    Args:
      indices: int64 [n], in [0, size).

    Returns:
      float32 [n, d].
    """
    normal = np.empty((len(indices), self._width), np.float32)
    classes = np.empty(len(indices), np.int64)
    blocks, places = np.divmod(indices, _BLOCK)
    for block in np.unique(blocks):
      rows = blocks == block
      drawn = self._drawn(int(block))
      normal[rows], classes[rows] = (part[places[rows]] for part in drawn)
    return self._mapped(normal, classes)

  def blocks(self) -> Iterator[np.ndarray]:
    """All codewords in order, some thousands at a time: float32 [m, d]."""
    count = -(-self.size // _BLOCK)
    for start in range(0, count, _BLOCKS_AT_ONCE):
      drawn = [self._drawn(block) for block in range(start, min(count, start + _BLOCKS_AT_ONCE))]
      left = self.size - start * _BLOCK
      normal, classes = (np.concatenate(parts)[:left] for parts in zip(*drawn, strict=True))
      yield self._mapped(normal, classes)

  def numbers(self, mean: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Where all codewords lie.

    Args:
      mean: float64 [d].
      axes: float64 [d, k].

    Returns:
      [size, k], `(w - mean) @ axes`: float32, or int8 in steps of 8 / 127 where there are many.
    """
    small = self.size * axes.shape[1] <= _LARGEST_FLOATS
    numbers = np.empty((self.size, axes.shape[1]), np.float32 if small else np.int8)
    mean, axes, start = mean.astype(np.float32), axes.astype(np.float32), 0
    for codes in self.blocks():
      part = (codes - mean) @ axes
      if not small:
        part = np.rint(np.clip(part * (_BYTE / _REACH), -_BYTE, _BYTE))
      numbers[start : start + len(codes)] = part
      start += len(codes)
    return numbers

  @property
  def _width(self) -> int:
    return np.shape(self.generator.mean_latent("Z"))[-1]

  def _drawn(self, block: int) -> tuple[np.ndarray, np.ndarray]:
    """Normal numbers, float32 [256, d], and numbers that stand for classes, int64 [256]."""
    # NumPy's generator mixes the three; `sample_z` would take several times as long.
    random = np.random.Generator(np.random.PCG64([self.stream, self.seed, block]))
    normal = random.standard_normal((_BLOCK, self._width), dtype=np.float32)
    return normal, random.integers(1 << 62, size=_BLOCK)

  def _mapped(self, normal: np.ndarray, classes: np.ndarray) -> np.ndarray:
    if plane_space(self.latent_space) == "Z":
      return normal
    return np.asarray(self.generator.map(normal, labels_of(self.generator, classes)), np.float32)
