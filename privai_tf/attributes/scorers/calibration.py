"""Scores that mean what they say: logits become log odds that hold on images not trained on.

Platt, "Probabilistic Outputs for Support Vector Machines" (1999); Guo et al., "On Calibration of
Modern Neural Networks", arXiv:1706.04599.
"""

import dataclasses
from typing import Any, Self

import numpy as np

from privai_tf.attributes.scorers.scorer import odds_to_probabilities

_BINS = 15
_LEAST_PER_CLASS = 5
_FOLDS = 5
_IDENTITY = (1.0, 0.0)
# The logistic regression shall not be drawn towards 0: its penalty is as good as none.
_WEAK_PENALTY = 1e6


@dataclasses.dataclass(frozen=True)
class Calibration:
  """Log odds = slope * logit + intercept, for each attribute.

  Attributes:
    slopes: above 0, one for each attribute.
    intercepts: one for each attribute.
  """

  slopes: tuple[float, ...]
  intercepts: tuple[float, ...]

  @classmethod
  def identity(cls, attributes: int) -> Self:
    """The one that changes nothing."""
    return cls((1.0,) * attributes, (0.0,) * attributes)

  def apply(self, logits: np.ndarray) -> np.ndarray:
    """Logits [N, attributes] -> log odds, float32 [N, attributes]."""
    return (logits * np.float32(self.slopes) + np.float32(self.intercepts)).astype(np.float32)

  def select(self, columns: list[int]) -> Self:
    """The calibration of some attributes."""
    return type(self)(
      tuple(self.slopes[c] for c in columns), tuple(self.intercepts[c] for c in columns)
    )

  def values(self) -> dict[str, Any]:
    """As JSON values."""
    return {"slopes": list(self.slopes), "intercepts": list(self.intercepts)}


def fit_calibration(logits: np.ndarray, present: np.ndarray) -> Calibration:
  """Platt scaling: a logistic regression on the logit, with Platt's softened targets.

  It is used only where cross-validation finds that it helps: on a few dozen images the softened
  targets can make good logits worse.

  Args:
    logits: [N, attributes], of images that the network was not trained on.
    present: [N, attributes], 1 present, 0 absent, NaN unknown.

  Returns:
    The calibration; the identity for an attribute with fewer than 5 images of a class, and where
    scaling does not help.
  """
  pairs = [_chosen(logits[:, c], present[:, c]) for c in range(logits.shape[1])]
  slopes, intercepts = zip(*pairs, strict=True)
  return Calibration(slopes, intercepts)


def _chosen(logits: np.ndarray, present: np.ndarray) -> tuple[float, float]:
  known = ~np.isnan(present)
  logits, present = np.asarray(logits[known], np.float64), present[known] > 0.5
  if min(present.sum(), (~present).sum()) < _LEAST_PER_CLASS:
    return _IDENTITY
  # Each fold gets its share of either class.
  fold = np.zeros(len(present), int)
  for side in (present, ~present):
    fold[side] = np.arange(side.sum()) % _FOLDS
  scaled = np.empty(len(logits))
  for number in range(_FOLDS):
    inside, outside = fold == number, fold != number
    slope, intercept = _fit(logits[outside], present[outside])
    scaled[inside] = slope * logits[inside] + intercept
  slope, intercept = _fit(logits, present)
  helps = slope > 0 and _surprise(scaled, present) < _surprise(logits, present)
  return (slope, intercept) if helps else _IDENTITY


def _surprise(scores: np.ndarray, present: np.ndarray) -> float:
  """Mean negative log likelihood of labels under log odds."""
  return float(np.logaddexp(0.0, np.where(present, -scores, scores)).mean())


def _fit(logits: np.ndarray, present: np.ndarray) -> tuple[float, float]:
  from sklearn.linear_model import LogisticRegression  # Late: it takes a second to import.

  count = (int((~present).sum()), int(present.sum()))
  # Platt's targets, not quite 0 and 1: separable classes would make the slope infinite.
  targets = np.where(present, (count[1] + 1) / (count[1] + 2), 1 / (count[0] + 2))
  regression = LogisticRegression(C=_WEAK_PENALTY, max_iter=1000)
  regression.fit(
    np.tile(logits, 2)[:, np.newaxis],
    np.repeat([1, 0], len(logits)),
    sample_weight=np.concatenate([targets, 1 - targets]),
  )
  return float(regression.coef_[0, 0]), float(regression.intercept_[0])


def expected_calibration_error(probabilities: np.ndarray, present: np.ndarray) -> float:
  """Mean distance between what a probability says and how often it comes true.

  Args:
    probabilities: [N], that the attribute is present.
    present: bool [N].

  Returns:
    The error in [0, 1], over 15 equal bins of the probability (Guo et al., equation 3).
  """
  if not len(present):
    return 0.0
  bins = np.minimum((probabilities * _BINS).astype(int), _BINS - 1)
  count = np.bincount(bins, minlength=_BINS)
  said = np.bincount(bins, probabilities, minlength=_BINS)
  true = np.bincount(bins, present, minlength=_BINS)
  return float(np.abs(said - true).sum() / count.sum())


def measured(
  logits: np.ndarray, present: np.ndarray, calibration: Calibration
) -> list[dict[str, float | int | None]]:
  """How good scores are, for each attribute, on images that nothing was fitted to.

  Args:
    logits: [N, attributes].
    present: [N, attributes], 1 present, 0 absent, NaN unknown.
    calibration: of the logits.

  Returns:
    A dictionary for each attribute: "images", "present" (share), "accuracy", "balanced_accuracy"
    (None without both classes), "calibration_error" and "calibration_error_before".
  """
  scores = calibration.apply(logits)
  return [_measured(logits[:, c], scores[:, c], present[:, c]) for c in range(logits.shape[1])]


def _measured(logits: np.ndarray, scores: np.ndarray, present: np.ndarray) -> dict[str, Any]:
  known = ~np.isnan(present)
  logits, scores, present = logits[known], scores[known], present[known] > 0.5
  if not len(present):
    return {"images": 0, "present": None, "accuracy": None, "balanced_accuracy": None,
            "calibration_error": None, "calibration_error_before": None}  # fmt: skip
  right = (scores > 0) == present
  both = present.any() and not present.all()
  balanced = (right[present].mean() + right[~present].mean()) / 2 if both else None
  errors = [
    expected_calibration_error(odds_to_probabilities(values), present)
    for values in (scores, logits)
  ]
  return {
    "images": len(present),
    "present": round(float(present.mean()), 4),
    "accuracy": round(float(right.mean()), 4),
    "balanced_accuracy": None if balanced is None else round(float(balanced), 4),
    "calibration_error": round(errors[0], 4),
    "calibration_error_before": round(errors[1], 4),
  }
