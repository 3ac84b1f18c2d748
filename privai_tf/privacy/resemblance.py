"""What a stand-in shall have in common with the photo: weights of attributes and of the rest.

Public, like everything that a choice is made by; imports no TensorFlow.
"""

import dataclasses
import math
import numbers
from collections.abc import Iterable, Sequence

import numpy as np

from privai_tf.attributes.boundary import Boundary
from privai_tf.errors import ConfigurationError

REST = "rest"
# An attribute whose direction holds less than this share of the largest deviation holds rounding.
_LEAST_DEVIATION = 1e-3
# Sine of the least angle between the (whitened) direction of an attribute and those before it.
_LEAST_SINE = 0.05

Weights = tuple[tuple[str, float], ...]


def parse_weights(parts: Iterable[str]) -> Weights:
  """["age:3", "pose"] -> (("age", 3.0), ("pose", 1.0)).

  Raises:
    ConfigurationError: for a weight that is no number.
  """
  weights = []
  for part in parts:
    name, colon, text = part.strip().rpartition(":")
    if not colon:
      name, text = text, "1"
    try:
      weights.append((name.strip(), float(text)))
    except ValueError:
      raise ConfigurationError(
        f"resemble: {part!r} gives no number as its weight; write NAME:WEIGHT, such as age:3."
      ) from None
  return tuple(weights)


def checked_weights(weights: Iterable[tuple[str, float]]) -> Weights:
  """The weights as plain tuples.

  Args:
    weights: pairs of an attribute's name, or "rest", and how much it counts: finite, >= 0. Each
      name once; not all of them 0 where "rest" is among them.

  Raises:
    ConfigurationError: naming the weight that cannot be used.
  """
  checked = []
  for pair in weights:
    if not (isinstance(pair, Sequence) and len(pair) == 2 and isinstance(pair[0], str)):
      raise ConfigurationError(f"resemble: {pair!r} is no pair of a name and a weight.")
    name, weight = pair
    real = isinstance(weight, numbers.Real) and not isinstance(weight, bool)
    if not real or not 0 <= weight < math.inf:
      raise ConfigurationError(
        f"resemble: the weight of '{name}' is {weight!r}; it must be a number, 0 or more."
      )
    checked.append((name, float(weight)))
  names = [name for name, _ in checked]
  if len(set(names)) < len(names):
    raise ConfigurationError(f"resemble names one of {', '.join(names)} twice; give it one weight.")
  if checked and not any(weight for _, weight in checked) and REST in names:
    raise ConfigurationError("resemble: all weights are 0, nothing would count; give one above 0.")
  return tuple(checked)


def named_attributes(weights: Weights) -> tuple[str, ...]:
  """The attributes among the names."""
  return tuple(name for name, _ in weights if name != REST)


@dataclasses.dataclass(frozen=True, eq=False)
class Resemblance:
  """Numbers of a code that are compared, each of variance 1 over generated faces.

  Attributes:
    axes: float64 [d, k], the numbers of a code are `(w - mean) @ axes`.
    spread: float64 [k, d], back: `spread @ axes` is the identity.
    weights: float64 [k], how much each counts.
  """

  axes: np.ndarray
  spread: np.ndarray
  weights: np.ndarray


def resemblance(
  basis: np.ndarray, deviations: np.ndarray, weights: Weights, boundaries: Sequence[Boundary]
) -> Resemblance:
  """Attributes' standardized coordinates, then whitened principal directions orthogonal to them.

  Args:
    basis: float64 [d, k], the principal directions that are compared.
    deviations: float64 [k], along them.
    weights: of attributes and "rest" (1, where it is not named); empty: every direction counts 1.
    boundaries: of the named attributes.

  Raises:
    ConfigurationError: for an unknown name, or a direction that never varies or has nothing of its
      own.
  """
  axes, spread = basis / deviations, (basis * deviations).T
  each = dict(weights)
  rest = each.pop(REST, 1.0)
  known = {boundary.name: boundary for boundary in boundaries}
  if unknown := [name for name in each if name not in known]:
    raise ConfigurationError(
      f"resemble names '{unknown[0]}', and the boundaries at hand are "
      f"{', '.join(known) or 'none'}: use one of them, or '{REST}'."
    )
  if not each:
    return Resemblance(axes, spread, np.full(len(deviations), rest))
  rows = []
  for name in each:
    row = spread @ known[name].normal
    length = np.linalg.norm(row)
    if length < _LEAST_DEVIATION * deviations[0]:
      raise ConfigurationError(
        f"resemble: generated faces never vary along '{name}'; leave it out."
      )
    rows.append(row / length)
  # The columns beyond the attributes' span are orthogonal to them, and to one another.
  orthogonal, triangle = np.linalg.qr(np.stack(rows, axis=1), mode="complete")
  own = np.abs(np.diag(triangle))
  if len(rows) > len(deviations) or own.min() < _LEAST_SINE:
    name = list(each)[len(own) if len(rows) > len(deviations) else int(own.argmin())]
    raise ConfigurationError(
      f"resemble: '{name}' says nothing that the names before it do not say; leave it out."
    )
  forward = np.stack([*rows, *orthogonal.T[len(rows) :]], axis=1)
  counts = [*each.values(), *[rest] * (len(deviations) - len(rows))]
  if not any(counts):
    raise ConfigurationError("resemble: all weights are 0, nothing would count; give one above 0.")
  return Resemblance(axes @ forward, np.linalg.inv(forward) @ spread, np.array(counts))
