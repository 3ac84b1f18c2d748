"""What a worker does with one part of a job, and what the one owner of the ledger does for all.

    every worker: claims(part)  ->  the owner: pay(claims)  ->  every worker: release(part)

A claim is paid before anything is drawn for it, under an id that is the same however often a runner
repeats a step; the part's manifest sees to it that what is drawn for the payment is drawn once.
"""

import contextlib
import dataclasses
import itertools
import json
import threading
from collections.abc import Iterable, Iterator

from privai_tf.artifacts import Guarantee
from privai_tf.fleet.state import FleetState
from privai_tf.jobs.claims import Claims
from privai_tf.jobs.failures import Failure
from privai_tf.jobs.inputs import Item
from privai_tf.jobs.item_lists import Items, find_items, items_of_records, record_files
from privai_tf.jobs.job import Job
from privai_tf.jobs.private_folder import PrivateFolder
from privai_tf.jobs.publication import PublicFolder
from privai_tf.jobs.releasing import release_all
from privai_tf.jobs.settlement import Settlement, charge_for, pay_for
from privai_tf.jobs.stages import Stages
from privai_tf.jobs.tally import Tally
from privai_tf.pipeline import subjects
from privai_tf.privacy.ledger import BudgetExceededError, Charge, Ledger, RelationError
from privai_tf.runtime import files
from privai_tf.runtime.manifest import Manifest

_CLAIMS_TOGETHER = 256


@dataclasses.dataclass(frozen=True)
class Claim:
  """What an input asks the ledger for, or why it cannot be used.

  Attributes:
    part: of the input.
    key, name, source: of the input.
    subject: whose budget pays; "" where there is nothing to pay for.
    faces: releases to pay for, a stand-in's included.
    failure: why there is nothing to pay for, or None.
  """

  part: int
  key: str
  name: str
  source: str
  subject: str = ""
  faces: int = 0
  failure: Failure | None = None


@dataclasses.dataclass(frozen=True)
class Permit:
  """What a part may release.

  Attributes:
    part: the part.
    keys: of the inputs that are paid for; None: all, for jobs that nobody pays for.
    failures: what became of the others.
  """

  part: int
  keys: frozenset[str] | None = None
  failures: tuple[Failure, ...] = ()


@dataclasses.dataclass(frozen=True)
class PartResult:
  """What became of a part: names released now, names finished before, and what failed.

  `looked_at` and `unlike` are those of `Tally`.
  """

  released: tuple[str, ...]
  kept: tuple[str, ...]
  failures: tuple[Failure, ...]
  looked_at: int = 0
  unlike: int = 0


