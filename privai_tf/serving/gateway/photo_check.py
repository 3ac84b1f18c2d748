"""Whether the generator knows such faces as a caller's photo; for the caller who asks, and nobody else."""

import io
import threading
from typing import Any

import numpy as np
from PIL import Image

from privai_tf.inversion.quality import warnings
from privai_tf.serving.gateway.backends import Backend


class PhotoCheck:
  """Draws the code of a photo as it is, and compares.

  Args:
    generator: the `Generator`, for the public figures.
    latent_space: of the codes.
    backend: draws.
  """

  def __init__(self, generator: Any, latent_space: str, backend: Backend):
    self._generator, self._latent_space, self._backend = generator, latent_space, backend
    self._measuring = threading.Lock()  # The public figures are measured once.

  def warning(self, image: np.ndarray, latent: np.ndarray) -> str | None:
    """What speaks against privatizing a face with this generator; None if nothing.

    Args:
      image: float32 [R, R, 3] in [-1, 1].
      latent: its code, [d] or [L, d]; private.
    """
    with Image.open(io.BytesIO(self._backend.synthesize(latent))) as picture:
      drawn = np.asarray(picture.convert("RGB"), np.float32) / 127.5 - 1
    with self._measuring:
      (told,) = warnings(
        latent[np.newaxis],
        drawn[np.newaxis],
        image[np.newaxis],
        self._generator,
        self._latent_space,
      )
    return told
