"""Images in [-1, 1] to 8-bit pixels, each family as its official code does it."""

import numpy as np

from privai_tf.errors import ConfigurationError

FAMILIES = ("pggan", "stylegan", "stylegan2", "stylegan3", "mobilestylegan")


def truncates(family: str) -> bool:
  """Whether a family's code truncates pixels to integers, or rounds them.

  Raises:
    ConfigurationError: for an unknown family.
  """
  if family not in FAMILIES:
    raise ConfigurationError(f"family is {family!r}; use one of {', '.join(FAMILIES)}.")
  return family != "pggan"


def to_uint8(images: np.ndarray, family: str = "stylegan") -> np.ndarray:
  """Converts images to 8-bit pixels.

  PGGAN's code rounds `127.5 x + 127.5` (halves to even), all later ones truncate `127.5 x + 128`.

  Args:
    images: [..., H, W, C] in nominal range [-1, 1]; values beyond are clipped.
    family: one of `FAMILIES`.

  Returns:
    uint8, the same shape.

  Raises:
    ConfigurationError: for another family.
  """
  images = np.asarray(images, np.float32)
  if truncates(family):
    pixels = images * np.float32(127.5) + np.float32(128)
  else:
    pixels = np.rint(images * np.float32(127.5) + np.float32(127.5))
  return np.clip(pixels, 0, 255).astype(np.uint8)
