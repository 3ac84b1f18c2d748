"""A whole job in one process: inputs are read ahead, go through the stages in batches, and out."""

import contextlib
import functools
import pathlib
import shlex
from collections.abc import Callable, Iterator, Mapping

from privai_tf.errors import PrivaiError
from privai_tf.jobs.binding import Binding, require_binding
from privai_tf.jobs.claims import Claims
from privai_tf.jobs.failures import read_failures
from privai_tf.jobs.item_lists import Items, find_items
from privai_tf.jobs.job import Job
from privai_tf.jobs.known_files import require_known_files, take_over
from privai_tf.jobs.other_shards import refuse_other_shards
from privai_tf.jobs.output_check import refuse_what_is_not_to_be_published
from privai_tf.jobs.parts import Budget, Publication, Shard
from privai_tf.jobs.private_folder import PrivateFolder
from privai_tf.jobs.publication import PublicFolder
from privai_tf.jobs.record_folder import RecordFolder
from privai_tf.jobs.releasing import Subjects, release_all
from privai_tf.jobs.settlement import Settlement
from privai_tf.jobs.stages import Stages
from privai_tf.jobs.state_folder import state_folder
from privai_tf.jobs.summary import Summary
from privai_tf.jobs.tally import Progress, Tally
from privai_tf.privacy.ledger import Ledger
from privai_tf.runtime.manifest import Manifest
from privai_tf.runtime.scalars import Scalars
from privai_tf.runtime.stores import StorePath


def run(
  job: Job,
  progress: Progress | None = None,
  tell: Callable[[str], None] | None = None,
) -> Summary:
  """Privatizes every input of a job; inputs that fail are named, or stood in for, the rest goes on.

  Args:
    job: the job.
    progress: called with (inputs done, inputs in all or None); a part of an input counts.
    tell: called at once with a line for every input that fails.

  Returns:
    The summary.

  Raises:
    ConfigurationError: if the job contradicts itself.
    CheckpointError: if the checkpoint cannot be used.
    InputError: if there is no input at all.
    OutputError, LedgerError: if an output cannot be written or paid for; nothing half-written is
      left, and the same job goes on where it stopped.
  """
  check_ledger(job.budget)
  publication, suffix = job.publication, job.shard.suffix
  failed = read_failures(job.private_dir, suffix) if job.retry_failures else None
  stages = Stages(job.recipe, progress)
  if tell and (warning := stages.advice.typed(*advised_places(job.input, job.output_dir))):
    tell(warning)
  configuration = stages.configuration()
  items = find_items(job.sources, stages.generator, stages.recipe.inversion.latent_space)
  refuse_what_is_not_to_be_published(items, job.output_dir)
  kind = RecordFolder if job.output_format == "tfrecord" else PublicFolder
  public = kind(
    *(job.output_dir, configuration, job.overwrite, job.shard),
    begin=False,
    precision=stages.precision,
  )
  private = None
  if job.private_dir:
    private = PrivateFolder(job.private_dir, job.save_latents, suffix)
    private.describe_codes(configuration)
  scalars = Scalars(job.tensorboard, suffix) if job.tensorboard else None
  tally = Tally(progress, tell, job.max_errors, _count(items, job.shard), scalars)
  subject_id = job.budget.subject_id if job.budget else None
  with contextlib.ExitStack() as stack:
    ledger = stack.enter_context(opened_ledger(job.budget))
    binding = Binding.of(publication, ledger, subject_id)
    manifest = stack.enter_context(_manifest(publication, binding, public, configuration))
    # Not before the manifest has seen whether the folder is a new one.
    public.begin()
    settlement = Settlement(
      manifest, public, private, ledger, job.records_per_file, threads=job.readers
    )
    tally.released += settlement.resume()
    release_all(
      stages,
      Items(functools.partial(items.of, job.shard), items.count),
      settlement,
      Claims(manifest, items),
      tally,
      subject_of=subjects(ledger, subject_id),
      readers=job.readers,
      failed=failed,
    )
    settlement.finish()
    if not tally.gave_up:
      settlement.finish_overwriting()
    report, comparison = _finish(publication, stages, public, private, tally)
    # Complete means that everything is on the disk: till here, an overwriting run goes on.
    manifest.close(complete=not tally.gave_up)
  return Summary(
    released=tuple(tally.released),
    kept=tuple(tally.kept),
    failures=tuple(map(str, tally.failures)),
    stand_ins=sum(failure.stand_in for failure in tally.failures),
    statement=stages.guarantee.statement if tally.released else None,
    report=report,
    comparison=comparison,
    gave_up=tally.gave_up,
    looked_at=tally.looked_at,
    unlike=tally.unlike,
    searched=stages.recipe.inversion.steps != 0,
  )


