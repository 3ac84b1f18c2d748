"""What a cut shows beyond the photo's edge: the photo mirrored, more and more blurred."""

import numpy as np
from PIL import Image, ImageFilter

_LEAST = 0.3  # Of the square's side: added on every side once anything has to be added.
_BLUR = 0.02  # Of the square's side: standard deviation of the blur.
_FULL_BLUR_INSIDE = 3.0  # The blur is full where something was added and ends 1/3 of it further in.
_ROWS = 256  # Worked on at a time, which bounds the memory.


def padded(
  image: Image.Image, quad: np.ndarray, side: float, border: int
) -> tuple[Image.Image, np.ndarray]:
  """Adds mirrored, blurred edges where the square comes near the picture's end or leaves it.

  The numbers are FFHQ's: mirrored, then blurred towards the edge, then faded to the median colour.

  Args:
    image: mode "RGB".
    quad: [4, 2], the square's corners in the picture.
    side: of the square.
    border: how much picture is wanted around the square.

  Returns:
    The picture, and the corners in it; both unchanged if nothing has to be added.
  """
  before = np.maximum(border - np.floor(quad.min(axis=0)).astype(int), 0)
  after = np.maximum(np.ceil(quad.max(axis=0)).astype(int) - image.size + border, 0)
  # FFHQ's rule: nothing is added where the whole square lies four pixels or more inside.
  if max(*before, *after) <= border - 4:
    return image, quad
  least = round(side * _LEAST)
  before, after = np.maximum(before, least), np.maximum(after, least)
  mirrored = np.pad(
    np.asarray(image), ((before[1], after[1]), (before[0], after[0]), (0, 0)), mode="reflect"
  )
  return Image.fromarray(_faded(mirrored, before, after, side * _BLUR)), quad + before


def _faded(pixels: np.ndarray, before: np.ndarray, after: np.ndarray, blur: float) -> np.ndarray:
  """Blurs and fades the added edges of uint8 [H, W, 3], in place."""
  image = Image.fromarray(pixels)
  blurred = np.asarray(image.filter(ImageFilter.GaussianBlur(blur)))
  median = _median(image)
  inside_x = _inside(pixels.shape[1], before[0], after[0])
  inside_y = _inside(pixels.shape[0], before[1], after[1])
  # In strips: a float copy of the whole would take four times its room.
  for top in range(0, pixels.shape[0], _ROWS):
    rows = slice(top, top + _ROWS)
    outside = 1 - np.minimum(inside_x[None, :], inside_y[rows, None])[..., None]
    part = pixels[rows].astype(np.float32)
    part += (blurred[rows] - part) * np.clip(outside * _FULL_BLUR_INSIDE + 1, 0, 1)
    part += (median - part) * np.clip(outside, 0, 1)
    pixels[rows] = np.rint(np.clip(part, 0, 255))
  return pixels


def _inside(length: int, before: int, after: int) -> np.ndarray:
  """0 at the outer edge, 1 where the picture begins, more inside it: float32 [length]."""
  position = np.arange(length, dtype=np.float32)
  return np.minimum(position / before, (length - 1 - position) / after)


def _median(image: Image.Image) -> np.ndarray:
  """The median of each channel, from counts: float32 [3]."""
  counts = np.array(image.histogram()).reshape(3, 256).cumsum(axis=1)
  return (counts >= counts[:, -1:] / 2).argmax(axis=1).astype(np.float32)
