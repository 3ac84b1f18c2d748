"""How close a reconstruction is to its photo."""

import numpy as np


def psnr(images: np.ndarray, targets: np.ndarray) -> np.ndarray:
  """Peak signal-to-noise ratio of 8-bit images, as a viewer would see them.

  Args:
    images: [N, H, W, C] in [-1, 1]; values outside are clipped.
    targets: the same shape.

  Returns:
    float32 [N], decibels; infinity for equal images.
  """
  difference = _to_levels(images) - _to_levels(targets)
  error = np.mean(np.square(difference), axis=(1, 2, 3))
  with np.errstate(divide="ignore"):
    return (20 * np.log10(255) - 10 * np.log10(error)).astype(np.float32)


def _to_levels(images: np.ndarray) -> np.ndarray:
  return np.rint((np.clip(np.asarray(images, np.float64), -1, 1) + 1) * 127.5)
