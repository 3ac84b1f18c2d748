"""How codes move on average when one coordinate moves: the curve that a release takes out of a code.

    m: R -> R^D,   m(t) is about E[w - mu | n . (w - mu) = t],   n . m(t) = t

Piecewise linear, continued with its end slopes, so that its Lipschitz constant is known exactly: the
map `w -> w - m(n . w)` has the Jacobians `I - v n^T`, v a slope; as n . v = 1 these are projections
along v, of norm |v|.
"""

import dataclasses
import functools

import numpy as np

_KNOTS = 9
_FEWEST = 100  # public codes a knot; fewer, and the curve is a line
_TAIL = 0.02
# How much a bend costs, in the units of one code a segment: keeps thin segments from chasing noise.
_BENDING = 10.0
_LEAST_DEVIATION = 1e-6


@dataclasses.dataclass(frozen=True, eq=False)
class Curve:
  """A public curve through a code space.

  Attributes:
    normal: float64 [D], n, of unit length.
    knots: float64 [m], ascending, at least two.
    values: float64 [m, D], m at the knots; `values @ normal == knots`.
  """

  normal: np.ndarray
  knots: np.ndarray
  values: np.ndarray

  @functools.cached_property
  def slopes(self) -> np.ndarray:
    """float64 [m - 1, D], each of component 1 along the normal."""
    return np.diff(self.values, axis=0) / np.diff(self.knots)[:, np.newaxis]

  @property
  def lipschitz(self) -> float:
    """How many times larger `w - m(n . w)` may make a difference of two codes; at least 1."""
    return float(np.linalg.norm(self.slopes, axis=1).max())

  @property
  def is_linear(self) -> bool:
    """Whether it is a straight line."""
    return len(self.knots) == 2

  def coordinate(self, centred: np.ndarray) -> np.ndarray:
    """n . (w - mu): float64 [n, D] -> [n]."""
    return centred @ self.normal

  def at(self, coordinates: np.ndarray) -> np.ndarray:
    """m: float64 [n] -> [n, D]; beyond the knots it goes on straight."""
    segment = np.clip(np.searchsorted(self.knots, coordinates) - 1, 0, len(self.knots) - 2)
    offset = coordinates - self.knots[segment]
    return self.values[segment] + offset[:, np.newaxis] * self.slopes[segment]


def fit_curve(
  centred: np.ndarray, normal: np.ndarray, *, straight: bool = False, others: np.ndarray
) -> Curve:
  """Least squares over public codes, with a penalty on bends.

  The linear form is `m(t) = S t`, `S = C n / (n^T C n)`, C the codes' covariance. The rest
  `w - m(n . w)` is then uncorrelated with the coordinate (with every piecewise linear function of
  it on the knots, up to the penalty).

  Args:
    centred: float64 [n, D], public codes less their mean, without what earlier curves took.
    normal: float64 [D], of unit length.
    straight: whether only a line is wanted.
    others: float64 [k, D], orthonormal normals of earlier curves, along which this one never moves.
  """
  coordinates = centred @ normal
  deviation = float(coordinates.std())
  if deviation < _LEAST_DEVIATION:
    # A coordinate that does not vary says nothing of the others: take it out as it is.
    return Curve(normal, np.array([-1.0, 1.0]), np.stack([-normal, normal]))
  count = min(_KNOTS, len(coordinates) // _FEWEST)
  if straight or count < 3:
    slope = coordinates @ centred / (coordinates @ coordinates)
    knots = np.array([-deviation, deviation])
    return Curve(normal, knots, _exact(np.outer(knots, slope), normal, knots, others))
  knots = np.unique(np.quantile(coordinates, np.linspace(_TAIL, 1 - _TAIL, count)))
  weights = hat_weights(coordinates, knots)
  bends = _second_differences(knots)
  penalty = bends.T @ bends
  penalty *= _BENDING * len(knots) / np.trace(penalty)
  values = np.linalg.solve(weights.T @ weights + penalty, weights.T @ centred)
  return Curve(normal, knots, _exact(values, normal, knots, others))


def hat_weights(coordinates: np.ndarray, knots: np.ndarray) -> np.ndarray:
  """How linear interpolation weighs the knots' values.

  Args:
    coordinates: float64 [n]; beyond the knots weights go on straight, one of them negative.
    knots: float64 [m], ascending, m >= 2.

  Returns:
    float64 [n, m], two neighbours in a row not zero, rows add up to 1.
  """
  segment = np.clip(np.searchsorted(knots, coordinates) - 1, 0, len(knots) - 2)
  share = (coordinates - knots[segment]) / np.diff(knots)[segment]
  weights = np.zeros((len(coordinates), len(knots)))
  rows = np.arange(len(coordinates))
  weights[rows, segment], weights[rows, segment + 1] = 1 - share, share
  return weights


def _second_differences(knots: np.ndarray) -> np.ndarray:
  """[m - 2, m]: the change of slope at each inner knot, zero for a line."""
  steps, inner = np.diff(knots), np.arange(len(knots) - 2)
  bends = np.zeros((len(knots) - 2, len(knots)))
  bends[inner, inner] = 1 / steps[:-1]
  bends[inner, inner + 2] = 1 / steps[1:]
  bends[inner, inner + 1] = -(1 / steps[:-1] + 1 / steps[1:])
  return bends


def _exact(
  values: np.ndarray, normal: np.ndarray, knots: np.ndarray, others: np.ndarray
) -> np.ndarray:
  """Values whose components along the normals are what they must be, to the last digits."""
  values = values - (values @ others.T) @ others
  return values + np.outer(knots - values @ normal, normal)
