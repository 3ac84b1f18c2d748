"""What attackers read from codes: the numbers that the public layout makes of them, in public units."""

import dataclasses

import numpy as np

from privai_tf.privacy.prepared import PreparedRelease

_MOST_DIRECTIONS, _MOST_CODES = 64, 4000


@dataclasses.dataclass(frozen=True, eq=False)
class Reading:
  """Codes -> numbers of public unit variance.

  Attributes:
    prepared: the release.
    mean, axes: float64 [D] and [D, q], the public codes' principal directions and the boundaries'
      normals, over their spread; for scopes other than "attribute".
    spread: float64 [f], of coordinates and rest; None for these other scopes.
  """

  prepared: PreparedRelease
  mean: np.ndarray
  axes: np.ndarray
  spread: np.ndarray | None

  def __call__(self, codes: np.ndarray) -> np.ndarray:
    """float [n, d] or [n, L, d] -> float64 [n, f]."""
    codes = np.asarray(codes, np.float64)
    if self.spread is not None:
      return np.hstack(self.prepared.layout.parts(codes)) / self.spread
    return (codes.reshape(len(codes), -1) - self.mean) @ self.axes


def make_reading(
  prepared: PreparedRelease, public: np.ndarray, axes: np.ndarray | None = None
) -> Reading:
  """How attackers read the codes of a release.

  Scope "attribute": the coordinates, first, then the rest. Other scopes: where codes lie along the
  public codes' principal directions, and along boundaries' normals.

  Args:
    prepared: the release.
    public: codes [m, ...] of the release path.
    axes: float64 [D, q], for other scopes; see `reading_axes`; None: without normals.
  """
  flat = public.reshape(len(public), -1).astype(np.float64)
  mean = flat.mean(axis=0)
  if prepared.spec.scope == "attribute":
    numbers = np.hstack(prepared.layout.parts(public.astype(np.float64)))
    return Reading(prepared, mean, np.zeros((0, 0)), np.maximum(numbers.std(axis=0), 1e-9))
  axes = reading_axes(public) if axes is None else axes
  return Reading(prepared, mean, axes / np.maximum(((flat - mean) @ axes).std(axis=0), 1e-9), None)


def reading_axes(public: np.ndarray, normals: np.ndarray | None = None) -> np.ndarray:
  """Where attackers look in scopes other than "attribute", the same for every release: [D, q].

  Args:
    public: codes [m, ...] of the release path.
    normals: float64 [a, d] of boundaries.
  """
  flat = public.reshape(len(public), -1)[:_MOST_CODES].astype(np.float64)
  _, sizes, directions = np.linalg.svd(flat - flat.mean(axis=0), full_matrices=False)
  kept = min(_MOST_DIRECTIONS, int((sizes > 1e-6 * sizes[0]).sum()))
  axes = directions[:kept].T
  if normals is not None and len(normals):
    layers = flat.shape[1] // normals.shape[1]
    axes = np.hstack([axes, np.tile(normals, layers).T])
  return axes
