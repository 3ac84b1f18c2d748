"""The fibre test of a checkpoint's release path, for `python -m privai_tf.audit --rest`."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from privai_tf.attributes.boundary import Boundary
from privai_tf.inversion.public_code_files import served_path
from privai_tf.inversion.public_codes import public_codes
from privai_tf.inversion.spec import InversionSpec
from privai_tf.privacy.audit.residual import (
  LINEAR,
  PROBES,
  RestReading,
  orthogonal_rests,
  read_rest,
  released_rests,
  sides_of,
)
from privai_tf.privacy.public_codes import PublicCodes
from privai_tf.privacy.release import PreparedRelease, prepare
from privai_tf.privacy.spec import PrivacySpec
from privai_tf.runtime.progress import progress_bar

ATTRIBUTES = ("age", "eyeglasses", "gender", "pose", "smile")
# The attacker's pictures: other seeds than those that releases are fitted on.
_ATTACKER_SEED = 2**30


@dataclasses.dataclass(frozen=True)
class RestJob:
  """What to measure.

  Attributes:
    latent_space, steps: of the release path; no steps: the one that the main job takes.
    epsilon: of the whole release; a part of it is the rest's noise.
    codes: how many the attacker has; None: as many as a release path's calibration.
  """

  latent_space: str = "W"
  steps: int | None = None
  epsilon: float = 1.0
  codes: int | None = None


def audit_rest(job: RestJob, generator: Any, boundaries: Sequence[Boundary]) -> list[RestReading]:
  """Reads every attribute from the rest of a release that hides it, and from the orthogonal rest.

  The split is fitted on the release path's public codes; probes get codes of other pictures.

  Args:
    job: what to measure.
    generator: a `privai_tf.Generator`.
    boundaries: of the attributes, each hidden on its own.

  Returns:
    Two readings for each attribute: "released", "orthogonal".

  Raises:
    ConfigurationError, CheckpointError, InputError: if it cannot be measured.
  """
  asked = InversionSpec(latent_space=job.latent_space, steps=job.steps)
  path = served_path(generator, asked)
  with progress_bar("public codes", unit="code") as progress:
    calibration = public_codes(generator, path, progress=progress)
  with progress_bar("the attacker's codes", unit="code") as progress:
    attacker = public_codes(
      generator, path, count=job.codes, seed=_ATTACKER_SEED, progress=progress
    )
  codes = dataclasses.replace(attacker, codes=attacker.codes[: job.codes])
  readings = []
  with progress_bar("attributes", unit="attribute") as progress:
    for index, boundary in enumerate(boundaries):
      spec = PrivacySpec(epsilon=job.epsilon)
      prepared = prepare(generator, boundary, spec, job.latent_space, calibration)
      readings += read_attribute(prepared, boundary, codes)
      progress(index + 1, len(boundaries))
  return readings


def read_attribute(
  prepared: PreparedRelease, boundary: Boundary, fresh: PublicCodes
) -> list[RestReading]:
  """The released and the orthogonal rest of fresh public codes, read by probes."""
  sides = sides_of(boundary, fresh.codes)
  released, orthogonal = (
    released_rests(prepared, fresh.codes),
    orthogonal_rests(prepared, fresh.codes),
  )
  # The orthogonal one is for comparison, and hundreds of numbers: its linear probes say enough.
  return [
    read_rest(released, sides, boundary.name, probes=PROBES),
    read_rest(orthogonal, sides, boundary.name, rest="orthogonal", probes=LINEAR),
  ]


def halves(public: PublicCodes) -> tuple[PublicCodes, PublicCodes]:
  """Half to fit a split on and half to read its rest: where making fresh codes takes too long."""
  half = len(public.codes) // 2
  return tuple(
    dataclasses.replace(public, codes=codes) for codes in (public.codes[:half], public.codes[half:])
  )


def table(readings: Sequence[RestReading]) -> str:
  """Readings for a terminal."""
  head = ("attribute", "rest", "codes", "directions", "base rate", *PROBES, "limit")
  rows = [head]
  for reading in readings:
    accuracies = [str(reading.accuracies.get(name, "-")) for name in PROBES]
    verdict = f"{reading.limit:.1%}"
    if reading.rest == "released" and not reading.holds:
      verdict += " EXCEEDED"
    figures = (str(reading.codes), str(reading.directions), str(reading.base_rate))
    rows.append((reading.attribute, reading.rest, *figures, *accuracies, verdict))
  widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
  lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
  return "\n".join(lines)
