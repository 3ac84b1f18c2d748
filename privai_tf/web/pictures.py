"""Pictures inside the page itself, so that no file of them is made."""

import base64
import html
import io

import numpy as np
from PIL import Image

from privai_tf.runtime.pictures import png

_LEAST_SHOWN = 192  # Smaller ones are enlarged evenly; browsers blur them unevenly.


def shown(pixels: np.ndarray, least: int = _LEAST_SHOWN) -> np.ndarray:
  """Enlarged by a whole factor, as far as it takes to be seen.

  Args:
    pixels: uint8 [H, W, 3].
    least: pixels of the longest side.
  """
  factor = max(1, round(least / max(pixels.shape[:2])))
  if factor == 1:
    return pixels
  image = Image.fromarray(pixels)
  return np.asarray(
    image.resize((image.width * factor, image.height * factor), Image.Resampling.BICUBIC)
  )


def data_uri(pixels: np.ndarray, photo: bool = False) -> str:
  """A picture as text.

  Args:
    pixels: uint8 [H, W, 3].
    photo: as JPEG: smaller, not exact.
  """
  if not photo:
    return f"data:image/png;base64,{base64.b64encode(png(pixels)).decode('ascii')}"
  buffer = io.BytesIO()
  Image.fromarray(pixels).save(buffer, "JPEG", quality=88)
  return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"


def figure(pixels: np.ndarray, caption: str, described: str | None = None) -> str:
  """HTML of a picture with its caption.

  Args:
    pixels: uint8 [H, W, 3].
    caption: plain text.
    described: for those who do not see it; None: the caption.
  """
  alt = html.escape(caption if described is None else described, quote=True)
  return (
    f'<figure><img src="{data_uri(shown(pixels))}" alt="{alt}">'
    f"<figcaption>{html.escape(caption)}</figcaption></figure>"
  )
