"""The steps of a fleet as an Apache Beam pipeline, on any of Beam's runners.

    parts -> claims (all workers) -> payment (one owner) -> release (all workers)

Only names and prices go through Beam; pictures never do. Workers need the inputs, `output_dir` and
`state_dir` under the same paths as the launcher: one machine, or a shared file system.
"""

import dataclasses
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence

import apache_beam as beam
from apache_beam.utils.shared import Shared

from privai_tf.errors import ConfigurationError, PrivaiError
from privai_tf.fleet.local_engine import engine
from privai_tf.fleet.runners import require_runner
from privai_tf.fleet.state import FleetState, open_state
from privai_tf.fleet.steps import Claim, PartResult, Permit, Worker, pay, read_result
from privai_tf.jobs.binding import Binding, require_binding
from privai_tf.jobs.item_lists import find_items, record_files
from privai_tf.jobs.job import Job
from privai_tf.jobs.known_files import require_known_files
from privai_tf.jobs.output_check import refuse_what_is_not_to_be_published
from privai_tf.jobs.private_folder import PrivateFolder
from privai_tf.jobs.publication import PublicFolder
from privai_tf.jobs.stages import Stages
from privai_tf.jobs.summary import Summary
from privai_tf.pipeline import advised_places, check_ledger, opened_ledger
from privai_tf.runtime.keras_settings import settle_keras

_LOOK_SECONDS = 0.5  # A listing; of a store, as well.
_OWNER = "owner"


class _Step(beam.DoFn):
  """A step with the job's models, which are loaded once a process."""

  def __init__(self, job: Job, state: FleetState):
    self._job, self._state = job, state
    self._handle = Shared()

  def setup(self) -> None:
    settle_keras()  # A worker's process is ours, too.
    # The same tag for every step: they share the models.
    self._worker = self._handle.acquire(
      lambda: Worker(self._job, self._state), tag=self._state.identity
    )


class Claims(_Step):
  """part -> the claims of its inputs."""

  def process(self, part: int) -> Iterator[Claim]:
    with opened_ledger(self._job.budget) as ledger:
      yield from self._worker.claims(part, ledger)


class Pay(_Step):
  """All claims, under one key and so in one place -> a permit for each part."""

  def process(self, keyed: tuple[str, Iterable[Claim | None]]) -> Iterator[Permit]:
    with opened_ledger(self._job.budget) as ledger:
      yield from pay(ledger, self._worker, self._state, keyed[1])


class Release(_Step):
  """Permit of a part -> how many were released, kept and failed."""

  def process(self, keyed: tuple[int, Iterable[Permit | None]]) -> Iterator[tuple[int, int, int]]:
    for permit in filter(None, keyed[1]):
      result = self._worker.release(permit)
      yield len(result.released), len(result.kept), len(result.failures)


def build(root, job: Job, state: FleetState):
  """The pipeline.

  Args:
    root: a `beam.Pipeline`.
    job: the job.
    state: its identity and parts.

  Returns:
    The PCollection of what `Release` gives.
  """
  parts = root | "Parts" >> beam.Create(range(state.parts))
  if job.budget is None:
    permits = parts | "Everything" >> beam.Map(Permit)
  else:
    # Grouping nothing gives nothing; every part needs its permit, though nobody may claim anything.
    nothing = root | "No claim" >> beam.Create([None])
    claims = (
      parts | "Share out claims" >> beam.Reshuffle() | "Claim" >> beam.ParDo(Claims(job, state))
    )
    permits = (
      (claims, nothing)
      | "All claims" >> beam.Flatten()
      | "Under one key" >> beam.WithKeys(_OWNER)
      | "To the owner" >> beam.GroupByKey()
      | "Pay" >> beam.ParDo(Pay(job, state))
    )
  # By the parts' own keys: a Reshuffle leaves all permits where the one owner is, on Dask.
  keyed = permits | "Permit of" >> beam.Map(lambda permit: (permit.part, permit))
  return (
    (parts | "Part of" >> beam.Map(lambda part: (part, None)), keyed)
    | "Parts and permits" >> beam.Flatten()
    | "Share out releases" >> beam.GroupByKey()
    | "Release" >> beam.ParDo(Release(job, state))
  )


