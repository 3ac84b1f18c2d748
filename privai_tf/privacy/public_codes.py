"""Public codes of one release path: what the split of a release is fitted on.

A release path is everything between a photo and its code: encoder, search and its settings. Codes
that it makes of *generated* pictures are public, and tell how its codes lie, which the generator's
own samples do not (a search leaves the sphere, an encoder keeps to the span of its last layer).
"""

import dataclasses
import functools
import hashlib
from typing import Any

import numpy as np

from privai_tf.privacy.calibration import public_samples

# In W+ a sample fills all layers; so many codes hold the directions that a release can need.
_MOST_LAYERED = 2000


@dataclasses.dataclass(frozen=True, eq=False)
class PublicCodes:
  """Codes made from generated pictures; never from a photo.

  Attributes:
    codes: float32 [n, d], or [n, L, d] in W+.
    release_path: what made them, in a few words; equal words mean equal paths.
    latent_space: "Z", "W" or "W+".
    directions: how many principal directions of them a picture needs; None: those that hold all but
      a thousandth of their variance.
    of_photos: whether the path is one that photos take; else the codes only stand for given ones.
  """

  codes: np.ndarray
  release_path: str
  latent_space: str
  directions: int | None = None
  of_photos: bool = True

  @functools.cached_property
  def digest(self) -> str:
    """SHA-256 of the codes and of what made them, in hexadecimal digits."""
    hashed = hashlib.sha256(f"{self.release_path} {self.latent_space} {self.codes.shape}".encode())
    hashed.update(np.ascontiguousarray(self.codes, np.float32).tobytes())
    return hashed.hexdigest()


def sampled_codes(generator: Any, latent_space: str, count: int, seed: int) -> PublicCodes:
  """The generator's own samples: the public codes where codes are given and no photo is inverted.

  Args:
    generator: a `Generator`.
    latent_space: "Z", "W" or "W+", where every layer has the sample's W code.
    count: how many (at most 2,000 in W+).
    seed: of `sample_z`.
  """
  layered = latent_space == "W+"
  codes = public_samples(generator, latent_space, count, seed)
  if layered:
    layers = len(generator.mean_latent(latent_space))
    codes = np.repeat(codes[:_MOST_LAYERED, np.newaxis], layers, axis=1)
  words = f"the generator's samples, count {count}, seed {seed}"
  return PublicCodes(codes, words, latent_space, of_photos=False)
