"""The square that a face is cut out in, and the cut: FFHQ's recipe and CelebA-HQ's.

#### References

Karras, Aila, Laine, Lehtinen: "Progressive Growing of GANs", appendix C (2018), the square.
Karras, Laine, Aila: "A Style-Based Generator Architecture for GANs", appendix A (2019), FFHQ.
"""

import math

import numpy as np
from PIL import Image

from privai_tf.artifacts import Placement
from privai_tf.faces.detection import Detection
from privai_tf.faces.padding import padded

# Half the square's side, in distances between the eyes and from the eyes to the mouth.
_EYES, _MOUTH = 2.0, 1.8
_DOWN = 0.1  # From between the eyes to the middle of the square, in eyes to mouth.
_BORDER = 0.1  # What is kept around the square, in its side.
_SUPERSAMPLING = 4  # The square is first cut at this many times its resolution.


def face_square(face: Detection, frame: tuple[int, int]) -> Placement:
  """The square of FFHQ and CelebA-HQ around a face.

  Its x axis lies between the line through the eyes and the perpendicular of the line from the eyes
  to the mouth, so that it stays upright when the head is turned.

  Args:
    face: where eyes and mouth are.
    frame: (height, width) of the photo.
  """
  # Appendix C, with x' = eye_to_eye and y' = -eye_to_mouth: x = Normalize(x' - Rotate90(y')),
  # s = max(4.0 |x'|, 3.6 |y'|), c = (e0 + e1) / 2 - 0.1 y'.
  eyes, mouth = np.array(face.eyes), np.array(face.mouth)
  between_eyes = eyes.mean(axis=0)
  eye_to_eye = eyes[1] - eyes[0]
  eye_to_mouth = mouth.mean(axis=0) - between_eyes
  direction = eye_to_eye + np.array([eye_to_mouth[1], -eye_to_mouth[0]])
  length = math.hypot(*direction)
  if length == 0:  # Eyes and mouth on one line; only a nonsensical detection can do this.
    direction, length = np.array([1.0, 0.0]), 1.0
  half_side = max(_EYES * math.hypot(*eye_to_eye), _MOUTH * math.hypot(*eye_to_mouth))
  center = between_eyes + _DOWN * eye_to_mouth
  half_axis = direction / length * half_side
  return Placement(
    center=(float(center[0]), float(center[1])),
    half_axis=(float(half_axis[0]), float(half_axis[1])),
    frame=frame,
  )


def corners(placement: Placement) -> np.ndarray:
  """Upper left, lower left, lower right, upper right corner in the photo: float64 [4, 2]."""
  center, right = np.array(placement.center), np.array(placement.half_axis)
  down = np.array([-right[1], right[0]])
  return np.stack(
    [center - right - down, center - right + down, center + right + down, center + right - down]
  )


def aligned(
  pixels: np.ndarray, placement: Placement, resolution: int, *, enlarge_smoothly: bool = False
) -> np.ndarray:
  """Cuts a square out of a photo, turned upright; what lies beyond the photo is made up.

  Args:
    pixels: uint8 [H, W, 3].
    placement: the square.
    resolution: side of the result.
    enlarge_smoothly: CelebA-HQ's variant, which enlarges faces smaller than the result by Lanczos'
      filter before it cuts; FFHQ's interpolates linearly.

  Returns:
    uint8 [R, R, 3].
  """
  quad = corners(placement)
  side = placement.side
  # FFHQ's download_ffhq.py, recreate_aligned_images: shrunk, cropped, padded, then cut.
  shrink = max(1, math.floor(side / resolution * 0.5))
  image, quad = _region(pixels, quad, border=max(round(side * _BORDER), 3 * shrink), shrink=shrink)
  side /= shrink
  if enlarge_smoothly and side < resolution:
    factor = 2 ** math.ceil(math.log2(resolution / side))
    size = (image.width * factor, image.height * factor)
    image, quad, side = image.resize(size, Image.Resampling.LANCZOS), quad * factor, side * factor
  image, quad = padded(image, quad, side, border=max(round(side * _BORDER), 3))
  large = resolution * _SUPERSAMPLING
  cut = image.transform(
    (large, large), Image.Transform.AFFINE, _affine(quad, large), Image.Resampling.BILINEAR
  )
  return np.asarray(cut.resize((resolution, resolution), Image.Resampling.LANCZOS))


def _region(
  pixels: np.ndarray, quad: np.ndarray, border: int, shrink: int
) -> tuple[Image.Image, np.ndarray]:
  """The part of the photo around the square, and the square in its coordinates."""
  height, width = pixels.shape[:2]
  first = np.clip(np.floor(quad.min(axis=0)).astype(int) - border, 0, [width - 1, height - 1])
  last = np.clip(np.ceil(quad.max(axis=0)).astype(int) + border, first + 1, [width, height])
  part = Image.fromarray(pixels[first[1] : last[1], first[0] : last[0]])
  quad = quad - first
  if shrink > 1:
    size = (max(1, round(part.width / shrink)), max(1, round(part.height / shrink)))
    quad = quad * (np.array(size) / np.array(part.size))
    part = part.resize(size, Image.Resampling.LANCZOS)
  return part, quad


def _affine(quad: np.ndarray, size: int) -> tuple[float, ...]:
  """Coefficients for Pillow: from points of the result to points of the picture."""
  # The square's sides in steps of the result: Pillow's (a, b, c, d, e, f), x = a u + b v + c.
  x, y = (quad[3] - quad[0]) / size, (quad[1] - quad[0]) / size
  return (x[0], y[0], quad[0][0], x[1], y[1], quad[0][1])