def _finish(
  publication: Publication,
  stages: Stages,
  public: PublicFolder,
  private: PrivateFolder | None,
  tally: Tally,
) -> tuple[pathlib.Path, pathlib.Path | None]:
  """Writes the pages, and the counts; returns the paths of the report and the comparison."""
  # A folder of pictures counts itself; several processes, and TFRecords, are counted here.
  counted = publication.shard.count > 1 or publication.output_format != "png"
  report = public.finish(
    released=len(tally.released) + len(tally.kept) if counted else None,
    promise=public.promise(stages.guarantee, stages.bound),
    notes=stages.advice.notes,
  )
  if private is None:
    return report, None
  configuration = stages.configuration()
  return report, private.finish(
    public.path, tally.failures, stages.guarantee, configuration, stages.advice.notes
  )


def _count(items: Items, shard: Shard) -> int | None:
  """How many inputs are this shard's; None where only reading tells."""
  if items.count is None or shard.count == 1:
    return items.count
  return sum(1 for _ in items.of(shard))


@contextlib.contextmanager
def _manifest(
  publication: Publication, binding: Binding, public: PublicFolder, configuration: Mapping
) -> Iterator[Manifest]:
  """What the job remembers, after everything that contradicts it has been refused."""
  folder, shard = state_folder(publication), publication.shard
  require_binding(folder, binding)
  refuse_other_shards(folder, shard)
  manifest = Manifest(folder, shard.suffix, configuration, overwrite=publication.overwrite)
  try:
    if public.is_emptied(manifest.known()):
      manifest.forget_published()
    take_over(public, folder, manifest)
    require_known_files(public, folder, manifest)
    yield manifest
  except BaseException:
    # What went wrong is told, not what follows from it.
    with contextlib.suppress(PrivaiError):
      manifest.close()
    raise


def advised_places(photos: str | None, output_dir: pathlib.Path | StorePath) -> tuple[str, str]:
  """Where the same photos would be released in another way: `--input` and a folder of its own.

  Args:
    photos: the job's `--input`.
    output_dir: the job's own folder.
  """
  return shlex.quote(photos or "PHOTOS"), shlex.quote(f"{output_dir}-likeness")


def check_ledger(budget: Budget | None) -> None:
  """Tells of a ledger that cannot be used before anything is loaded; makes none."""
  if budget is not None and not budget.create:
    with opened_ledger(budget):
      pass


def subjects(ledger: Ledger | None, subject_id: str | None) -> Subjects | None:
  """What names the subject of an input by its uint8 [H, W, C]; None where nobody pays.

  Args:
    ledger: knows every input by a keyed hash.
    subject_id: the subject of all inputs, if the job says so.
  """
  if ledger is None:
    return None
  return (lambda pixels: subject_id) if subject_id else ledger.subject_of_pixels


@contextlib.contextmanager
def opened_ledger(budget: Budget | None) -> Iterator[Ledger | None]:
  """The ledger of a job, None where it charges none."""
  if budget is None:
    yield None
    return
  with Ledger.open(
    budget.ledger,
    default_epsilon=budget.epsilon,
    default_delta=budget.delta,
    composition=budget.composition,
    create=budget.create,
  ) as ledger:
    yield ledger
