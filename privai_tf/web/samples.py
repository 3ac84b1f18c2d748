"""Eight sample portraits, which are nobody's: rendered for the demo's models, generated for others."""

from typing import Any

import numpy as np

from privai_tf.generators import to_uint8
from privai_tf.generators.channels import to_rgb

COUNT = 8
_SEED = 0
_RENDERED = "avatars"


def sample_portraits(generator: Any, checkpoint_name: str) -> np.ndarray:
  """The portraits.

  Args:
    generator: the `Generator`.
    checkpoint_name: of its checkpoint; the demo's own are shown what they were trained on.

  Returns:
    uint8 [8, R, R, 3], at the generator's resolution.
  """
  if checkpoint_name == _RENDERED:
    from privai_tf.demo.portrait import portraits

    images = portraits(COUNT, _SEED, generator.resolution)
    return np.clip(np.rint((images + 1) * 127.5), 0, 255).astype(np.uint8)
  codes, space = generator.sample_z(COUNT, seed=_SEED), "Z"
  if "W" in generator.latent_spaces:
    codes, space = generator.map(codes), "W"
  images = generator.synthesize(np.asarray(codes), latent_space=space)
  return to_rgb(to_uint8(images, family=generator.family))
