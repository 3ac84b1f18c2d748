"""Boundaries in W from scored sketches, many and rough, and from scored faces, few and true."""

import dataclasses
from typing import Any

import numpy as np

# Of a face against a sketch: with faces that count tenfold planes are right more often on others.
_FACE_WEIGHT = 10


@dataclasses.dataclass(frozen=True)
class Sides:
  """Which scores say that an attribute is present, and which that it is not.

  Attributes:
    high: share of the highest scores of sketches that counts as present.
    low: share of the lowest that counts as absent.
  """

  high: float
  low: float

  def examples(self, codes: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The codes [m, d] that count, and whether the attribute is present, bool [m]."""
    low, high = np.quantile(scores, [self.low, 1 - self.high])
    used = (scores < low) | (scores > high)
    return codes[used], scores[used] > high


def plane_between(
  sketches: tuple[np.ndarray, np.ndarray],
  faces: tuple[np.ndarray, np.ndarray],
  regularization: float,
  name: str,
  made_by: dict[str, Any],
) -> Any:
  """A boundary in W.

  Args:
    sketches: their codes float32 [n, d], and whether the attribute is present, bool [n].
    faces: those of faces, as above; each counts as ten sketches.
    regularization: C of the support vector machine.
    name: the attribute.
    made_by: JSON values kept with the boundary.

  Returns:
    A `Boundary`, which stands where `placed` will move it from.
  """
  from privai_tf.attributes.svm import fit_boundary

  (drawn, rough), (seen, sure) = _balanced(*sketches), _balanced(*faces)
  learnt = fit_boundary(
    np.concatenate([drawn, np.repeat(seen, _FACE_WEIGHT, axis=0)]),
    np.concatenate([rough, np.repeat(sure, _FACE_WEIGHT)]),
    "W",
    name=name,
    regularization=regularization,
  )
  provenance = {
    **made_by,
    "method": "linear support vector machine on scored sketches and faces",
    "sketches": len(sketches[0]),
    "faces": len(faces[0]),
  }
  return dataclasses.replace(learnt, provenance=provenance)


def placed(boundary: Any, middle: float, codes: np.ndarray, present: np.ndarray) -> Any:
  """The boundary moved to a coordinate, and how often it is right on faces it was not learnt from.

  Args:
    boundary: of `plane_between`.
    middle: the coordinate where it is to stand.
    codes, present: of the faces that judge, float32 [n, d] and bool [n].

  Returns:
    The boundary; its `accuracy_held_out` is the mean of the shares that are right among faces with the
    attribute and among those without.
  """
  right = (boundary.coordinate(codes) > middle) == present
  shares = float(right[present].mean()), float(right[~present].mean())
  provenance = {
    **boundary.provenance,
    "held_out_faces": len(codes),
    "right_held_out": {"with": round(shares[0], 4), "without": round(shares[1], 4)},
    "accuracy_held_out": round(float(np.mean(shares)), 4),
  }
  return dataclasses.replace(boundary, intercept=boundary.intercept - middle, provenance=provenance)


def between_sides(coordinates: np.ndarray, present: np.ndarray) -> float:
  """The coordinate that tells faces with an attribute from those without it best, both alike.

  Args:
    coordinates: float [n].
    present: bool [n].
  """
  order = np.argsort(coordinates)
  ordered, found = coordinates[order], present[order]
  # Of a plane after each face but the last: faces without below it, faces with above it.
  without = np.cumsum(~found)[:-1] / max(1, (~found).sum())
  having = 1 - np.cumsum(found)[:-1] / max(1, found.sum())
  best = int(np.argmax(without + having))
  return float(ordered[best] + ordered[best + 1]) / 2


def _balanced(codes: np.ndarray, present: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  """The smaller side as often as makes both about equally many."""
  counts = max(1, int(present.sum())), max(1, int((~present).sum()))
  times = np.where(
    present, max(1, round(counts[1] / counts[0])), max(1, round(counts[0] / counts[1]))
  )
  return np.repeat(codes, times, axis=0), np.repeat(present, times)
