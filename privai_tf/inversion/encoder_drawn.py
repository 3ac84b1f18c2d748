"""Samples that were drawn ahead, small: what an encoder learns from where drawing is dear."""

import dataclasses
import hashlib
from typing import Any

import numpy as np

from privai_tf.errors import ConfigurationError

_HELD_OUT_SHARE, _MOST_HELD_OUT = 0.05, 512


@dataclasses.dataclass(frozen=True, eq=False)
class DrawnSamples:
  """Codes and their pictures, of which the last are held out of training.

  Attributes:
    codes: float32 [n, d], or [n, L, d] in W+; n at least 2.
    pictures: uint8 [n, s, s, C], s a power of two and at most the generator's resolution: means of
      blocks of its pixels. The encoder looks at photos in this size.
    record: how they were drawn (JSON values).
    unseen_count: how many are held out; None: a twentieth, at most 512.
  """

  codes: np.ndarray
  pictures: np.ndarray
  record: dict[str, Any]
  unseen_count: int | None = None

  @property
  def side(self) -> int:
    """Width and height of the pictures."""
    return self.pictures.shape[1]

  @property
  def held_out(self) -> int:
    """How many samples training does not see."""
    if self.unseen_count is not None:
      return self.unseen_count
    return max(1, min(_MOST_HELD_OUT, int(len(self.codes) * _HELD_OUT_SHARE)))

  @property
  def digest(self) -> str:
    """SHA-256 (hex) of the samples."""
    content = hashlib.sha256(np.ascontiguousarray(self.codes))
    content.update(np.ascontiguousarray(self.pictures))
    if self.unseen_count is not None:
      content.update(str(self.unseen_count).encode())
    return content.hexdigest()

  def check(self, generator, latent_space: str) -> None:
    """Refuses what cannot be samples of a generator.

    Raises:
      ConfigurationError: naming what does not fit.
    """
    codes, pictures = self.codes, self.pictures
    shape, channels = generator.code_shape(latent_space), generator.num_channels
    if codes.dtype != np.float32 or codes.shape[1:] != shape or len(codes) < 2:
      raise ConfigurationError(
        f"Samples drawn ahead have {codes.dtype} codes of shape {list(codes.shape)}; "
        f"{latent_space} needs float32 [n, {', '.join(map(str, shape))}], n at least 2."
      )
    side = pictures.shape[1] if pictures.ndim == 4 else 0
    fits = 8 <= side <= generator.resolution and side & (side - 1) == 0
    if (
      pictures.dtype != np.uint8 or not fits or pictures.shape != (len(codes), side, side, channels)
    ):
      raise ConfigurationError(
        f"Samples drawn ahead have {pictures.dtype} pictures of shape {list(pictures.shape)}; they "
        f"must be uint8 [{len(codes)}, s, s, {channels}], s a power of two from 8 to "
        f"{generator.resolution}."
      )

  def batch(self, count: int, seed: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Random samples of those that are not held out: codes, and images float32 in [-1, 1].

    Args:
      count: how many.
      seed: whole numbers, 0 or more; the same seed draws the same samples.
    """
    rows = np.random.default_rng(seed).integers(len(self.codes) - self.held_out, size=count)
    return self.codes[rows], as_images(self.pictures[rows])

  def unseen(self) -> tuple[np.ndarray, np.ndarray]:
    """Those that are held out, as `batch`."""
    return self.codes[-self.held_out :], as_images(self.pictures[-self.held_out :])


def as_images(pictures: np.ndarray) -> np.ndarray:
  """uint8 -> float32 in [-1, 1].

  Args:
    pictures: of any shape; 0 becomes -1, and 255 becomes 1.
  """
  return pictures.astype(np.float32) / np.float32(127.5) - 1
