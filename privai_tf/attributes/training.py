"""Codes and scores -> boundary, with the accuracy that tells whether to trust it."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from privai_tf.attributes.boundary import Boundary
from privai_tf.attributes.projection import condition
from privai_tf.attributes.selection import Selection, check_scores, select_samples
from privai_tf.attributes.separation import choose_regularization, code_scale, fit_plane
from privai_tf.errors import ConfigurationError, LatentSpaceError
from privai_tf.shapes import FlatCodes

# Fewer samples of a class tell nothing by cross-validation.
_LEAST_FOR_FOLDS = 12


@dataclasses.dataclass(frozen=True, eq=False)
class Training:
  """A trained boundary and what it was trained on.

  Attributes:
    boundary: the plane, with all of the below in its provenance.
    selection: which samples trained and validated it.
    accuracy: share of right sides among "train", "validation" and "remaining" samples; None for
      samples that there are none of.
  """

  boundary: Boundary
  selection: Selection
  accuracy: dict[str, float | None]


def train_boundary(
  codes: FlatCodes,
  scores: np.ndarray,
  *,
  latent_space: str,
  name: str = "attribute",
  chosen_num_or_ratio: float | None = None,
  split_ratio: float = 0.7,
  invalid_value: float | None = None,
  regularization: float | None = None,
  seed: int = 0,
) -> Training:
  """Trains the boundary between the codes of the highest and of the lowest scores.

  Args:
    codes: [n, d], of "W" or "Z".
    scores: [n, 1] or [n]; the higher, the more the attribute is there.
    latent_space: the codes' space, "W" or "Z"; never guessed.
    name: the attribute.
    chosen_num_or_ratio, split_ratio, invalid_value: see `select_samples`.
    regularization: C of the support vector machine, as `SVC(kernel="linear")` takes it (1 is
      InterFaceGAN's); None: cross-validated on the training samples.
    seed: of the split into training and validation, and of the folds.

  Returns:
    The boundary, its selection and accuracy.

  Raises:
    LatentSpaceError: if the codes are not [n, d], or of a space that has no boundaries of its own.
    InputError: if the scores do not fit the codes, or do not tell two classes apart.
    ConfigurationError: if a number is out of range.

  #### References

  Shen et al., Interpreting the Latent Space of GANs for Semantic Face Editing, arXiv:1907.10786.
  """
  codes = _checked_codes(codes, latent_space)
  if regularization is not None and not 0 < regularization < np.inf:
    raise ConfigurationError(f"C is {regularization}; it must be above 0, or left out.")
  selection = select_samples(
    check_scores(scores, len(codes)),
    chosen_num_or_ratio=chosen_num_or_ratio,
    split_ratio=split_ratio,
    invalid_value=invalid_value,
    seed=seed,
  )
  samples, labels = codes[selection.train], selection.labels[selection.train]
  chosen, folds = _regularization(samples, labels, regularization, seed)
  plane = fit_plane(samples, labels, chosen)
  boundary = Boundary(plane.normal, plane.intercept, latent_space, name)
  accuracy = accuracies(boundary, codes, selection)
  provenance = {
    "method": "linear support vector machine",
    "samples": len(codes),
    "invalid": selection.invalid,
    "chosen": selection.chosen,
    "chosen_num_or_ratio": chosen_num_or_ratio,
    "split_ratio": split_ratio,
    "seed": seed,
    "C": chosen,
    "cross_validation": folds,
    "threshold": selection.threshold,
    "counts": _counts(selection),
    "accuracy": accuracy,
  }
  boundary = dataclasses.replace(boundary, provenance=provenance)
  return Training(boundary, selection, accuracy)


def train_conditional(
  training: Training, codes: FlatCodes, conditions: Sequence[Boundary]
) -> Boundary:
  """The trained boundary without what it shares with others; see `projection.condition`.

  Args:
    training: of the boundary.
    codes: [n, d], those it was trained on: they say where the planes meet, and give the accuracy.
    conditions: any number of boundaries of the same space.

  Returns:
    The conditional boundary, its own accuracy in its provenance.

  Raises:
    InputError: if the boundary lies in the conditions' span.
  """
  mean = np.asarray(codes[training.selection.train], np.float64).mean(axis=0)
  boundary = condition(training.boundary, conditions, mean)
  accuracy = accuracies(boundary, codes, training.selection)
  provenance = {**boundary.provenance, "accuracy": accuracy}
  return dataclasses.replace(boundary, provenance=provenance)


def accuracies(
  boundary: Boundary, codes: FlatCodes, selection: Selection
) -> dict[str, float | None]:
  """Share of codes on their label's side of a boundary, for each part of a selection.

  Args:
    boundary: of the codes' space.
    codes: [n, d].
    selection: of the same n codes.

  Returns:
    In [0, 1] by "train", "validation" and "remaining"; None for a part without codes.
  """
  present = boundary.coordinate(codes) > 0
  return {
    part: float((present[rows] == selection.labels[rows]).mean()) if len(rows) else None
    for part, rows in _parts(selection).items()
  }


def _parts(selection: Selection) -> dict[str, np.ndarray]:
  names = ("train", "validation", "remaining")
  return {name: getattr(selection, name) for name in names}


def _counts(selection: Selection) -> dict[str, Any]:
  return {part: len(rows) for part, rows in _parts(selection).items()}


def _checked_codes(codes: np.ndarray, latent_space: str) -> np.ndarray:
  if latent_space not in ("W", "Z"):
    raise LatentSpaceError(
      f"Boundaries are trained in W or Z, not in {latent_space!r}; W+ codes use W's boundary."
    )
  codes = np.asarray(codes)
  if codes.ndim != 2 or 0 in codes.shape:
    raise LatentSpaceError(
      f"The codes have shape {list(codes.shape)}; {latent_space} codes to train on have [n, d]."
    )
  return codes


def _regularization(
  samples: np.ndarray, labels: np.ndarray, regularization: float | None, seed: int
) -> tuple[float, dict[str, float] | None]:
  """C for the codes as they are, and the accuracy of each C tried (None: none was)."""
  if regularization is not None:
    return float(regularization), None
  scale = code_scale(samples)
  if len(labels) < 2 * _LEAST_FOR_FOLDS:
    return 1 / scale**2, None
  best, folds = choose_regularization(samples, labels, seed)
  return best / scale**2, {f"{key / scale**2:.4g}": value for key, value in folds.items()}
