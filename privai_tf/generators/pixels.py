"""Images in [-1, 1] to 8-bit pixels, each family as its official code does it."""

import numpy as np

from privai_tf.errors import ConfigurationError


def to_uint8(images: np.ndarray, family: str = "stylegan") -> np.ndarray:
  """Converts images to 8-bit pixels.

  StyleGAN's code truncates `127.5 x + 128` (MobileStyleGAN's too), PGGAN's rounds `127.5 x + 127.5`
  (halves to even).

  Args:
    images: [..., H, W, C] in nominal range [-1, 1]; values beyond are clipped.
    family: "stylegan", "mobilestylegan" or "pggan".

  Returns:
    uint8, the same shape.

  Raises:
    ConfigurationError: for another family.
  """
  images = np.asarray(images, np.float32)
  if family in ("stylegan", "mobilestylegan"):
    pixels = images * np.float32(127.5) + np.float32(128)
  elif family == "pggan":
    pixels = np.rint(images * np.float32(127.5) + np.float32(127.5))
  else:
    raise ConfigurationError(f"family is {family!r}; use 'stylegan', 'mobilestylegan' or 'pggan'.")
  return np.clip(pixels, 0, 255).astype(np.uint8)
