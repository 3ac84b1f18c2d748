"""Resizing by interpolation matrices, one for rows and columns alike. All channels last."""

import numpy as np
from keras import ops


def smoothing_matrix(source: int, target: int) -> np.ndarray:
  """Bilinear resizing that averages what it makes smaller, as PIL does.

  Args:
    source, target: pixels before and after.

  Returns:
    float32 [target, source]; rows sum to 1.
  """
  step = source / target
  reach = max(step, 1.0)  # of the triangle, in pixels of the source
  centres = (np.arange(target) + 0.5) * step
  distances = np.abs(np.arange(source) + 0.5 - centres[:, None])
  weights = np.maximum(0.0, 1.0 - distances / reach)
  return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def aligned_matrix(source: int, target: int) -> np.ndarray:
  """Bilinear resizing that keeps the corner pixels where they are.

  Args:
    source, target: pixels before and after, the latter at least 2.

  Returns:
    float32 [target, source]; rows sum to 1.
  """
  places = np.arange(target) * ((source - 1) / (target - 1))
  weights = np.maximum(0.0, 1.0 - np.abs(np.arange(source) - places[:, None]))
  return weights.astype(np.float32)


def resized(x, matrix: np.ndarray):
  """[N, source, source, C] -> [N, target, target, C].

  Args:
    x: channels last.
    matrix: [target, source], of this module.
  """
  x = ops.einsum("yh,nhwc->nywc", matrix, x)
  return ops.einsum("xw,nywc->nyxc", matrix, x)
