"""A whole job in one process: inputs are read ahead, go through the stages in batches, and out."""

import contextlib
import dataclasses
import functools
import itertools
import pathlib
from collections.abc import Callable, Iterable, Iterator, Sequence

from privai_tf.errors import PrivaiError
from privai_tf.jobs.binding import Binding, require_binding
from privai_tf.jobs.claims import Claims
from privai_tf.jobs.failures import Failure, read_failures
from privai_tf.jobs.inputs import Item
from privai_tf.jobs.item_lists import Items, find_items
from privai_tf.jobs.job import Budget, Job, Summary
from privai_tf.jobs.known_files import require_known_files, take_over
from privai_tf.jobs.other_shards import refuse_other_shards
from privai_tf.jobs.outcomes import Loaded, Outcome
from privai_tf.jobs.output_check import refuse_what_is_not_to_be_published
from privai_tf.jobs.private_folder import PrivateFolder
from privai_tf.jobs.publication import PublicFolder
from privai_tf.jobs.publisher import Publisher
from privai_tf.jobs.record_folder import RecordFolder
from privai_tf.jobs.settlement import Settlement
from privai_tf.jobs.stages import Stages
from privai_tf.jobs.state_folder import state_folder
from privai_tf.jobs.tally import Progress, Tally
from privai_tf.privacy.ledger import Ledger
from privai_tf.runtime.batching import bucket_size
from privai_tf.runtime.manifest import Manifest
from privai_tf.runtime.prefetch import prefetched
from privai_tf.runtime.scalars import Scalars

_BATCHES_AHEAD = 2


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
  failures_to_retry(job)
  stages = Stages(job, progress)
  if stages.warning and tell:
    tell(stages.warning)
  items = find_items(stages.job, stages.generator)
  refuse_what_is_not_to_be_published(items, job)
  kind = RecordFolder if job.output_format == "tfrecord" else PublicFolder
  public = kind(job.output_dir, stages.configuration(), job.overwrite, job.shard, begin=False)
  private = None
  if job.private_dir:
    private = PrivateFolder(job.private_dir, job.save_latents, job.shard.suffix)
    private.describe_codes(stages.configuration())
  scalars = Scalars(job.tensorboard, job.shard.suffix) if job.tensorboard else None
  tally = Tally(progress, tell, job.max_errors, _count(items, job), scalars)
  with opened_ledger(job.budget) as ledger, _manifest(job, stages, public, ledger) as manifest:
    # Not before the manifest has seen whether the folder is a new one.
    public.begin()
    settlement = Settlement(
      manifest, public, private, ledger, job.records_per_file, threads=job.readers
    )
    tally.released += settlement.resume()
    release_all(stages, items, settlement, Claims(manifest, items), ledger, tally)
    settlement.finish()
    if not tally.gave_up:
      settlement.finish_overwriting()
    report, comparison = _finish(job, stages, public, private, tally)
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
    searched=job.inversion.steps != 0,
  )


def _finish(
  job: Job, stages: Stages, public: PublicFolder, private: PrivateFolder | None, tally: Tally
) -> tuple[pathlib.Path, pathlib.Path | None]:
  """Writes the pages, and the counts; returns the paths of the report and the comparison."""
  # A folder of pictures counts itself; several processes, and TFRecords, are counted here.
  counted = job.shard.count > 1 or job.output_format != "png"
  report = public.finish(
    released=len(tally.released) + len(tally.kept) if counted else None,
    promise=public.promise(stages.guarantee, stages.bound),
  )
  if private is None:
    return report, None
  configuration = stages.configuration()
  return report, private.finish(public.path, tally.failures, stages.guarantee, configuration)


