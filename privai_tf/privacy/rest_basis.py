"""B, the directions in which a release's rest is published; see `split`."""

import hashlib

import numpy as np

from privai_tf.runtime.kept import Arrays, kept_arrays

# Where nobody asked the pictures: directions until this share of the rest's variance is left out.
_LEFT_OUT = 1e-3
_MOST_ROWS = 4000
_LEAST_DEVIATION = 1e-6
_NO_VARIANCE = 1e-12
# Smaller ones are found as fast as they are read.
_LEAST_KEPT = 256
_FOLDER, _FORMAT = "rest_basis", 1
_ROUNDING = 1e-9


def rest_basis(
  rest: np.ndarray, layers: int | None, asked: int | None, normals: np.ndarray
) -> np.ndarray:
  """B: of whole codes, or of a layer where the public codes are the same in all of them.

  Those say nothing of how layers differ, so that each keeps its own rest.

  Args:
    rest: float64 [n, D], of the public codes.
    layers: L of W+; None for one code a face.
    asked: how many directions; None: those that hold all but a thousandth of the variance.
    normals: float64 [k, D], orthonormal: of the planes whose coordinates are hidden.

  Returns:
    float64 [D, p], or [d, p] of each layer: orthonormal, orthogonal to all normals.
  """
  layered = rest.reshape(len(rest), layers or 1, -1)
  if layers is None or float(np.ptp(layered, axis=1).max()) > _LEAST_DEVIATION:
    return _kept(rest[:_MOST_ROWS], asked, normals)
  axes = normals[::layers, : layered.shape[2]] * layers**0.5
  return _kept(layered[:_MOST_ROWS, 0], asked, axes)


def _kept(rest: np.ndarray, asked: int | None, normals: np.ndarray) -> np.ndarray:
  """Found, or as an earlier process found it: taking 512 numbers apart can take seconds where others
  use the processor.

  That a release keeps its promise hangs on B being orthogonal to the normals, so this is checked.
  """
  width = rest.shape[1]
  if width < _LEAST_KEPT:
    return _principal(rest, asked, normals)
  digest = hashlib.sha256(np.ascontiguousarray(rest))
  digest.update(np.ascontiguousarray(normals))

  def sound(found: Arrays) -> bool:
    basis = found["basis"]
    if basis.dtype != np.float64 or basis.ndim != 2 or basis.shape[0] != width:
      return False
    apart = basis.T @ basis - np.eye(basis.shape[1])
    return bool(np.all(np.abs(apart) < _ROUNDING) and np.all(np.abs(normals @ basis) < _ROUNDING))

  return kept_arrays(
    _FOLDER,
    f"{digest.hexdigest()} {rest.shape} {normals.shape} {asked} {_LEFT_OUT} {_NO_VARIANCE} {_FORMAT}",
    lambda: {"basis": _principal(rest, asked, normals)},
    sound,
    "basis",
  )["basis"]


def _principal(rest: np.ndarray, asked: int | None, normals: np.ndarray) -> np.ndarray:
  """Orthonormal [D, p]: the principal directions of the rest, orthogonal to all normals."""
  rows = rest - rest.mean(axis=0)
  rows = rows - (rows @ normals.T) @ normals
  few = len(rows) < rows.shape[1]
  variances, vectors = np.linalg.eigh((rows @ rows.T if few else rows.T @ rows) / len(rows))
  order = np.argsort(variances)[::-1]
  variances = np.maximum(variances[order], 0)
  left = variances.sum() - np.cumsum(variances)
  wanted = asked or int(np.searchsorted(-left, -_LEFT_OUT * variances.sum())) + 1
  kept = min(wanted, int((variances > _NO_VARIANCE * max(variances[0], 1e-300)).sum()))
  vectors = vectors[:, order[:kept]]
  # The smaller of X X^T and X^T X was taken apart; if v is of the one, X^T v is of the other.
  if few:
    vectors = rows.T @ vectors
  basis, _ = np.linalg.qr(vectors)
  return basis
