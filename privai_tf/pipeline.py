"""The stages in order: input -> latent code -> private latent code -> image, statement and report."""

import contextlib
import dataclasses
import pathlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from privai_tf import inputs
from privai_tf.artifacts import Inversion
from privai_tf.errors import ConfigurationError, InputError, PrivaiError
from privai_tf.inversion.spec import InversionSpec
from privai_tf.privacy.spec import PrivacySpec
from privai_tf.publication import PrivateFolder, PublicFolder
from privai_tf.runtime.files import require_apart


@dataclasses.dataclass(frozen=True)
class Budget:
  """Whose budget a run charges, and where.

  Attributes:
    ledger: path of the SQLite ledger.
    epsilon, delta: the budget that a subject without one is granted; None grants nothing.
    subject_id: the subject of every input; None takes a keyed hash of each input's content.
  """

  ledger: pathlib.Path
  epsilon: float | None = None
  delta: float = 0.0
  subject_id: str | None = None


@dataclasses.dataclass(frozen=True)
class Job:
  """Everything that a run needs to know.

  Attributes:
    checkpoint: a converted folder, an official pickle, or a name in `checkpoints/`.
    attributes: names of the boundaries of a named checkpoint, or paths of boundary files.
    privacy: the guarantee asked for.
    output_dir: the publishable folder.
    input: a picture, folder or glob; None with no `input_latents` renders avatar portraits.
    input_latents: `.npy` of codes in `inversion.latent_space`, instead of pictures.
    num_portraits, portrait_seed: the demo's faces.
    inversion: how codes are found.
    private_dir: the owner's folder, None writes none.
    save_latents: whether `private_dir` gets the codes.
    overwrite: whether finished releases are made anew.
    budget: the ledger to charge, None charges none.
    batch_size: inputs that go through the stages together.
  """

  checkpoint: str
  attributes: tuple[str, ...]
  privacy: PrivacySpec
  output_dir: pathlib.Path
  input: str | None = None
  input_latents: str | None = None
  num_portraits: int = 8
  portrait_seed: int = 0
  inversion: InversionSpec = dataclasses.field(default_factory=InversionSpec)
  private_dir: pathlib.Path | None = None
  save_latents: bool = False
  overwrite: bool = False
  budget: Budget | None = None
  batch_size: int = 8


@dataclasses.dataclass(frozen=True)
class Summary:
  """What a run did.

  Attributes:
    released: names released now.
    kept: names finished by an earlier run.
    failures: one line an input that could not be released.
    statement: the guarantee in words, None if nothing was released now.
    report, comparison: the pages written.
  """

  released: tuple[str, ...]
  kept: tuple[str, ...]
  failures: tuple[str, ...]
  statement: str | None
  report: pathlib.Path
  comparison: pathlib.Path | None


def run(job: Job, progress: Callable[[int, int], None] | None = None) -> Summary:
  """Privatizes every input of a job; inputs that fail are named and the rest goes on.

  Args:
    job: the job.
    progress: called with (done, total) in steps of the inversion.

  Returns:
    The summary.

  Raises:
    ConfigurationError: if the job contradicts itself.
    CheckpointError: if the checkpoint cannot be used.
    InputError: if there is no input at all.
    OutputError: if an output cannot be written; nothing half-written is left.
  """
  if job.private_dir is not None:
    require_apart(job.output_dir, job.private_dir)
  stages = _Stages(job)
  items = _items(job, stages.generator)
  public = PublicFolder(job.output_dir, stages.configuration(), job.overwrite)
  _refuse_to_replace_inputs(items, public.path)
  private = PrivateFolder(job.private_dir, job.save_latents) if job.private_dir else None
  waiting = [item for item in items if not public.is_finished(item.name)]
  done = {item.name for item in waiting}
  kept = tuple(item.name for item in items if item.name not in done)
  released: list[str] = []
  failures: list[str] = []
  statement = None
  batches = [
    waiting[i : i + job.batch_size] for i in range(0, len(waiting), max(1, job.batch_size))
  ]
  with stages.ledger() as ledger:
    for number, batch in enumerate(batches):
      report = _shifted(progress, number, len(batches))
      for name, outcome in stages.process(batch, public, private, ledger, report):
        if isinstance(outcome, PrivaiError):
          failures.append(str(outcome))
        else:
          released.append(name)
          statement = outcome
  return Summary(
    released=tuple(released),
    kept=kept,
    failures=tuple(failures),
    statement=statement,
    report=public.finish(failed=len(failures)),
    comparison=private.finish(public.path) if private else None,
  )


