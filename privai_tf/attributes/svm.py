"""A boundary from labelled latents: a linear support vector machine.

Shen, Gu, Tang, Zhou, "Interpreting the Latent Space of GANs for Semantic Face Editing" (2020),
section 3.1. The intercept is kept: the boundary is a plane, not only a direction.
"""

import numpy as np

from privai_tf.attributes.boundary import Boundary
from privai_tf.errors import InputError, LatentSpaceError
from privai_tf.shapes import FlatCodes

_LEAST_PER_SIDE = 10


def fit_boundary(
  latents: FlatCodes,
  labels_or_scores: np.ndarray,
  latent_space: str,
  *,
  name: str = "attribute",
  chosen_share: float = 1.0,
  held_out_share: float = 0.3,
  regularization: float = 1.0,
  seed: int = 0,
  provenance: dict | None = None,
) -> Boundary:
  """Fits the plane between codes with and without an attribute.

  Args:
    latents: [N, d] codes of W or Z.
    labels_or_scores: [N]; bool: whether the attribute is present; numbers: how strongly, positive
      where it is present (a classifier's logits).
    latent_space: "W" or "Z".
    name: the attribute.
    chosen_share: with scores, the share of codes that is used: the surest of each side, equally
      many. 1 uses all.
    held_out_share: share of the used codes that only measures, in (0, 1).
    regularization: the machine's C for codes of unit variance.
    seed: of the split and the solver.
    provenance: JSON values kept with the boundary, beside what is added here: counts, accuracy on
      the held-out codes.

  Returns:
    The boundary.

  Raises:
    InputError: if shapes disagree, a number is not finite, or one side has fewer than 10 codes.
    LatentSpaceError: if the codes are not [N, d].
  """
  from sklearn.svm import LinearSVC

  latents, scores = _checked(latents, labels_or_scores, name)
  if not 0 < chosen_share <= 1 or not 0 < held_out_share < 1:
    raise InputError(
      f"chosen_share is {chosen_share} and held_out_share {held_out_share}; the first must be in "
      "(0, 1], the second in (0, 1)."
    )
  used = _surest(scores, chosen_share)
  latents, present = latents[used], scores[used] > 0
  for side in (present, ~present):
    if side.sum() < _LEAST_PER_SIDE:
      raise InputError(
        f"Attribute '{name}': {int(side.sum())} codes on one side, {len(side)} in all; give at "
        f"least {_LEAST_PER_SIDE} of each."
      )
  order = np.random.default_rng(seed).permutation(len(latents))
  held_out, fitted = np.split(order, [max(1, round(held_out_share * len(order)))])
  # Centred and scaled as one: the solver's C and its penalty on the intercept depend on both.
  center = latents[fitted].mean(axis=0)
  scale = float(np.sqrt(np.mean(np.var(latents[fitted], axis=0)))) or 1.0
  machine = LinearSVC(C=regularization, dual=False, random_state=seed)
  machine.fit((latents[fitted] - center) / scale, present[fitted])
  normal = machine.coef_[0] / scale
  boundary = Boundary(
    normal=normal,
    intercept=float(machine.intercept_[0] - normal @ center),
    latent_space=latent_space,
    name=name,
  )
  right = (boundary.coordinate(latents[held_out]) > 0) == present[held_out]
  facts = {
    "codes_fitted": len(fitted),
    "codes_held_out": len(held_out),
    "accuracy_held_out": round(float(right.mean()), 4),
    "chosen_share": chosen_share,
    "regularization": regularization,
    "seed": seed,
  }
  return Boundary(
    boundary.normal, boundary.intercept, latent_space, name, {**(provenance or {}), **facts}
  )


def _checked(latents, scores, name: str) -> tuple[np.ndarray, np.ndarray]:
  latents, scores = np.asarray(latents, np.float64), np.asarray(scores)
  if latents.ndim != 2:
    raise LatentSpaceError(
      f"Attribute '{name}': the latents have shape {list(latents.shape)}; a boundary is fitted to "
      "[N, d] codes of W or Z (for W+, use W codes)."
    )
  if scores.shape != latents.shape[:1]:
    raise InputError(
      f"Attribute '{name}': {len(latents)} latents and labels of shape {list(scores.shape)}; give "
      "one label a latent."
    )
  signed = np.where(scores, 1.0, -1.0) if scores.dtype == bool else scores.astype(np.float64)
  if not np.isfinite(latents).all() or not np.isfinite(signed).all():
    raise InputError(f"Attribute '{name}': a latent or a score is not finite; leave it out.")
  return latents, signed


def _surest(scores: np.ndarray, share: float) -> np.ndarray:
  """Indices of the lowest and of the highest scores, equally many; all for a share of 1."""
  if share == 1:
    return np.arange(len(scores))
  count = max(1, int(share * len(scores) / 2))
  order = np.argsort(scores, kind="stable")
  return np.concatenate([order[:count], order[-count:]])
