"""The way of a batch through the stages: content -> latent code -> private latent code -> pictures.

`Stages` is built once a process, of a `Recipe`; it writes nothing and charges nothing. What it gives
is drawn but not released: nobody has seen it, so losing it costs nothing, and whoever publishes it
(`settlement`, or the one owner of a fleet's ledger) pays first.
"""

import dataclasses
import functools
from collections.abc import Callable, Sequence

import numpy as np

from privai_tf.artifacts import Guarantee, Inversion
from privai_tf.attributes.sources import load_boundaries
from privai_tf.errors import InputError
from privai_tf.faces import paste_back
from privai_tf.generators import load_generator, to_uint8
from privai_tf.generators.channels import require_pictures, to_rgb
from privai_tf.inversion import find_codes, invert
from privai_tf.inversion.public_code_files import portable, served_path
from privai_tf.inversion.settings import recorded
from privai_tf.jobs.advice import Advice
from privai_tf.jobs.attribute_changes import AttributeChanges
from privai_tf.jobs.failures import STAND_IN, Failure
from privai_tf.jobs.fitting import fitted_on
from privai_tf.jobs.inputs import Item
from privai_tf.jobs.outcomes import Drawn, Loaded, Outcome, Output, Unit
from privai_tf.jobs.owner_records import Faces, OwnerRecords, stand_in_record
from privai_tf.jobs.parts import Recipe
from privai_tf.jobs.release_facts import checkpoint_facts
from privai_tf.jobs.tally import shifted
from privai_tf.privacy import prepare, privatize
from privai_tf.privacy.relation import Relation
from privai_tf.privacy.resemblance import named_attributes
from privai_tf.runtime.batching import bucket_size, filled
from privai_tf.runtime.precision import resolved


