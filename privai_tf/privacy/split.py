"""Splits a code into the coordinates that are hidden and a rest that says nothing more of them.

    w  ->  (a, r),     r = B^T (w - mu - m(a)),     w~ = mu + m(a~) + B r~

With several coordinates their curves follow one another, each fitted on what the ones before it
leave: b_j = n_j . r_(j-1), r_j = r_(j-1) - m_j(b_j). So r_j is a function of r_(j-1), which is what
makes a later release that hides more contain an earlier one (`relation.Relation.covers`).

Why not the orthogonal rest `(I - Q Q^T)(w - mu)`: for the codes that are really made it determines
the coordinate. And why B, the principal directions of the public rest: what varies least in a code
is mostly a function of the rest of it (a code on a sphere has the squares of all its coordinates
there), so that the coordinate could be read from there beyond what any curve takes out. It is left
at the public mean.
"""

import dataclasses
import functools
import weakref
from collections.abc import Sequence

import numpy as np

from privai_tf.privacy.curve import Curve, fit_curve
from privai_tf.privacy.public_codes import PublicCodes
from privai_tf.privacy.rest_basis import rest_basis
from privai_tf.shapes import Codes

_LEAST_DEVIATION = 1e-6
# A second and more to fit, and the same for every epsilon.
_FITTED: "weakref.WeakKeyDictionary[PublicCodes, dict]" = weakref.WeakKeyDictionary()


