"""Least-squares concept erasure in closed form.

With x the codes, z the labels, S the covariance of x, C the covariance of x and z:

    W = S^(-1/2),  P = orthogonal projection onto the columns of W C,
    r(x) = x - W^+ P W (x - mean(x))

leaves no covariance between r(x) and z, which is exactly when no linear probe does better than a
constant, and moves x least, in every quadratic norm, among all affine maps that do so (Belrose et
al., LEACE, arXiv:2306.03819, theorem 4.2 and 4.3).

The columns of W^+ P W are those of C: the differences of the classes' means. So the *orthogonal*
projection along the basis found here erases too; it only moves x further. That is what a release
with `scope="attribute"` does with the rest that it publishes.
"""

import numpy as np

from privai_tf.errors import InputError
from privai_tf.shapes import FlatCodes

_LEAST_VARIANCE = 1e-10
_LEAST_COVARIANCE = 1e-8


def erasure_directions(
  codes: FlatCodes, labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
  """The directions that erase labels from codes.

  Args:
    codes: [n, d].
    labels: [n], bool or real, or [n, m] for several attributes at once.

  Returns:
    basis float64 [k, d], orthonormal rows, k at most m; readers float64 [k, d]; center float64 [d]:
    `codes - (codes - center) @ readers.T @ basis` is erased.

  Raises:
    InputError: if the labels do not vary, or do not vary with the codes.
  """
  codes = np.asarray(codes, np.float64)
  labels = np.asarray(labels, np.float64).reshape(len(codes), -1)
  center = codes.mean(axis=0)
  centred = codes - center
  deviations = labels - labels.mean(axis=0)
  spread = np.sqrt(np.mean(deviations**2, axis=0))
  if (spread == 0).any():
    raise InputError("All samples have the same label: there is nothing to erase.")
  cross = centred.T @ (deviations / spread) / len(codes)
  whiten, unwhiten = _whitening(centred.T @ centred / len(codes))
  left, sizes, _ = np.linalg.svd(whiten @ cross, full_matrices=False)
  # Whitened, and of labels of variance one: these are canonical correlations, from 0 to 1.
  left = left[:, sizes > _LEAST_COVARIANCE]
  if left.shape[1] == 0:
    raise InputError("The labels do not vary with the codes: there is nothing to erase.")
  # W^+ P W = (unwhiten left) (left' whiten) = basis (triangle left' whiten), the basis orthonormal.
  basis, triangle = np.linalg.qr(unwhiten @ left)
  return basis.T, triangle @ left.T @ whiten, center


def _whitening(covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  """Symmetric square roots of the (pseudo)inverse covariance and of the covariance."""
  variances, axes = np.linalg.eigh(covariance)
  kept = variances > _LEAST_VARIANCE * variances[-1]
  axes, deviations = axes[:, kept], np.sqrt(variances[kept])
  return (axes / deviations) @ axes.T, (axes * deviations) @ axes.T
