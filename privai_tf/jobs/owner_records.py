"""What the owner may know about the faces of a batch. All of it is private."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from privai_tf.artifacts import Inversion
from privai_tf.inversion.quality import quality_report, warnings
from privai_tf.inversion.spec import InversionSpec
from privai_tf.jobs.attribute_changes import AttributeChanges
from privai_tf.jobs.outcomes import Unit
from privai_tf.jobs.private_folder import PrivateRecord
from privai_tf.runtime.batching import filled

# Where nobody keeps records, and no reconstruction is at hand: so many faces are drawn for it.
_MOST_DRAWN = 64


@dataclasses.dataclass(frozen=True)
class Faces:
  """Faces of a batch that were found, or codes, and what became of them.

  Attributes:
    units: no stand-ins.
    photos: float32 [n, R, R, C] in [-1, 1], what the codes were found of; None where they were given.
    latents, released_latents: [n, d] or [n, L, d], before and after.
    released: uint8 [n, R, R, 3].
    inversion: how the codes were found; None where they were given, or nothing was drawn for it.
  """

  units: Sequence[Unit]
  photos: np.ndarray | None
  latents: np.ndarray
  released_latents: np.ndarray
  released: np.ndarray
  inversion: Inversion | None


class OwnerRecords:
  """Makes the records of a job's faces.

  Args:
    generator: the job's `Generator`.
    inversion: how codes are found, the latent space decided.
    to_pixels: float [n, R, R, C] of the generator to uint8 [n, R, R, 3].
    changes: reads the attributes of records that are kept; None where no folder keeps any.
    pasted_back: whether faces are published in their frames only.
  """

  def __init__(
    self,
    generator: Any,
    inversion: InversionSpec,
    to_pixels: Callable[[np.ndarray], np.ndarray],
    changes: AttributeChanges | None = None,
    *,
    pasted_back: bool = False,
  ):
    self._generator, self._inversion, self._to_pixels = generator, inversion, to_pixels
    self._changes, self._pasted_back = changes, pasted_back
    self._drawn = 0

  def of(self, faces: Faces, size: int) -> list[PrivateRecord]:
    """The records of faces, in order.

    Args:
      faces: the faces.
      size: of a batch, should something have to be drawn.
    """
    if not faces.units:
      return []
    if self._changes is None:
      return self._without_folder(faces, size)
    originals = None if faces.photos is None else self._to_pixels(faces.photos)
    changes = self._changes.read(originals, faces.released, faces.latents, faces.released_latents)
    records = [
      PrivateRecord(
        name=unit.name,
        figures={"source": unit.source},
        latents=faces.latents[row],
        attributes=changes[row],
        # Elsewhere it is published as it is, and the page takes it from there.
        release=faces.released[row] if self._pasted_back else None,
      )
      for row, unit in enumerate(faces.units)
    ]
    return records if originals is None else self._with_photos(records, faces, originals)

  def _with_photos(
    self, records: list[PrivateRecord], faces: Faces, originals: np.ndarray
  ) -> list[PrivateRecord]:
    inversion = faces.inversion
    qualities = quality_report(inversion, faces.photos, self._generator, self._inversion)
    found = self._to_pixels(inversion.images)
    return [
      dataclasses.replace(
        record,
        original=originals[row],
        inversion=found[row],
        figures={
          **record.figures,
          **dataclasses.asdict(qualities[row]),
          "last_loss": float(inversion.losses[-1, row]),
          "batch_seconds": inversion.seconds,
        },
      )
      for row, record in enumerate(records)
    ]

  def _without_folder(self, faces: Faces, size: int) -> list[PrivateRecord]:
    """What is told on the terminal, and to TensorBoard."""
    figures: list[dict[str, Any]] = [{} for _ in faces.units]
    drawn = None if faces.photos is None else self._reconstructions(faces, size)
    if drawn is not None:
      space = self._inversion.latent_space
      told = warnings(faces.latents, drawn, faces.photos, self._generator, space)
      figures = [{"warning": warning} for warning in told]
    if faces.inversion is not None:
      for row, known in enumerate(figures):
        known["psnr_db"] = float(faces.inversion.psnr[row])
        known["last_loss"] = float(faces.inversion.losses[-1, row])
    return [
      PrivateRecord(unit.name, known, latent)
      for unit, known, latent in zip(faces.units, figures, faces.latents, strict=True)
    ]

  def _reconstructions(self, faces: Faces, size: int) -> np.ndarray | None:
    """What the generator makes of the codes, float [n, R, R, C]; None where that was shown enough."""
    if faces.inversion is not None:
      return faces.inversion.images
    if self._drawn >= _MOST_DRAWN:
      return None
    self._drawn += len(faces.units)
    space = self._inversion.latent_space
    images = self._generator.synthesize(
      filled(faces.latents, size), latent_space=space, batch_size=size
    )
    return images[: len(faces.units)]


def stand_in_record(unit: Unit) -> PrivateRecord:
  """The record of a stand-in; the page shows the warning."""
  warning = f"a stand-in is published: {unit.failure.reason}"
  return PrivateRecord(unit.name, {"source": unit.source, "warning": warning, "stand_in": True})
