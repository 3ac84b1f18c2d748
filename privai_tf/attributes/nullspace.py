"""Finding an attribute's subspace, and how much of the attribute is left without it.

The samples are split in three. Directions are fitted on the first part; the second says when to
stop; the third, which no choice was made with, says what was reached.
"""

import numpy as np

from privai_tf.attributes.boundary import Boundary
from privai_tf.attributes.erasure import erasure_directions
from privai_tf.attributes.probes import (
  CHANCE,
  balanced_accuracy,
  fit_probe,
  linear_probe,
  nonlinear_probe,
)
from privai_tf.attributes.subspaces import AttributeSubspace
from privai_tf.errors import ConfigurationError, InputError
from privai_tf.shapes import FlatCodes

METHODS = ("inlp", "leace")
_PARTS = (0.6, 0.2)
_LEAST_OF_A_CLASS = 20


def find_subspace(
  codes: FlatCodes,
  labels: np.ndarray,
  *,
  latent_space: str,
  name: str = "attribute",
  method: str = "inlp",
  first: Boundary | None = None,
  tolerance: float = 0.02,
  most: int | None = None,
  seed: int = 0,
) -> AttributeSubspace:
  """The directions without which a linear probe is at chance.

  Args:
    codes: [n, d], of "W" or "Z".
    labels: bool [n].
    latent_space: the codes' space.
    name: the attribute.
    method: "inlp": one direction after another, each the normal of a linear probe in the null space
      of those before, until a probe's balanced accuracy on held-out codes is at most 0.5 +
      `tolerance` (iterative null-space projection). "leace": all at once, in closed form.
    first: the boundary whose normal shall be the first direction of "inlp".
    tolerance: how near 0.5 is chance.
    most: directions at most; None: half of d.
    seed: of the split.

  Returns:
    The subspace; its provenance says whether chance was reached, and gives the accuracy of fresh
    probes, a linear and a small nonlinear one, on the third part.

  Raises:
    InputError: if there are too few samples of a class, or nothing to find.
    ConfigurationError: if a number is out of range.

  #### References

  Ravfogel et al., Null It Out, arXiv:2004.07667. Belrose et al., LEACE, arXiv:2306.03819.
  """
  if method not in METHODS:
    raise ConfigurationError(f"method is {method!r}; use one of {', '.join(METHODS)}.")
  if not 0 < tolerance < CHANCE:
    raise ConfigurationError(f"tolerance is {tolerance}; it must be above 0 and below 0.5.")
  codes, labels = np.asarray(codes, np.float64), np.asarray(labels, bool)
  fit, stop, test = _split(labels, seed)
  parts = (codes[fit], labels[fit], codes[stop], labels[stop])
  if method == "inlp":
    most = codes.shape[1] // 2 if most is None else most
    basis, accuracies = _one_by_one(*parts, first, tolerance, most)
    readers, center = basis, codes[fit].mean(axis=0)
  else:
    basis, readers, center = erasure_directions(codes[fit], labels[fit])
    accuracies = []
  found = AttributeSubspace(basis, readers, center, latent_space, name, method, ())
  if method == "leace":
    erased = (found.erase(parts[0]), parts[1], found.erase(parts[2]), parts[3])
    accuracies = [linear_probe(*parts), linear_probe(*erased)]
  provenance = {
    "seed": seed,
    "tolerance": tolerance,
    "samples": {"fitted": len(fit), "held_out": len(stop), "tested": len(test)},
    "held_out_deviation": _deviation(labels[stop]),
    "at_chance": bool(accuracies[-1] <= CHANCE + tolerance),
    "fresh_probes": _fresh(found, codes, labels, np.concatenate([fit, stop]), test, seed),
    "fresh_deviation": _deviation(labels[test]),
  }
  return AttributeSubspace(
    basis, readers, center, latent_space, name, method, tuple(accuracies), provenance
  )


def _split(labels: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
  """Rows of the three parts, each class in the same shares."""
  random = np.random.default_rng(seed)
  parts = ([], [], [])
  for value in (True, False):
    rows = random.permutation(np.flatnonzero(labels == value))
    if len(rows) < _LEAST_OF_A_CLASS:
      raise InputError(
        f"{len(rows)} of {len(labels)} samples are {'' if value else 'not '}of the attribute; at "
        f"least {_LEAST_OF_A_CLASS} of each kind are needed to find its subspace."
      )
    ends = [int(len(rows) * _PARTS[0]), int(len(rows) * sum(_PARTS))]
    for part, chosen in zip(parts, np.split(rows, ends), strict=True):
      part.append(chosen)
  return tuple(np.concatenate(part) for part in parts)


def _one_by_one(
  train: np.ndarray,
  train_labels: np.ndarray,
  held_out: np.ndarray,
  held_out_labels: np.ndarray,
  first: Boundary | None,
  tolerance: float,
  most: int,
) -> tuple[np.ndarray, list[float]]:
  """basis [k, d] and the accuracies after 0, ..., k directions."""
  basis = np.zeros((0, train.shape[1]))
  center = train.mean(axis=0)
  train, held_out = train - center, held_out - center
  accuracies = []
  while True:
    plane = fit_probe(train, train_labels)
    accuracies.append(balanced_accuracy(plane.side(held_out), held_out_labels))
    if accuracies[-1] <= CHANCE + tolerance or len(basis) == most:
      break
    direction = plane.normal if first is None or len(basis) else first.normal
    # Twice: once leaves what rounding makes of nearly dependent directions.
    for _ in range(2):
      direction = direction - basis.T @ (basis @ direction)
      direction = direction / np.linalg.norm(direction)
    basis = np.vstack([basis, direction])
    train = train - np.outer(train @ direction, direction)
    held_out = held_out - np.outer(held_out @ direction, direction)
  if len(basis) == 0:
    raise InputError(
      f"A linear probe has a balanced accuracy of {accuracies[0]:.3f} on held-out codes, which is "
      "chance: there is no direction to find; use more samples, or other scores."
    )
  return basis, accuracies


def _fresh(
  found: AttributeSubspace,
  codes: np.ndarray,
  labels: np.ndarray,
  train: np.ndarray,
  test: np.ndarray,
  seed: int,
) -> dict[str, dict[str, float]]:
  """Accuracy of new probes on the third part, before and after erasing."""
  result = {}
  for moment, values in (("before", codes), ("after", found.erase(codes))):
    parts = (values[train], labels[train], values[test], labels[test])
    result[moment] = {
      "linear": linear_probe(*parts),
      "nonlinear": nonlinear_probe(*parts, seed=seed),
    }
  return result


def _deviation(labels: np.ndarray) -> float:
  """Standard deviation of the balanced accuracy of a guesser."""
  counts = np.array([labels.sum(), (~labels).sum()])
  # Of n coin tosses the share varies by 1 / (4 n); the mean of two such shares by a quarter of both.
  return float(np.sqrt((1 / counts).sum()) / 4)
