"""Public codes where no path makes them: the generator's own samples stand in for given codes.

See `privai_tf.inversion.public_codes` for those that a release path makes of generated pictures.
"""

from typing import Any

import numpy as np

from privai_tf.artifacts import PublicCodes
from privai_tf.privacy.calibration import public_samples

__all__ = ["PublicCodes", "sampled_codes"]

# In W+ a sample fills all layers; so many codes hold the directions that a release can need.
_MOST_LAYERED = 2000


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
