"""What the owner may know about the faces of a batch. All of it is private."""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from privai_tf.artifacts import Inversion
from privai_tf.inversion.quality import quality_report
from privai_tf.jobs.job import Job
from privai_tf.jobs.outcomes import Unit
from privai_tf.jobs.private_folder import PrivateRecord


def owner_records(
  job: Job,
  generator,
  units: Sequence[Unit],
  latents: np.ndarray,
  inversion: Inversion | None,
  to_pixels: Callable[[np.ndarray], np.ndarray],
) -> list[PrivateRecord]:
  """The records of faces that were found, and of codes.

  Args:
    job: the job.
    generator: its `Generator`.
    units: no stand-ins.
    latents: their codes, [n, d] or [n, L, d].
    inversion: how they were found; None for codes, and where nobody asks.
    to_pixels: float [n, R, R, C] of the generator to uint8 [n, R, R, 3].
  """
  if inversion is None:
    return [
      PrivateRecord(unit.name, {"source": unit.source}, latent)
      for unit, latent in zip(units, latents, strict=True)
    ]
  if job.private_dir is None:
    return [
      PrivateRecord(unit.name, {"psnr_db": float(psnr), "last_loss": float(loss)}, latent)
      for unit, psnr, loss, latent in zip(
        units, inversion.psnr, inversion.losses[-1], latents, strict=True
      )
    ]
  values = np.stack([unit.value for unit in units])
  qualities = quality_report(inversion, values, generator, job.inversion)
  originals, found = to_pixels(values), to_pixels(inversion.images)
  return [
    PrivateRecord(
      name=unit.name,
      figures={
        "source": unit.source,
        **dataclasses.asdict(qualities[row]),
        "last_loss": float(inversion.losses[-1, row]),
        "batch_seconds": inversion.seconds,
      },
      latents=latents[row],
      original=originals[row],
      inversion=found[row],
    )
    for row, unit in enumerate(units)
  ]


def stand_in_record(unit: Unit) -> PrivateRecord:
  """The record of a stand-in; the page shows the warning."""
  warning = f"a stand-in is published: {unit.failure.reason}"
  return PrivateRecord(unit.name, {"source": unit.source, "warning": warning})
