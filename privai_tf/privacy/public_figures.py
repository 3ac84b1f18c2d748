"""Public figures that a statement tells: how far faces are apart, and what is known of boundaries."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from privai_tf.attributes.boundary import Boundary
from privai_tf.privacy.calibration import public_samples
from privai_tf.privacy.public_codes import PublicCodes
from privai_tf.privacy.subspace import Subspace

_COMPARED, _LOUD = 256, 0.1


def typical_distance(
  generator: Any, latent_space: str, layout: Subspace, count: int, seed: int
) -> float:
  """Median distance of two generated faces, in the units of a release's numbers.

  Args:
    generator: a `Generator`.
    latent_space: "Z", "W" or "W+" (all layers of a sample have its W code).
    layout: of the release.
    count, seed: the samples, paired first with second, third with fourth, ...
  """
  codes = public_samples(generator, latent_space, count, seed).astype(np.float64)
  if layout.layers is not None:
    codes = np.repeat(codes[:, np.newaxis], 1 if layout.tied else layout.layers, axis=1)
  numbers, _ = layout.parts(codes)
  even = len(numbers) // 2 * 2
  return float(np.median(np.linalg.norm(numbers[:even:2] - numbers[1:even:2], axis=1)))


def known_of_boundaries(boundaries: Sequence[Boundary], public: PublicCodes) -> dict[str, Any]:
  """What boundaries' files say of themselves, as arguments of `statement`.

  Args:
    boundaries: of the attributes.
    public: codes of the release path, for the share of variance of those of unknown origin.
  """
  unknown = [boundary for boundary in boundaries if boundary.origin == "unknown"]
  shares = {}
  if unknown:
    codes = public.codes.astype(np.float64)
    codes = codes if codes.ndim == 2 else codes.mean(axis=1)
    centred = codes - codes.mean(axis=0)
    whole = float((centred**2).sum()) or 1.0
    for boundary in unknown:
      shares[boundary.name] = float(((centred @ boundary.normal) ** 2).sum()) / whole
  accuracies = {boundary.name: boundary.held_out_accuracy for boundary in boundaries}
  return {
    "unknown_origin": shares,
    "accuracies": {name: value for name, value in accuracies.items() if value is not None},
  }


def loud_rest(prepared: Any, generator: Any) -> str | None:
  """A warning where the noise on the rest is no longer too small to be seen.

  It grows with the root of the rest's numbers where the promise is pure, which W+ has thousands of.

  Args:
    prepared: a `PreparedRelease`.
    generator: the `Generator` that it is for.
  """
  if prepared.rest is None or prepared.latent_space != "W+":
    return None
  codes = public_samples(generator, prepared.latent_space, _COMPARED, 0)
  usual, scale = float(codes.std(axis=0).mean()), prepared.rest.noise_scale
  if scale < _LOUD * usual:
    return None
  return (
    f"The rest of a code gets noise of scale {scale:.2g}, where codes deviate by {usual:.2g}: pictures "
    "will be coarse. Use --preset=likeness (Gaussian noise, which needs a delta), or --latent_space=W."
  )
