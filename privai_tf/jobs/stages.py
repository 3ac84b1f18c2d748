"""The way of a batch through the stages: content -> latent code -> private latent code -> pictures.

`Stages` is built once a process, from a `Job`; it writes nothing and charges nothing. What it gives
is drawn but not released: nobody has seen it, so losing it costs nothing, and whoever publishes it
(`settlement`, or the one owner of a fleet's ledger) pays first.
"""

import dataclasses
import functools
import pathlib
from collections.abc import Callable, Sequence

import numpy as np

from privai_tf.artifacts import Guarantee, Inversion
from privai_tf.attributes.boundary import Boundary
from privai_tf.errors import InputError, PrivaiError
from privai_tf.faces import paste_back
from privai_tf.generators import load_generator, to_uint8
from privai_tf.inversion import find_codes, invert
from privai_tf.inversion.quality import quality_report
from privai_tf.jobs.inputs import Item
from privai_tf.jobs.job import Job
from privai_tf.jobs.outcomes import Loaded, Outcome, Output
from privai_tf.jobs.private_folder import PrivateRecord
from privai_tf.privacy import prepare, privatize
from privai_tf.privacy.accounting import attacker_bound
from privai_tf.privacy.relation import Relation
from privai_tf.runtime.batching import bucket_size, filled


@dataclasses.dataclass(frozen=True)
class _Unit:
  """One face, or one code, on its way: the `face`-th of the `owner`-th loaded item."""

  owner: int
  face: int
  name: str
  value: np.ndarray


@dataclasses.dataclass(frozen=True)
class _Drawn:
  """What became of one unit."""

  pixels: np.ndarray
  record: PrivateRecord


