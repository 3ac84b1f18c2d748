"""What is found of a face."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Inverted:
  """A face's code. All of it is private.

  Attributes:
    latents: float32 [1, d] or [1, L, d].
    picture: uint8 [R, R, 3], what the generator makes of it.
    warning: why this face is none that the generator knows; None if it is.
    likeness: whether it was searched until the person was found.
  """

  latents: np.ndarray
  picture: np.ndarray
  warning: str | None
  likeness: bool = False