def release_all(
  stages: Stages,
  items: Items,
  settlement: Settlement,
  claims: Claims,
  ledger: Ledger | None,
  tally: Tally,
) -> None:
  """Takes items through the stages and publishes what is drawn.

  Args:
    stages: of the job.
    items: what to go through, finished ones too; their `count` is that of the whole job.
    settlement: publishes.
    claims: names the inputs.
    ledger: names the subjects; None where nobody pays here.
    tally: is told everything.
  """
  job = stages.job
  # One shape for the whole job and all its shards: a face's numbers do not depend on its company.
  size = bucket_size(items.count, job.batch_size) if items.count else job.batch_size
  loaded = prefetched(
    functools.partial(stages.load, subject_of=ledger.subject_of_pixels if ledger else None),
    _wanted(job, items, settlement, claims, tally),
    threads=job.readers,
    ahead=_BATCHES_AHEAD * size,
  )
  with contextlib.closing(loaded), Publisher(settlement, tally) as publisher:
    for batch in _batches(_usable(loaded, tally), size):
      outcomes = stages.process(
        batch,
        size=size,
        skip=publisher.is_known,
        report=functools.partial(tally.report, items=len(batch)),
      )
      publisher.publish(outcomes)
      _count_others(outcomes, tally)
      tally.advance(len(batch))
      if tally.gave_up:
        return


def _count(items: Items, job: Job) -> int | None:
  """How many inputs are this shard's; None where only reading tells."""
  if items.count is None or job.shard.count == 1:
    return items.count
  return sum(job.shard.holds(item.name) for item in items)


def _count_others(outcomes: Sequence[Outcome], tally: Tally) -> None:
  """Counts the inputs of which nothing is published: the failed ones, and those finished before."""
  for outcome in outcomes:
    if outcome.outputs:
      continue
    if outcome.failure is not None:
      tally.fail(outcome.failure)
    else:
      tally.kept.append(outcome.item.name)


def _wanted(
  job: Job, items: Items, settlement: Settlement, claims: Claims, tally: Tally
) -> Iterator[Item]:
  """The items of this shard that are not finished, named."""
  resumed, seen = set(tally.released), set()
  failed = failures_to_retry(job)
  for item in items:
    if not job.shard.holds(item.name):
      continue
    wanted = failed is None or failed.pop(item.source, None) is not None
    if items.count is None:  # Only records can have the same key.
      if item.key in seen:
        reason = f"{item.source}: an earlier record is called {item.key} too; rename one"
        tally.fail(Failure(item.name, item.source, "name", reason))
        tally.advance(1)
        continue
      seen.add(item.key)
    item = claims.named(item)
    if (changed := claims.changed(item)) is not None:
      tally.fail(changed)
      tally.advance(1)
    elif settlement.is_item_known(item):
      if item.name not in resumed:
        tally.kept.append(item.name)
      if (failure := settlement.stand_in(item.name)) is not None:
        tally.fail(failure)
      tally.advance(1)
    elif wanted:
      yield item
    else:
      tally.advance(1)
  for failure in (failed or {}).values():
    reason = (
      f"{failure.source}: failed before and is not among the inputs now; give --input as then"
    )
    tally.fail(dataclasses.replace(failure, reason=reason))


def failures_to_retry(job: Job) -> dict[str, Failure] | None:
  """The failed inputs that a job tries again, by source; None where it tries everything.

  Raises:
    ConfigurationError: if no run has named any.
  """
  return read_failures(job.private_dir, job.shard.suffix) if job.retry_failures else None


def _usable(loaded: Iterable[Loaded], tally: Tally) -> Iterator[Loaded]:
  """What is to be released, stand-ins included; ends when there are too many errors."""
  for one in loaded:
    if one.faces:
      yield one
      continue
    tally.fail(one.failure)
    tally.advance(1)
    if tally.gave_up:
      return


def _batches(loaded: Iterator[Loaded], size: int) -> Iterator[list[Loaded]]:
  while batch := list(itertools.islice(loaded, size)):
    yield batch


@contextlib.contextmanager
def _manifest(
  job: Job, stages: Stages, public: PublicFolder, ledger: Ledger | None
) -> Iterator[Manifest]:
  """What the job remembers, after everything that contradicts it has been refused."""
  folder = state_folder(job)
  require_binding(folder, Binding.of(job, ledger))
  refuse_other_shards(folder, job.shard)
  manifest = Manifest(folder, job.shard.suffix, stages.configuration(), overwrite=job.overwrite)
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


def check_ledger(budget: Budget | None) -> None:
  """Tells of a ledger that cannot be used before anything is loaded; makes none."""
  if budget is not None and not budget.create:
    with opened_ledger(budget):
      pass


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
