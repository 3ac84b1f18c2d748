"""What a release costs of the face, read from codes: cheap, and the same for every scope."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from privai_tf.evaluation.experiments.experiment import Row
from privai_tf.evaluation.experiments.faces import Faces
from privai_tf.evaluation.experiments.intervals import mean
from privai_tf.privacy.audit.residual import sides_of
from privai_tf.privacy.calibration import plane_space
from privai_tf.privacy.directions import principal_directions
from privai_tf.privacy.spec import PrivacySpec

RESEMBLANCE, KEPT = "resemblance", "others_kept"


def cost_rows(
  faces: Faces, originals: np.ndarray, released: np.ndarray, others: Sequence[str]
) -> list[Row]:
  """Two measures, each with its mean over faces and 99% interval.

  Args:
    faces: whose public codes give the units.
    originals, released: codes [n, ...].
    others: attributes that nobody asked to change.

  Returns:
    `resemblance`: cosine of the whitened principal coordinates of original and release: 1 the same
    face, 0 nothing in common. `others_kept`: share of the other attributes that keep their side.
  """
  before, after = (_whitened(faces, codes) for codes in (originals, released))
  lengths = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
  cosines = (before * after).sum(axis=1) / np.maximum(lengths, 1e-12)
  rows = [_row(RESEMBLANCE, cosines)]
  if others:
    kept = [
      sides_of(faces.boundary(name), originals) == sides_of(faces.boundary(name), released)
      for name in others
    ]
    rows.append(_row(KEPT, np.mean(kept, axis=0)))
  return rows


def _row(measure: str, values: np.ndarray) -> Row:
  found = dataclasses.asdict(mean(values))
  return {"kind": "utility", "measure": measure, "count": len(values), **found}


def _whitened(faces: Faces, codes: np.ndarray) -> np.ndarray:
  """The generator's principal coordinates of unit variance, as scope "image" has them."""
  spec = PrivacySpec()
  space = plane_space(faces.latent_space)
  seeds = spec.calibration_count, spec.calibration_seed
  found = principal_directions(faces.generator, space, *seeds)
  kept = found.components(None)
  flat = codes.astype(np.float64)
  flat = flat if flat.ndim == 2 else flat.mean(axis=1)
  return (flat - found.mean) @ found.basis[:, :kept] / found.deviations[:kept]