def run(
  job: Job,
  options: Sequence[str] = (),
  progress: Callable[[float, int | None], None] | None = None,
  tell: Callable[[str], None] | None = None,
) -> Summary:
  """Privatizes every input of a job on a fleet.

  Args:
    job: the job.
    options: Beam's own, such as "--runner=FlinkRunner".
    progress: called with (parts done, parts in all).
    tell: called with a line for every input that failed, at the end.

  Returns:
    The summary.

  Raises:
    ConfigurationError: if the job contradicts itself or cannot be shared out.
    PrivaiError: if the runner gives up; the same job goes on where it stopped.
  """
  _check(job)
  options = require_runner(options)
  check_ledger(job.budget)
  stages = Stages(job.recipe)
  if tell and (warning := stages.advice.typed(*advised_places(job.input, job.output_dir))):
    tell(warning)
  configuration = stages.configuration()
  items = find_items(job.sources, stages.generator, stages.recipe.inversion.latent_space)
  refuse_what_is_not_to_be_published(items, job.output_dir)
  count = items.count
  if count is None:
    count = len(record_files(job.input)) * job.batch_size * 16
  state = open_state(job.publication, count, job.batch_size)
  public = PublicFolder(job.output_dir, configuration, begin=False, precision=stages.precision)
  subject_id = job.budget.subject_id if job.budget else None
  with opened_ledger(job.budget) as ledger:  # Made here if that is asked for, and by no worker.
    require_binding(state.folder.parent, Binding.of(job.publication, ledger, subject_id))
  require_known_files(public, state.folder, None)
  public.begin()
  private = PrivateFolder(job.private_dir, job.save_latents) if job.private_dir else None
  if private:
    private.describe_codes(configuration)
  for part in range(state.parts):
    state.result(part).unlink(missing_ok=True)
  if job.budget is not None:
    job = dataclasses.replace(job, budget=dataclasses.replace(job.budget, create=False))
  _run_pipeline(job, state, options, progress)
  results = [read_result(state, part) or PartResult((), (), ()) for part in range(state.parts)]
  released, kept, failures = (
    tuple(value for result in results for value in getattr(result, name))
    for name in ("released", "kept", "failures")
  )
  for failure in failures if tell else ():
    tell(str(failure))
  return Summary(
    released=released,
    kept=kept,
    failures=tuple(map(str, failures)),
    stand_ins=sum(failure.stand_in for failure in failures),
    looked_at=sum(result.looked_at for result in results),
    unlike=sum(result.unlike for result in results),
    statement=stages.guarantee.statement if released else None,
    report=public.finish(notes=stages.advice.notes),
    comparison=private.finish(
      public.path, failures, stages.guarantee, configuration, stages.advice.notes
    )
    if private
    else None,
    searched=stages.recipe.inversion.steps != 0,
  )


def _check(job: Job) -> None:
  refusals = (
    (job.shard.count > 1, "the runner shares out the work; drop --num_shards"),
    (job.overwrite, "choose another --output_dir instead of --overwrite"),
    (job.output_format != "png", "workers share no TFRecord file; drop --output_format"),
    (job.max_errors is not None, "no worker knows the others' errors; drop --max_errors"),
    (job.retry_failures, "a run tries everything that is not finished; drop --retry_failures"),
    (job.tensorboard is not None, "workers share no TensorBoard; drop --tensorboard"),
  )
  for refused, text in refusals:
    if refused:
      raise ConfigurationError(f"On a fleet {text}")


def _run_pipeline(job: Job, state: FleetState, options: Sequence[str], progress) -> None:
  """Runs the pipeline in a thread and watches the parts' results appear."""
  failure: list[BaseException] = []

  def work() -> None:
    try:
      runner, parsed = engine(options)
      with beam.Pipeline(runner, parsed) as root:
        build(root, job, state)
    except BaseException as error:  # Whatever it is, the waiting thread must hear of it.
      failure.append(error)

  thread = threading.Thread(target=work, daemon=True, name="beam")
  thread.start()
  while thread.is_alive():
    thread.join(_LOOK_SECONDS)
    if progress:
      progress(sum(1 for _ in state.folder.glob("result*.json")), state.parts)
  if failure:
    reason = str(failure[0]).strip().splitlines()
    text = reason[-1] if reason else type(failure[0]).__name__
    raise PrivaiError(f"The runner gave up ({text[:300]}); the same command goes on.")