class Worker:
  """The models and inputs of a job in one process, for any of its threads.

  Args:
    job: the job.
    state: its identity.
  """

  def __init__(self, job: Job, state: FleetState):
    self._state = state
    self._stages = Stages(job.recipe)
    configuration, precision = self._stages.configuration(), self._stages.precision
    self._public = PublicFolder(job.output_dir, configuration, precision=precision)
    self._private = PrivateFolder(job.private_dir, job.save_latents) if job.private_dir else None
    space = self._stages.recipe.inversion.latent_space
    self._items = find_items(job.sources, self._stages.generator, space)
    self._pattern, self._readers = job.input, job.readers
    self._record_files = record_files(job.input)  # Listed once, not again for every part.
    self._subject_id = job.budget.subject_id if job.budget else None
    # Runners use several threads; the optimizer's variables, and the processor, serve one.
    self._lock = threading.Lock()

  @property
  def guarantee(self) -> Guarantee:
    """What each face's release promises."""
    return self._stages.guarantee

  def charge(self, claim: Claim, release_id: str) -> dict:
    """What a claim costs, for `settlement.pay_for`."""
    stages = self._stages
    return charge_for(
      *(stages.guarantee, stages.event, stages.relation, claim.subject, claim.faces), release_id
    )

  def book(self, charged: list[tuple[str, Charge]]) -> None:
    """Tells the owner which charges paid for what; they are on the disk."""
    if self._private and charged:
      self._private.write_charges(charged)

  def claims(self, part: int, ledger: Ledger) -> Iterator[Claim]:
    """Reads the unfinished inputs of a part and says what they cost.

    Args:
      part: the part.
      ledger: names the subjects; not charged here.
    """
    with self._manifest(part) as manifest:
      claims = Claims(manifest, self._items)
      subject_of = subjects(ledger, self._subject_id)
      for item in map(claims.named, self._of(part)):
        if manifest.is_item_done(item.key) or manifest.is_known(item.name):
          continue
        loaded = self._stages.load(item, subject_of)
        if loaded.faces:
          yield Claim(part, item.key, item.name, item.source, loaded.subject, loaded.faces)
        else:
          yield Claim(part, item.key, item.name, item.source, failure=loaded.failure)

  def release(self, permit: Permit) -> PartResult:
    """Draws and publishes what a part may release; goes on where another worker was stopped."""
    with self._lock:
      return self._release(permit)

  def _release(self, permit: Permit) -> PartResult:
    tally = Tally()
    tally.failures += permit.failures
    with self._manifest(permit.part) as manifest:
      claims = Claims(manifest, self._items)

      def permitted() -> Iterator[Item]:
        for item in map(claims.named, self._of(permit.part)):
          known = manifest.is_item_done(item.key) or manifest.is_known(item.name)
          if permit.keys is None or item.key in permit.keys or known:
            yield item

      settlement = Settlement(manifest, self._public, self._private, None, threads=self._readers)
      tally.released += settlement.resume()
      items = Items(permitted, self._items.count)
      release_all(self._stages, items, settlement, claims, tally, readers=self._readers)
    named = tuple(tally.released), tuple(tally.kept), tuple(tally.failures)
    result = PartResult(*named, tally.looked_at, tally.unlike)
    files.write_json(self._state.result(permit.part), dataclasses.asdict(result), private=True)
    return result

  def _manifest(self, part: int) -> contextlib.AbstractContextManager[Manifest]:
    suffix = self._state.shard(part).suffix
    manifest = Manifest(self._state.folder, suffix, self._stages.configuration())
    return contextlib.closing(manifest)

  def _of(self, part: int) -> Iterator[Item]:
    if self._record_files:
      # By files, since only reading tells what is in them.
      chosen = self._record_files[part :: self._state.parts]
      return iter(items_of_records(self._pattern, chosen))
    return self._items.of(self._state.shard(part))


def pay(
  ledger: Ledger, worker: Worker, state: FleetState, claims: Iterable[Claim | None]
) -> Iterator[Permit]:
  """Charges the claims of all parts, one after another.

  Args:
    ledger: charged here and nowhere else.
    worker: knows the guarantee.
    state: gives the ids under which a repeated step pays nothing.
    claims: of all parts; None is nobody's.

  Yields:
    A permit for every part.

  Raises:
    LedgerError: if the ledger cannot be used.
  """
  keys: list[set[str]] = [set() for _ in range(state.parts)]
  failures: list[list[Failure]] = [[] for _ in range(state.parts)]
  waiting = filter(None, claims)
  while some := list(itertools.islice(waiting, _CLAIMS_TOGETHER)):
    charged = []
    with ledger.together():
      for claim in some:
        failure = claim.failure
        if failure is None:
          try:
            charge = worker.charge(claim, state.release_id(claim.key))
            charged.append((claim.name, pay_for(ledger, charge)))
          except (BudgetExceededError, RelationError) as refusal:
            failure = Failure(claim.name, claim.source, "pay", f"{claim.source}: {refusal}")
        if failure is None:
          keys[claim.part].add(claim.key)
        else:
          failures[claim.part].append(failure)
    worker.book(charged)
  for part in range(state.parts):
    yield Permit(part, frozenset(keys[part]), tuple(failures[part]))


def read_result(state: FleetState, part: int) -> PartResult | None:
  """The result of a part, None while it is not finished.

  Args:
    state: the job's.
    part: its number.
  """
  try:
    content = json.loads(state.result(part).read_text(encoding="utf-8"))
  except FileNotFoundError:
    return None
  failures = tuple(Failure(**values) for values in content["failures"])
  named = tuple(content["released"]), tuple(content["kept"]), failures
  return PartResult(*named, content.get("looked_at", 0), content.get("unlike", 0))
