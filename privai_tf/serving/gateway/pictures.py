"""An uploaded picture: what it is and how large, before a single pixel is decoded."""

import io
import struct
import warnings
import zlib

import numpy as np
from PIL import Image

from privai_tf.faces import decode_image
from privai_tf.serving.gateway.refusals import Refusal

LABEL = "The picture"
MEDIA_TYPES = ("image/png", "image/jpeg", "image/webp")
# Fewer formats than the batch job reads: each decoder is code that strangers can reach.
_FORMATS = ("PNG", "JPEG", "WEBP")
# A progressive JPEG has about ten scans; each goes over the whole picture, so that thousands in a
# small file keep a processor busy for hours.
_MOST_SCANS = 100
_SCAN = b"\xff\xda"
_DAMAGE = (
  Image.DecompressionBombError,
  EOFError,
  LookupError,
  MemoryError,
  OSError,
  OverflowError,
  RuntimeError,
  SyntaxError,
  TypeError,
  ValueError,
  struct.error,
  zlib.error,
)


def decode_upload(data: bytes, max_pixels: int) -> np.ndarray:
  """Decodes a picture that came over the network.

  Args:
    data: the whole file.
    max_pixels: the most pixels that are decoded, by what the header promises.

  Returns:
    uint8 [H, W, 3], RGB.

  Raises:
    Refusal: 415 for anything but PNG, JPEG and WebP, 413 for too many pixels, 422 if damaged.
    InputError: if it cannot be decoded.
  """
  kind = kind_of(data)
  if kind is None:
    raise Refusal(415, f"{LABEL} is no PNG, JPEG or WebP file; save it as one of these.")
  if kind == "JPEG" and data.count(_SCAN) > _MOST_SCANS:
    raise Refusal(422, f"{LABEL} has far too many scans for a JPEG; save it again as PNG.")
  width, height = _size(data)
  if width * height > max_pixels:
    raise Refusal(
      413, f"{LABEL} has {width} x {height} pixels, the limit is {max_pixels}; make it smaller."
    )
  return decode_image(data, LABEL)


def kind_of(data: bytes) -> str | None:
  """The format by the file's first bytes, whatever its name or Content-Type says."""
  if data.startswith(b"\x89PNG\r\n\x1a\n"):
    return "PNG"
  if data.startswith(b"\xff\xd8\xff"):
    return "JPEG"
  if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
    return "WEBP"
  return None


def _size(data: bytes) -> tuple[int, int]:
  """Width and height from the header."""
  try:
    with warnings.catch_warnings():
      warnings.simplefilter("ignore")  # Pillow's own limit is above ours.
      with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
        return image.size
  except _DAMAGE:
    raise Refusal(422, f"{LABEL} is damaged or incomplete; send a fresh copy.") from None