class Stages:
  """The loaded models and boundaries of one job.

  Attributes:
    recipe: what decides the releases, with the latent space and the steps that were chosen.
    generator: its `Generator`.
    advice: what its owner must know before it begins, and both pages say.
    precision: in which releases are drawn, "float32" or "bfloat16".
  """

  def __init__(self, recipe: Recipe, progress: Callable[[int, int], None] | None = None):
    """Loads everything.

    Args:
      recipe: what decides the releases.
      progress: told (done, total) while public codes are made, where there are none yet.
    """
    self.generator = load_generator(recipe.checkpoint)
    inversion = recipe.inversion.for_spaces(self.generator.latent_spaces)
    if recipe.privacy.scope == "attribute" and not recipe.codes_given:
      inversion = served_path(self.generator, inversion, recipe.public_codes)
    self.precision = resolved(inversion.precision)
    alone = inversion.steps == 0 and recipe.inversion.steps is None
    self.recipe = recipe = dataclasses.replace(recipe, inversion=inversion)
    require_pictures(self.generator.num_channels)
    # The other scopes protect more than any boundary; a stand-in may be chosen by some.
    compared = named_attributes(recipe.privacy.resemble)
    space = inversion.latent_space
    names = recipe.attributes if recipe.privacy.scope == "attribute" else compared
    self._boundaries = load_boundaries(names, recipe.checkpoint, space)
    # Now, so that a guarantee that cannot be given is told before hours of inversion.
    self._public_codes = fitted_on(self.generator, recipe, progress)
    self._prepared = prepare(
      self.generator, self._boundaries, recipe.privacy, space, self._public_codes
    )
    hidden = self._boundaries if recipe.privacy.scope == "attribute" else []
    self.advice = Advice(recipe, self.generator, self._prepared, hidden, alone)
    changes = AttributeChanges(recipe.checkpoint, hidden) if recipe.recorded else None
    self._stands_in = recipe.on_failure == STAND_IN
    self._owner = OwnerRecords(
      self.generator, inversion, self._pixels, changes, pasted_back=recipe.pasted_back
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
    return self._prepared.attacker_bound

  def configuration(self) -> dict:
    """The public configuration: what decides the releases of this run."""
    recipe = self.recipe
    inversion = recorded(recipe.inversion, self.generator)
    # A path on the owner's machine tells more than it should.
    for name in ("vgg16_weights", "lpips_weights"):
      inversion[name] = inversion[name] is not None
    return {
      "checkpoint": checkpoint_facts(recipe.checkpoint, self.generator),
      "attributes": list(self._prepared.relation.attributes),
      "privacy": dataclasses.asdict(recipe.privacy),
      "faces": dataclasses.asdict(recipe.faces),
      "inversion": inversion,
      "output_format": recipe.output_format,
      **({"preset": recipe.preset} if recipe.preset else {}),
    }

  def load(self, item: Item, subject_of: Callable[[np.ndarray], str] | None = None) -> Loaded:
    """Reads an item; for many threads at once.

    Args:
      item: the item.
      subject_of: names the subject of uint8 [H, W, C], where releases are charged.
    """
    content = failure = None
    source = item.seen()  # Before it is read: what changes meanwhile is told by the next run.
    try:
      content = item.read(self.generator.resolution, self.recipe.faces)
      if not item.is_latent:
        content = content.in_channels(self.generator.num_channels)
    except InputError as error:
      stand_in = self._stands_in and item.exists
      failure = Failure(item.name, item.source, "read", str(error), stand_in)
      if not stand_in:
        return Loaded(item, failure=failure)
    subject = None
    if subject_of is not None:
      subject = subject_of(content.identity if content else item.identity())
    return Loaded(item, content, subject, failure, source)

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
        `recipe.batch_size`.
      skip: whether an output of this name is not wanted.
      report: called as `report(done, total)` in steps of the inversion.

    Returns:
      An outcome for every item, in order. An item with several faces has all of them or a failure.
    """
    units = [
      unit
      for owner, loaded in enumerate(batch)
      for unit in self._units(owner, loaded)
      if not skip(self._output_name(loaded.item, unit.name))
    ]
    size = size or bucket_size(len(units), self.recipe.batch_size)
    chunks = [units[i : i + size] for i in range(0, len(units), size)]
    drawn: dict[tuple[int, int], Drawn | Failure] = {}
    for number, chunk in enumerate(chunks):
      told = functools.partial(shifted, report, number, len(chunks))
      for unit, result in zip(chunk, self._draw(chunk, size, told), strict=True):
        drawn[unit.owner, unit.face] = result
    return [self._outcome(owner, loaded, drawn) for owner, loaded in enumerate(batch)]

  def _units(self, owner: int, loaded: Loaded) -> list[Unit]:
    item = loaded.item
    if loaded.content is None:
      failure = loaded.failure
      stand_ins = [Unit(owner, 0, item.name, item.source, None, failure)]
      return stand_ins if failure is not None and failure.stand_in else []
    names = [face.name for face in loaded.content.faces] or [item.name]
    return [
      Unit(owner, face, name, item.source, value)
      for face, (name, value) in enumerate(zip(names, loaded.content.values, strict=True))
    ]

  def _output_name(self, item: Item, unit_name: str) -> str:
    return item.name if self.recipe.pasted_back else unit_name

  def _draw(self, units: list[Unit], size: int, report) -> list[Drawn | Failure]:
    """One batch; where it fails as a whole, its units are tried one by one."""
    try:
      return self._drawn(units, size, report)
    except InputError as error:
      if len(units) > 1:
        return [result for unit in units for result in self._draw([unit], size, report)]
      (unit,) = units
      if unit.value is None:
        raise  # The public code itself: no photo is to blame.
      reason = f"{unit.source}: {error}"
      failure = Failure(unit.name, unit.source, "invert", reason, self._stands_in)
    if not self._stands_in:
      return [failure]
    return self._drawn([dataclasses.replace(unit, value=None, failure=failure)], size, report)

  def _drawn(self, units: list[Unit], size: int, report) -> list[Drawn]:
    space = self.recipe.inversion.latent_space
    found = [row for row, unit in enumerate(units) if unit.value is not None]
    # What is found replaces the public code, with which a stand-in stays.
    mean = np.asarray(self.generator.mean_latent(space), np.float32)
    latents = np.repeat(mean[np.newaxis], len(units), axis=0)
    inversion = None
    if found:
      latents[found], inversion = self._found([units[row] for row in found], size, report)
    release = privatize(
      latents,
      self.generator,
      self._boundaries,
      self.recipe.privacy,
      latent_space=space,
      public_codes=self._public_codes,
      simulation_stream=[unit.name for unit in units],
    )
    images = self.generator.synthesize(
      filled(release.latents, size),
      latent_space=release.latent_space,
      batch_size=size,
      precision=self.precision,
    )
    pixels = self._pixels(images[: len(units)])
    kept = [units[row] for row in found]
    photos = None if self.recipe.codes_given or not kept else _values(kept)
    faces = Faces(kept, photos, latents[found], release.latents[found], pixels[found], inversion)
    records = iter(self._owner.of(faces, size))
    return [
      Drawn(picture, stand_in_record(unit) if unit.failure else next(records), unit.failure)
      for picture, unit in zip(pixels, units, strict=True)
    ]

  def _found(self, units: list[Unit], size: int, report) -> tuple[np.ndarray, Inversion | None]:
    """The codes of faces, and how they were found, unless that would have to be drawn for nobody."""
    values = _values(units)
    if self.recipe.codes_given:
      return values, None
    wanted = filled(values, size), self.generator, portable(self.recipe.inversion), report
    if self.recipe.measured or self.recipe.inversion.steps != 0:
      inversion = invert(*wanted).first(len(units))
      return inversion.latents, inversion
    return find_codes(*wanted)[: len(units)], None

  def _outcome(self, owner: int, loaded: Loaded, drawn: dict) -> Outcome:
    if loaded.faces == 0:
      return Outcome(loaded.item, failure=loaded.failure)
    faces = [face for face in range(loaded.faces) if (owner, face) in drawn]
    results = [drawn[owner, face] for face in faces]
    for result in results:
      if isinstance(result, Failure):
        return Outcome(loaded.item, failure=result)
    common = {
      "guarantee": self.guarantee,
      "bound": self.bound,
      "event": self.event,
      "relation": self.relation,
      "subject": loaded.subject,
    }
    if not self.recipe.pasted_back or not results:
      outputs = [
        Output(result.record.name, result.pixels, faces=1, records=(result.record,), **common)
        for result in results
      ]
      # Only an input of one face can have a stand-in.
      failure = results[0].failure if results else None
      return Outcome(loaded.item, tuple(outputs), failure, loaded.source)
    pasted = paste_back(
      loaded.content.identity,
      [loaded.content.faces[face] for face in faces],
      np.stack([result.pixels for result in results]),
    )
    records = tuple(result.record for result in results)
    output = Output(loaded.item.name, pasted, faces=len(faces), records=records, **common)
    return Outcome(loaded.item, (output,), read=loaded.source)

  def _pixels(self, images: np.ndarray) -> np.ndarray:
    return to_rgb(to_uint8(images, family=self.generator.family))


def _values(units: Sequence[Unit]) -> np.ndarray:
  return np.stack([unit.value for unit in units])
