"""Picture by picture: PSNR, MS-SSIM, LPIPS where its weights are, sharpness."""

import os

import numpy as np

_LUMA = (0.299, 0.587, 0.114)
_PEAK = 2.0  # Of values in [-1, 1].
_MOST_DB = 100.0  # Equal pictures.


def psnr_db(images: np.ndarray, targets: np.ndarray) -> np.ndarray:
  """Peak signal-to-noise ratio, float64 [n] in dB, at most 100.

  Args:
    images, targets: [n, R, R, C] in [-1, 1]; values outside are clipped.
  """
  errors = np.square(np.clip(images, -1, 1) - np.clip(targets, -1, 1), dtype=np.float64)
  found = errors.mean(axis=(1, 2, 3))
  return 10 * np.log10(_PEAK**2 / np.maximum(found, _PEAK**2 * 10 ** (-_MOST_DB / 10)))


def ms_ssim(images: np.ndarray, targets: np.ndarray) -> np.ndarray:
  """Structural similarity at several scales, float32 [n]; see `inversion.similarity`.

  Args:
    images, targets: [n, R, R, C] in [-1, 1], at least 11 x 11.
  """
  from privai_tf.inversion.similarity import ms_ssim_figures

  return ms_ssim_figures(np.asarray(images, np.float32), np.asarray(targets, np.float32))


def lpips(
  images: np.ndarray, targets: np.ndarray, weights: str | os.PathLike | None
) -> np.ndarray | None:
  """LPIPS (VGG16), float32 [n]; None without weights.

  Args:
    images, targets: [n, R, R, 3] in [-1, 1].
    weights: a file of `python -m privai_tf.converters.perceptual`.
  """
  from privai_tf.inversion.lpips import lpips_figures
  from privai_tf.inversion.spec import InversionSpec

  spec = InversionSpec(lpips_weights=None if weights is None else os.fspath(weights))
  return lpips_figures(images, targets, spec)


def sharpness(images: np.ndarray) -> np.ndarray:
  """Variance of the Laplacian of the luma, float64 [n]: falls where details are lost.

  Args:
    images: [n, R, R, 3] in [-1, 1], R at least 3.
  """
  luma = np.clip(images, -1, 1).astype(np.float64) @ _LUMA
  middle = luma[:, 1:-1, 1:-1]
  around = luma[:, :-2, 1:-1] + luma[:, 2:, 1:-1] + luma[:, 1:-1, :-2] + luma[:, 1:-1, 2:]
  return (around - 4 * middle).var(axis=(1, 2))
