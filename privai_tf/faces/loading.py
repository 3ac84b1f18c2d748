"""Pixels of a photo as networks take them: square, of the right size, in [-1, 1]."""

import numpy as np
from PIL import Image

from privai_tf.errors import ConfigurationError, InputError

_SMALLEST = 16  # Pixels a side; below, there is no face to be seen.


def require_size(width: int, height: int, source: str) -> None:
  """Raises `InputError` for pictures too small to show a face.

  Args:
    width, height: in pixels.
    source: names the picture in the message.

  Raises:
    InputError: a side has fewer than 16 pixels.
  """
  if min(height, width) < _SMALLEST:
    raise InputError(
      f"{source} has {width} x {height} pixels; at least {_SMALLEST} a side are needed to see a "
      "face: use a larger picture."
    )


def center_square(pixels: np.ndarray) -> np.ndarray:
  """The largest square in the middle of [H, W, C]; of an odd rest, the extra pixel is cut below.

  Args:
    pixels: of any type and number of channels.

  Returns:
    [S, S, C] with S = min(H, W), a view.
  """
  height, width = pixels.shape[:2]
  side = min(height, width)
  top, left = (height - side) // 2, (width - side) // 2
  return pixels[top : top + side, left : left + side]


def resized(pixels: np.ndarray, resolution: int) -> np.ndarray:
  """Scales uint8 [S, S, 3] to [R, R, 3]: averages areas when shrinking a lot, Lanczos otherwise.

  Args:
    pixels: RGB.
    resolution: R in pixels, at least 1; where it is S already, `pixels` itself is returned.

  Raises:
    ConfigurationError: `resolution` is below 1.
  """
  if resolution < 1:
    raise ConfigurationError(f"resolution is {resolution}; it must be at least 1 pixel.")
  if pixels.shape[0] == resolution:
    return pixels
  image = Image.fromarray(pixels)
  # Above a factor of four, whole blocks are averaged first (exact, and much faster).
  size = (resolution, resolution)
  return np.asarray(image.resize(size, Image.Resampling.LANCZOS, reducing_gap=4.0))


def to_signed(pixels: np.ndarray) -> np.ndarray:
  """uint8 to float32 in [-1, 1].

  Args:
    pixels: of any shape; 0 becomes -1, and 255 becomes 1.
  """
  return pixels.astype(np.float32) / 127.5 - 1.0
