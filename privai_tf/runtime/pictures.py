"""Pictures as files."""

import io

import numpy as np
from PIL import Image


def png(pixels: np.ndarray) -> bytes:
  """uint8 [H, W, 3] as a PNG without metadata."""
  buffer = io.BytesIO()
  Image.fromarray(pixels).save(buffer, format="PNG")
  return buffer.getvalue()