def _items(job: Job, generator) -> list[inputs.Item]:
  if job.input is not None and job.input_latents is not None:
    raise ConfigurationError("--input and --input_latents exclude each other; give one")
  if job.input_latents is not None:
    return inputs.latents(job.input_latents, generator, job.inversion.latent_space)
  if job.input is not None:
    return inputs.photos(job.input, generator.resolution)
  return inputs.portraits(job.num_portraits, job.portrait_seed, generator.resolution)


def _refuse_to_replace_inputs(items: Sequence[inputs.Item], output_dir: pathlib.Path) -> None:
  for item in items:
    target = output_dir / f"{item.name}.png"
    if target.exists() and target.resolve() == pathlib.Path(item.source).resolve():
      raise ConfigurationError(
        f"{item.source}: its output would replace it; choose another --output_dir"
      )


def _shifted(progress, number: int, batches: int) -> Callable[[int, int], None]:
  """Progress within one batch as progress of the whole run."""

  def report(done: int, total: int) -> None:
    if progress is not None:
      progress(number * total + done, batches * total)

  return report


class _Stages:
  """The loaded models and boundaries of one job, and the way of one batch through them."""

  def __init__(self, job: Job):
    from privai_tf.attributes.boundary import Boundary
    from privai_tf.generators import load_generator

    self._job = job
    self.generator = load_generator(job.checkpoint)
    self._boundaries = [
      Boundary.load(attribute, latent_space=_boundary_space(job), checkpoint=job.checkpoint)
      for attribute in job.attributes
    ]

  def configuration(self) -> dict:
    """The public configuration: what decides the releases of this run."""
    job = self._job
    inversion = dataclasses.asdict(job.inversion)
    # A path on the owner's machine tells more than it should.
    inversion["vgg16_weights"] = job.inversion.vgg16_weights is not None
    return {
      "checkpoint": {
        "name": pathlib.Path(job.checkpoint).name,
        "family": self.generator.family,
        "resolution": self.generator.resolution,
        "sha256": self.generator.fingerprint,
      },
      "attributes": [boundary.name for boundary in self._boundaries],
      "privacy": dataclasses.asdict(job.privacy),
      "inversion": inversion,
    }

  @contextlib.contextmanager
  def ledger(self) -> Iterator:
    """The open ledger, or None where the job charges none."""
    budget = self._job.budget
    if budget is None:
      yield None
      return
    from privai_tf.privacy.ledger import Ledger

    with Ledger.open(budget.ledger) as ledger:
      yield ledger

  def process(self, batch, public, private, ledger, report):
    """One batch through all stages; a batch that fails as a whole is tried input by input.

    Yields:
      (name, the statement's text or the error) of every input.
    """
    loaded = []
    for item in batch:
      try:
        loaded.append((item, item.load()))
      except InputError as error:
        yield item.name, error
    if not loaded:
      report(1, 1)
      return
    try:
      yield from self._release(loaded, public, private, ledger, report)
    except InputError as error:
      if len(loaded) == 1:
        yield loaded[0][0].name, error
        return
      for pair in loaded:
        try:
          yield from self._release([pair], public, private, ledger, report)
        except InputError as single:
          yield pair[0].name, InputError(f"{pair[0].source}: {single}")

  def _release(self, loaded, public, private, ledger, report):
    raise NotImplementedError


def _boundary_space(job: Job) -> str:
  return "Z" if job.inversion.latent_space == "Z" else "W"


__all__ = ["Budget", "Inversion", "Job", "Summary", "np", "run"]
