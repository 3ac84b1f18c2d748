"""What the rest of a release path tells of the hidden coordinates, measured before any release.

On half of the public codes a split is fitted, on the other half linear and logistic probes are
trained and tested (`audit.residual`), without the rest's noise. The release's own split has twice as
many codes, so this errs on the safe side. `python -m privai_tf.audit --rest` measures the same on
fresh codes, with nonlinear probes too.
"""

import weakref
from collections.abc import Sequence

import numpy as np

from privai_tf.attributes.boundary import Boundary
from privai_tf.errors import InputError
from privai_tf.privacy.public_codes import PublicCodes
from privai_tf.privacy.split import fit_split
from privai_tf.privacy.subspace import attribute_basis
from privai_tf.runtime.kept import kept_arrays

_FEWEST = 600  # codes; half of fewer tell little
_FOLDER, _FORMAT = "measured_rest", 2
# A second and more to measure, and the same for every epsilon.
_MEASURED: "weakref.WeakKeyDictionary[PublicCodes, dict]" = weakref.WeakKeyDictionary()


def measured_rest(
  public: PublicCodes, boundaries: Sequence[Boundary], *, tied: bool = True
) -> str | None:
  """A sentence for each attribute; None where there are too few codes to measure anything.

  Args:
    public: codes of the release path.
    boundaries: of the attributes, in the order in which they are hidden.
    tied: see `split.fit_split`.
  """
  if len(public.codes) < _FEWEST:
    return None
  kept = _MEASURED.setdefault(public, {})
  key = (tuple(boundaries), tied)  # By identity: they are frozen, and so are their arrays.
  if key not in kept:
    kept[key] = _kept(public, boundaries, tied)
  return kept[key]


def _kept(public: PublicCodes, boundaries: Sequence[Boundary], tied: bool) -> str | None:
  """Measured, or as an earlier process measured it."""
  planes = [(one.name, one.intercept, one.normal.tobytes().hex()) for one in boundaries]
  found = kept_arrays(
    _FOLDER,
    f"{public.digest} {public.directions} {planes} {tied} {_FORMAT}",
    lambda: {"words": np.array(_measure(public, boundaries, tied) or "")},
    lambda found: found["words"].shape == () and found["words"].dtype.kind == "U",
    "words",
  )
  return str(found["words"]) or None


def _measure(public: PublicCodes, boundaries: Sequence[Boundary], tied: bool) -> str | None:
  from privai_tf.privacy.audit.residual import LINEAR, read_rest  # Late: scikit-learn.

  half = len(public.codes) // 2
  fitted = PublicCodes(
    public.codes[:half], public.release_path, public.latent_space, public.directions
  )
  split = fit_split(fitted, attribute_basis(boundaries), tied)
  fresh = public.codes[half:].astype(np.float64)
  _, rests = split.parts(fresh)
  middles = fresh if fresh.ndim == 2 else fresh.mean(axis=1)
  sentences = []
  for boundary in boundaries:
    try:
      sides = boundary.coordinate(middles) > 0
      sentences.append(read_rest(rests, sides, boundary.name, probes=LINEAR).sentence)
    except InputError:  # Nearly all faces are on one side.
      return None
  return " ".join(sentences)
