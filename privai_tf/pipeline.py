"""The stages in order: input -> latent code -> private latent code -> image, statement and report."""

import contextlib
import dataclasses
import pathlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from privai_tf import inputs
from privai_tf.artifacts import Guarantee, Inversion, Release
from privai_tf.attributes.boundary import Boundary
from privai_tf.errors import ConfigurationError, InputError, PrivaiError
from privai_tf.generators import load_generator, to_uint8
from privai_tf.inversion import invert
from privai_tf.job import Budget, Job, Summary
from privai_tf.privacy import prepare, privatize
from privai_tf.privacy.accounting import attacker_bound
from privai_tf.privacy.ledger import BudgetExceededError, Ledger
from privai_tf.publication import PrivateFolder, PublicFolder


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
  stages = _Stages(job)
  items = _items(job, stages.generator)
  _refuse_to_replace_inputs(items, job.output_dir)
  public = PublicFolder(job.output_dir, stages.configuration(), job.overwrite)
  private = PrivateFolder(job.private_dir, job.save_latents) if job.private_dir else None
  finished = {item.name for item in items if public.is_finished(item.name)}
  waiting = [item for item in items if item.name not in finished]
  released: list[str] = []
  failures: list[str] = []
  statement = None
  batches = [waiting[i : i + job.batch_size] for i in range(0, len(waiting), job.batch_size)]
  with _opened(job.budget) as ledger:
    for number, batch in enumerate(batches):
      report = _shifted(progress, number, len(batches))
      for name, outcome in stages.process(batch, _Folders(public, private), ledger, report):
        if isinstance(outcome, PrivaiError):
          failures.append(str(outcome))
        else:
          released.append(name)
          statement = outcome
  return Summary(
    released=tuple(released),
    kept=tuple(item.name for item in items if item.name in finished),
    failures=tuple(failures),
    statement=statement,
    report=public.finish(failed=len(failures)),
    comparison=private.finish(public.path) if private else None,
  )


@dataclasses.dataclass(frozen=True)
class _Folders:
  """Where a run writes to."""

  public: PublicFolder
  private: PrivateFolder | None


def _items(job: Job, generator) -> list[inputs.Item]:
  if job.input_latents is not None:
    return inputs.latents(job.input_latents, generator, job.inversion.latent_space)
  if job.input is not None:
    return inputs.photos(job.input, generator.resolution)
  return inputs.portraits(job.num_portraits, job.portrait_seed, generator.resolution)


def _refuse_to_replace_inputs(items: Sequence[inputs.Item], output_dir: pathlib.Path) -> None:
  for item in items:
    target = output_dir / f"{item.name}.png"
    if item.path is not None and target.exists() and target.resolve() == item.path.resolve():
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
    self._job = job
    self.generator = load_generator(job.checkpoint)
    self._boundaries = []
    if job.privacy.scope == "attribute":  # The other scopes protect more than any boundary.
      self._boundaries = [
        Boundary.load(_boundary_source(job, attribute), latent_space=job.inversion.latent_space)
        for attribute in job.attributes
      ]
    # Now, so that a guarantee that cannot be given is told before hours of inversion.
    prepare(self.generator, self._boundaries, job.privacy, job.inversion.latent_space)
    self._batches = 0

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

  def process(self, batch, folders: "_Folders", ledger, report):
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
      latents, inversion = self._invert(loaded, report)
      release = self._privatize(latents)
    except InputError as error:
      if len(loaded) > 1:
        for item, _ in loaded:
          yield from self.process([item], folders, ledger, report)
      else:
        yield loaded[0][0].name, InputError(f"{loaded[0][0].source}: {error}")
      return
    pixels = self._pixels(release.images)
    for row, (item, value) in enumerate(loaded):
      try:
        self._charge(ledger, item, release)
      except BudgetExceededError as error:
        yield item.name, BudgetExceededError(f"{item.source}: {error}")
        continue
      bound = self._attacker_bound(release.guarantee)
      folders.public.write(item.name, pixels[row], release.guarantee, bound)
      if folders.private:
        self._keep(folders.private, item, value, latents[row], inversion, row)
      yield item.name, release.guarantee.statement

  def _invert(self, loaded, report) -> tuple[np.ndarray, Inversion | None]:
    values = np.stack([value for _, value in loaded])
    if loaded[0][0].is_latent:
      report(1, 1)
      return values, None
    inversion = invert(values, self.generator, self._job.inversion, report)
    return inversion.latents, inversion

  def _privatize(self, latents: np.ndarray) -> Release:
    self._batches += 1
    return privatize(
      latents,
      self.generator,
      self._boundaries,
      self._job.privacy,
      latent_space=self._job.inversion.latent_space,
      synthesize=True,
      simulation_stream=self._batches,
    )

  def _pixels(self, images: np.ndarray) -> np.ndarray:
    return np.asarray(to_uint8(images, family=self.generator.family))

  def _attacker_bound(self, guarantee: Guarantee) -> float | None:
    """None where there is no guarantee, or one that depends on the distance."""
    if not guarantee.private or guarantee.scope == "metric":
      return None
    return attacker_bound(guarantee.epsilon, guarantee.delta)

  def _charge(self, ledger, item: inputs.Item, release: Release) -> None:
    """Pays for one release; raises before anything of it is on the disk."""
    if ledger is None:
      return
    guarantee = release.guarantee
    ledger.charge(
      self._job.budget.subject_id or ledger.subject_of_pixels(item.content()),
      release.event,
      guarantee.epsilon,
      guarantee.delta,
      mechanism=guarantee.mechanism,
      scope=guarantee.scope,
    )

  def _keep(self, private, item, value, latent, inversion: Inversion | None, row: int) -> None:
    """What the owner sees: originals and figures computed from them."""
    if inversion is None:
      private.write(item.name, {"source": item.source}, latent)
      return
    quality = {
      "source": item.source,
      "psnr_db": float(inversion.psnr[row]),
      "first_loss": float(inversion.losses[0, row]),
      "last_loss": float(inversion.losses[-1, row]),
      "batch_seconds": inversion.seconds,
    }
    both = self._pixels(np.stack([value, inversion.images[row]]))
    private.write(item.name, quality, latent, original=both[0], inversion=both[1])


def _boundary_source(job: Job, attribute: str) -> str:
  """A file as it is; a name belongs to the checkpoint's own boundaries."""
  if attribute.endswith(".npy"):
    return attribute
  return f"{pathlib.Path(job.checkpoint).name}/{attribute}"


@contextlib.contextmanager
def _opened(budget: Budget | None) -> Iterator[Ledger | None]:
  """The ledger of a job, None where it charges none."""
  if budget is None:
    yield None
    return
  with Ledger.open(
    budget.ledger,
    default_epsilon=budget.epsilon,
    default_delta=budget.delta,
    composition=budget.composition,
  ) as ledger:
    yield ledger
