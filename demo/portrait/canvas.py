"""Drawing on one picture: shapes as distances, soft coverage, one layer over another.

A part of a picture draws on the same pixels, so that what is small costs little.
"""

import dataclasses

import numpy as np

_SKIN_SHADOW = (0.72, 1.0, 1.06)
_GREY = (1.0, 1.0, 1.0)


@dataclasses.dataclass(frozen=True)
class Picture:
  """Pixels and where they are: x to the right, y down, both from -1 to 1 over the whole picture.

  Attributes:
    pixels: float32 [3, H, W] in [0, 1], drawn on in place.
    x, y: [1, W] and [H, 1], the pixels' centres.
    pixel: width of one.
    outline: [H, W], the distance to the head's outline, negative inside: nearly every part asks for it.
  """

  pixels: np.ndarray
  x: np.ndarray
  y: np.ndarray
  pixel: float
  outline: np.ndarray

  @classmethod
  def empty(cls, size: int) -> "Picture":
    """Black, [3, size, size], without a head as yet."""
    centers = ((np.arange(size) + 0.5) * (2.0 / size) - 1.0).astype(np.float32)
    pixels, outline = np.zeros((3, size, size), np.float32), np.full((size, size), np.float32(2.0))
    return cls(pixels, centers[np.newaxis], centers[:, np.newaxis], 2.0 / size, outline)

  def part(self, left: float, right: float, top: float, bottom: float) -> "Picture":
    """The pixels between these coordinates."""
    columns = slice(*np.searchsorted(self.x[0], (left, right)))
    rows = slice(*np.searchsorted(self.y[:, 0], (top, bottom)))
    return Picture(
      self.pixels[:, rows, columns],
      self.x[:, columns],
      self.y[rows],
      self.pixel,
      self.outline[rows, columns],
    )

  def moved(self, x, y) -> "Picture":
    """The same pixels, as if they were at other places."""
    return dataclasses.replace(self, x=x, y=y)

  def cover(self, distance, softness: float = 0.0):
    """1 inside (negative distance), 0 outside, a ramp at the edge of 1.4 pixels or `softness`."""
    ramp = distance * (-1.0 / max(1.4 * self.pixel, softness))
    ramp += 0.5
    np.maximum(ramp, 0.0, out=ramp)
    np.minimum(ramp, 1.0, out=ramp)
    smooth = ramp * -2.0
    smooth += 3.0
    smooth *= ramp
    smooth *= ramp
    return smooth

  def ellipse(self, x: float, y: float, width: float, height: float):
    """About the distance to an ellipse with half axes `width` and `height`."""
    radius = np.sqrt(np.square((self.x - x) / width) + np.square((self.y - y) / height))
    return (radius - 1.0) * min(width, height)

  def blob(self, x: float, y: float, width: float, height: float):
    """A bump of height 1."""
    across = np.exp(-np.square((self.x - x) / width))
    return across * np.exp(-np.square((self.y - y) / height))

  def stroke(self, x: float, y: float, half: float, bend: float, thickness: float, tilt: float = 0):
    """Distance to an arc through (x, y) with its ends `bend` lower, thin at its ends."""
    t = (self.x - x) / half
    arc = np.abs(self.y - y - bend * t * t - tilt * t)
    return np.maximum(arc - thickness * (1.0 - 0.8 * t * t), (np.abs(t) - 1.0) * half)

  def fold(self, points, thickness: float):
    """Distance to a line down the picture through three points (x, y), thin at its ends."""
    (x0, y0), (x1, y1), (x2, y2) = points
    t = (self.y - y0) / (y2 - y0)
    middle = (y1 - y0) / (y2 - y0)
    bulge = (x1 - x0 - middle * (x2 - x0)) / (middle * (1.0 - middle))
    line = x0 + t * (x2 - x0) + bulge * t * (1.0 - t)
    u = 2.0 * t - 1.0
    return np.maximum(
      np.abs(self.x - line) - thickness * (1.0 - 0.8 * u * u), (np.abs(u) - 1.0) * 0.5 * (y2 - y0)
    )

  def over(self, color, coverage) -> None:
    """Lays a colour, three numbers or [3, H, W], over the picture as far as `coverage` goes."""
    for channel, value in zip(self.pixels, color, strict=True):
      change = value - channel
      change *= coverage
      channel += change

  def darken(self, amount, tint=_SKIN_SHADOW) -> None:
    """Takes light away, as far as `tint` says of each colour; by default as on skin, warmly."""
    left = -amount
    if tint != _GREY:
      left = left * _of_channels(tint)
    left += 1.0
    np.multiply(self.pixels, left, out=self.pixels)

  def lighten(self, amount) -> None:
    """Adds white light."""
    np.add(self.pixels, amount, out=self.pixels)


def _of_channels(color) -> np.ndarray:
  return np.array(color, np.float32)[:, np.newaxis, np.newaxis]


def mix(a, b, amount):
  """a where `amount` is 0, b where it is 1."""
  return a + (b - a) * amount
