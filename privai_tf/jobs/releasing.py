"""The way of a job's inputs through one process: read ahead, drawn in batches, published."""

import contextlib
import dataclasses
import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from privai_tf.jobs.claims import Claims
from privai_tf.jobs.failures import Failure
from privai_tf.jobs.inputs import Item
from privai_tf.jobs.item_lists import Items
from privai_tf.jobs.outcomes import Loaded, Outcome
from privai_tf.jobs.publisher import Publisher
from privai_tf.jobs.settlement import Settlement
from privai_tf.jobs.stages import Stages
from privai_tf.jobs.tally import Tally
from privai_tf.runtime.batching import bucket_size
from privai_tf.runtime.prefetch import prefetched

Subjects = Callable[[np.ndarray], str]
_BATCHES_AHEAD = 2


def release_all(
  stages: Stages,
  items: Items,
  settlement: Settlement,
  claims: Claims,
  tally: Tally,
  *,
  subject_of: Subjects | None = None,
  readers: int = 2,
  failed: dict[str, Failure] | None = None,
) -> None:
  """Takes items through the stages and publishes what is drawn.

  Args:
    stages: of the job.
    items: this process's to go through, finished ones too; their `count` is that of the whole job.
    settlement: publishes.
    claims: names the inputs.
    tally: is told everything.
    subject_of: names the subject of an input by its uint8 [H, W, C]; None where nobody pays here.
    readers: threads that read ahead, at least 1.
    failed: by source, all that is tried of what is not finished; None tries everything.
  """
  most = stages.recipe.batch_size
  # One shape for the whole job and all its shards: a face's numbers do not depend on its company.
  size = bucket_size(items.count, most) if items.count else most
  loaded = prefetched(
    functools.partial(stages.load, subject_of=subject_of),
    _wanted(items, settlement, claims, tally, failed),
    threads=readers,
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
  items: Items,
  settlement: Settlement,
  claims: Claims,
  tally: Tally,
  failed: dict[str, Failure] | None,
) -> Iterator[Item]:
  """The items that are not finished, named."""
  resumed, seen = set(tally.released), set()
  for item in items:
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