@dataclasses.dataclass(frozen=True, eq=False)
class Split:
  """The public layout of a release of scope "attribute"; codes are flat here, D = d or L * d.

  Attributes:
    mean: float64 [D], mu, of the public codes.
    curves: one for each hidden coordinate, in the order in which they are taken out.
    released: which of the curves' coordinates are released; the others stay at zero.
    scales: float64 [len(released)], code units to one unit of a released number.
    rest_basis: float64 [D, p], B, orthonormal; or [d, p], the same for each layer.
    layers: L for W+ codes, else None.
    basis: float64 [d, k], the attributes' orthonormal directions in one layer.
    public_numbers: float64 [n, numbers], the first of `parts` of the codes that it was fitted on: of
      thousands of W+ codes they take seconds.
  """

  mean: np.ndarray
  curves: tuple[Curve, ...]
  released: tuple[int, ...]
  scales: np.ndarray
  rest_basis: np.ndarray
  layers: int | None
  basis: np.ndarray
  public_numbers: np.ndarray

  @property
  def numbers(self) -> int:
    """How many numbers one release holds."""
    return len(self.released)

  def axis_numbers(self, axis: int) -> list[int]:
    """Positions of one attribute's numbers."""
    each = self.numbers // self.basis.shape[1]
    return list(range(axis * each, (axis + 1) * each))

  @property
  def rest_numbers(self) -> int:
    """How many numbers the rest of a code holds."""
    width, directions = self.rest_basis.shape
    return len(self.mean) // width * directions

  @functools.cached_property
  def lipschitz(self) -> float:
    """How many times larger the rest may make a difference of two codes; at least 1."""
    return float(np.prod([curve.lipschitz for curve in self.curves]))

  @property
  def form(self) -> str:
    """ "linear" if all curves are lines, else "curve"."""
    return "linear" if all(curve.is_linear for curve in self.curves) else "curve"

  def parts(self, latents: Codes) -> tuple[np.ndarray, np.ndarray]:
    """Codes -> coordinates and rest.

    Args:
      latents: float64 [n, d] or [n, L, d].

    Returns:
      float64 [n, numbers], the numbers that a mechanism gets, and float64 [n, p].
    """
    rest = latents.reshape(len(latents), -1) - self.mean
    coordinates = np.empty((len(rest), len(self.curves)))
    for index, curve in enumerate(self.curves):
      coordinates[:, index] = curve.coordinate(rest)
      rest = rest - curve.at(coordinates[:, index])
    width = len(self.rest_basis)
    along = rest.reshape(len(rest), -1, width) @ self.rest_basis
    return coordinates[:, self.released] / self.scales, along.reshape(len(rest), -1)

  def moved(self, latents: Codes, position: int, value: float) -> Codes:
    """Codes moved along a curve until one released number is `value`: neighbours of scope attribute.

    Args:
      latents: float64 [n, d] or [n, L, d].
      position: which of the released numbers.
      value: its new value.

    Returns:
      float64, as `latents`; to the last digits, the rest and all other numbers are the same.
    """
    curve, scale = self.curves[self.released[position]], self.scales[position]
    numbers, _ = self.parts(latents)
    before, after = numbers[:, position] * scale, np.full(len(latents), value * scale)
    return latents + (curve.at(after) - curve.at(before)).reshape(latents.shape)

  def assemble(self, numbers: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """w~, a function of its two arguments alone.

    Args:
      numbers: float64 [n, numbers], released.
      rest: float64 [n, p], released.

    Returns:
      float32 [n, d] or [n, L, d].
    """
    moved = rest.reshape(len(rest), -1, self.rest_basis.shape[1]) @ self.rest_basis.T
    codes = self.along(numbers) + moved.reshape(len(rest), -1)
    return self.shaped(codes).astype(np.float32)

  def along(self, numbers: np.ndarray) -> np.ndarray:
    """mu + m(a): the public codes that belong to numbers float64 [n, numbers]; float64 [n, D]."""
    hidden = np.zeros((len(numbers), len(self.curves)))
    hidden[:, self.released] = numbers * self.scales
    moves = (curve.at(hidden[:, index]) for index, curve in enumerate(self.curves))
    return self.mean + sum(moves)

  def shaped(self, codes: np.ndarray) -> np.ndarray:
    """Flat codes [n, D] as they are outside: [n, d] or [n, L, d]."""
    return codes if self.layers is None else codes.reshape(len(codes), self.layers, -1)


def fit_split(public: PublicCodes, basis: np.ndarray, tied: bool) -> Split:
  """Fits the split on public codes.

  W+ codes hide every layer's coordinate: first the layers' mean, along a curve, then what their
  layers deviate from it by, along lines. Tied releases give the mean back and no deviations.

  Kept as long as the codes are: it depends on neither mechanism nor epsilon.

  Args:
    public: of the release path.
    basis: float64 [d, k], orthonormal, the attributes in the order in which they are hidden.
    tied: W+ only: whether one number serves all layers.
  """
  kept = _FITTED.setdefault(public, {})
  key = (basis.shape, np.ascontiguousarray(basis).tobytes(), tied)
  if key not in kept:
    kept[key] = _fitted(public, basis, tied)
  return kept[key]


def _fitted(public: PublicCodes, basis: np.ndarray, tied: bool) -> Split:
  layers = public.codes.shape[1] if public.codes.ndim == 3 else None
  codes = public.codes.reshape(len(public.codes), -1).astype(np.float64)
  mean = codes.mean(axis=0)
  rest = codes - mean
  patterns = _layer_patterns(layers or 1)
  normals = [np.kron(pattern, axis) for axis in basis.T for pattern in patterns]
  curves: list[Curve] = []
  columns, deviations = [], []
  for index, normal in enumerate(normals):
    others = np.array(normals[:index]).reshape(index, len(mean))
    curve = fit_curve(rest, normal, straight=index % len(patterns) > 0, others=others)
    coordinates = curve.coordinate(rest)
    columns.append(coordinates)
    deviations.append(float(coordinates.std()))
    rest = rest - curve.at(coordinates)
    curves.append(curve)
  each = len(patterns) if layers is None or not tied else 1
  released = [
    axis * len(patterns) + number for axis in range(basis.shape[1]) for number in range(each)
  ]
  scales = _scales(released, deviations, len(patterns))
  return Split(
    mean=mean,
    curves=tuple(curves),
    released=tuple(released),
    scales=scales,
    rest_basis=rest_basis(rest, layers, public.directions, np.array(normals)),
    layers=layers,
    basis=basis,
    public_numbers=np.stack([columns[index] for index in released], axis=1) / scales,
  )


def _layer_patterns(layers: int) -> list[np.ndarray]:
  """Orthonormal [L] vectors: the layers' mean, then what they deviate from it by (Helmert)."""
  patterns = [np.full(layers, layers**-0.5)]
  for index in range(1, layers):
    pattern = np.zeros(layers)
    pattern[:index], pattern[index] = 1.0, -float(index)
    patterns.append(pattern / np.linalg.norm(pattern))
  return patterns


def _scales(released: Sequence[int], deviations: Sequence[float], layers: int) -> np.ndarray:
  """Code units to one unit of each released number.

  The mean counts in units of one layer's code. Deviations are small beside it: scaled to its size,
  they share its clip set, each with a radius of its own kind.
  """
  scales = []
  for index in released:
    first = index - index % layers
    typical = deviations[first]
    share = deviations[index] / typical if typical > _LEAST_DEVIATION else 1.0
    share = share if share > _LEAST_DEVIATION else 1.0
    scales.append(layers**0.5 * (1.0 if index == first else share))
  return np.array(scales)