class Stages:
  """The loaded models and boundaries of one job.

  Attributes:
    job: the job.
    generator: its `Generator`.
  """

  def __init__(self, job: Job):
    self.job = job
    self.generator = load_generator(job.checkpoint)
    self._boundaries = []
    if job.privacy.scope == "attribute":  # The other scopes protect more than any boundary.
      self._boundaries = [
        Boundary.load(_boundary_source(job, attribute), latent_space=job.inversion.latent_space)
        for attribute in job.attributes
      ]
    # Now, so that a guarantee that cannot be given is told before hours of inversion.
    self._prepared = prepare(
      self.generator, self._boundaries, job.privacy, job.inversion.latent_space
    )

  @property
  def guarantee(self) -> Guarantee:
    """What each face's release promises."""
    return self._prepared.guarantee

  @property
  def event(self) -> object:
    """The `dp_accounting` event of each face's release."""
    return self._prepared.event

  @property
  def relation(self) -> Relation:
    """What the promise is about."""
    return self._prepared.relation

  @property
  def bound(self) -> float | None:
    """The attacker bound in [0.5, 1]; None where there is no guarantee, or one by distance."""
    if not self.guarantee.private or self.guarantee.scope == "metric":
      return None
    return attacker_bound(self.guarantee.epsilon, self.guarantee.delta)

  def configuration(self) -> dict:
    """The public configuration: what decides the releases of this run."""
    job = self.job
    inversion = dataclasses.asdict(job.inversion)
    # A path on the owner's machine tells more than it should.
    for name in ("vgg16_weights", "lpips_weights"):
      inversion[name] = inversion[name] is not None
    return {
      "checkpoint": {
        "name": pathlib.Path(job.checkpoint).name,
        "family": self.generator.family,
        "resolution": self.generator.resolution,
        "sha256": self.generator.fingerprint,
      },
      "attributes": [boundary.name for boundary in self._boundaries],
      "privacy": dataclasses.asdict(job.privacy),
      "faces": dataclasses.asdict(job.faces),
      "inversion": inversion,
      "output_format": job.output_format,
    }

  def load(self, item: Item, subject_of: Callable[[np.ndarray], str] | None = None) -> Loaded:
    """Reads an item; for many threads at once.

    Args:
      item: the item.
      subject_of: names the subject of uint8 [H, W, C], where releases are charged.
    """
    try:
      content = item.read(self.generator.resolution, self.job.faces)
      subject = None
      if subject_of is not None:
        given = self.job.budget.subject_id if self.job.budget else None
        subject = given or subject_of(content.identity)
    except InputError as error:
      return Loaded(item, error=error)
    return Loaded(item, content, subject)

  def process(
    self,
    batch: Sequence[Loaded],
    *,
    size: int | None = None,
    skip: Callable[[str], bool] = lambda name: False,
    report: Callable[[int, int], None] = lambda done, total: None,
  ) -> list[Outcome]:
    """Inverts, privatizes and draws a batch of items.

    Args:
      batch: what `load` gave, codes only or none.
      size: faces in a batch; shorter ones are filled up, so that nothing is compiled for them and
        every face is computed in the same shape. None: what suits this batch, at most
        `job.batch_size`.
      skip: whether an output of this name is not wanted.
      report: called as `report(done, total)` in steps of the inversion.

    Returns:
      An outcome for every item, in order. An item with several faces has all of them or an error.
    """
    units = [
      unit
      for owner, loaded in enumerate(batch)
      if loaded.content is not None
      for unit in self._units(owner, loaded)
      if not skip(self._output_name(loaded.item, unit.name))
    ]
    size = size or bucket_size(len(units), self.job.batch_size)
    chunks = [units[i : i + size] for i in range(0, len(units), size)]
    drawn: dict[tuple[int, int], _Drawn | PrivaiError] = {}
    for number, chunk in enumerate(chunks):
      shifted = functools.partial(_shifted, report, number, len(chunks))
      results = self._draw(chunk, [batch[unit.owner].item for unit in chunk], size, shifted)
      for unit, result in zip(chunk, results, strict=True):
        drawn[unit.owner, unit.face] = result
    return [self._outcome(owner, loaded, drawn) for owner, loaded in enumerate(batch)]

  def _units(self, owner: int, loaded: Loaded) -> list[_Unit]:
    names = [face.name for face in loaded.content.faces] or [loaded.item.name]
    return [
      _Unit(owner, face, name, value)
      for face, (name, value) in enumerate(zip(names, loaded.content.values, strict=True))
    ]

  def _output_name(self, item: Item, unit_name: str) -> str:
    return item.name if self.job.paste_back else unit_name

  def _draw(
    self, units: list[_Unit], items: list[Item], size: int, report
  ) -> list[_Drawn | PrivaiError]:
    """One batch; where it fails as a whole, its units are tried one by one."""
    try:
      return self._drawn(units, items, size, report)
    except InputError as error:
      if len(units) == 1:
        return [InputError(f"{items[0].source}: {error}")]
    results = []
    for unit, item in zip(units, items, strict=True):
      results += self._draw([unit], [item], size, report)
    return results

  def _drawn(self, units, items, size, report) -> list[_Drawn]:
    values = np.stack([unit.value for unit in units])
    latents, inversion = values, None
    if not items[0].is_latent:
      wanted = filled(values, size), self.generator, self.job.inversion, report
      if self.job.private_dir or self.job.tensorboard:
        inversion = _first(invert(*wanted), len(units))
        latents = inversion.latents
      else:  # Nobody will see how good the inversion is.
        latents = find_codes(*wanted)[: len(units)]
    release = privatize(
      latents,
      self.generator,
      self._boundaries,
      self.job.privacy,
      latent_space=self.job.inversion.latent_space,
      simulation_stream=[unit.name for unit in units],
    )
    images = self.generator.synthesize(
      filled(release.latents, size), latent_space=release.latent_space, batch_size=size
    )
    pixels = self._pixels(images[: len(units)])
    records = self._records(units, items, values, latents, inversion)
    return [_Drawn(*both) for both in zip(pixels, records, strict=True)]

  def _records(self, units, items, values, latents, inversion) -> list[PrivateRecord]:
    if inversion is None:
      return [
        PrivateRecord(unit.name, {"source": item.source}, latent)
        for unit, item, latent in zip(units, items, latents, strict=True)
      ]
    if self.job.private_dir is None:
      return [
        PrivateRecord(unit.name, {"psnr_db": float(psnr), "last_loss": float(loss)}, latent)
        for unit, psnr, loss, latent in zip(
          units, inversion.psnr, inversion.losses[-1], latents, strict=True
        )
      ]
    qualities = quality_report(inversion, values, self.generator, self.job.inversion)
    originals, found = self._pixels(values), self._pixels(inversion.images)
    return [
      PrivateRecord(
        name=unit.name,
        figures={
          "source": items[row].source,
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

  def _outcome(self, owner: int, loaded: Loaded, drawn: dict) -> Outcome:
    if loaded.content is None:
      return Outcome(loaded.item, error=loaded.error)
    faces = [face for face in range(len(loaded.content.values)) if (owner, face) in drawn]
    results = [drawn[owner, face] for face in faces]
    for result in results:
      if isinstance(result, PrivaiError):
        return Outcome(loaded.item, error=result)
    common = {
      "guarantee": self.guarantee,
      "bound": self.bound,
      "event": self.event,
      "relation": self.relation,
      "subject": loaded.subject,
    }
    if not self.job.paste_back or not results:
      outputs = [
        Output(result.record.name, result.pixels, faces=1, records=(result.record,), **common)
        for result in results
      ]
      return Outcome(loaded.item, tuple(outputs))
    pasted = paste_back(
      loaded.content.identity,
      [loaded.content.faces[face] for face in faces],
      np.stack([result.pixels for result in results]),
    )
    records = tuple(result.record for result in results)
    output = Output(loaded.item.name, pasted, faces=len(faces), records=records, **common)
    return Outcome(loaded.item, (output,))

  def _pixels(self, images: np.ndarray) -> np.ndarray:
    return np.asarray(to_uint8(images, family=self.generator.family))


def _shifted(report, number: int, count: int, done: int, total: int) -> None:
  """Progress within one of several equal parts as progress of the whole."""
  report(number * total + done, count * total)


def _first(inversion: Inversion, count: int) -> Inversion:
  """The inversion of the first `count` images."""
  rows = {name: getattr(inversion, name)[:count] for name in ("latents", "images", "psnr")}
  return dataclasses.replace(inversion, losses=inversion.losses[:, :count], **rows)


def _boundary_source(job: Job, attribute: str) -> str:
  """A file as it is; a name belongs to the checkpoint's own boundaries."""
  if attribute.endswith(".npy"):
    return attribute
  return f"{pathlib.Path(job.checkpoint).name}/{attribute}"
