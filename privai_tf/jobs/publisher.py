"""Publishing behind the stages: a batch is encoded, paid for and written while the next is drawn.

An accelerator would otherwise wait for what processors and disks do: a PNG of 1024 x 1024 alone takes
one of them longer than an accelerator needs for the picture.
"""

import concurrent.futures
import time
from collections.abc import Sequence
from types import TracebackType

from privai_tf.jobs.failures import Failure
from privai_tf.jobs.outcomes import Outcome
from privai_tf.jobs.settlement import Settlement
from privai_tf.jobs.tally import Tally
from privai_tf.runtime.interruption import uninterrupted


class Publisher:
  """Settles batches one after another in a thread of its own; use it in a `with` block.

  At most one batch is under way, so that no more than two are held in memory. What goes wrong with
  one is raised when the next is handed over, or at the block's end. However the block ends, the batch
  under way is settled before: a signal waits for it.

  Args:
    settlement: publishes.
    tally: is told what became of every output.
  """

  def __init__(self, settlement: Settlement, tally: Tally):
    self._settlement, self._tally = settlement, tally
    self._thread = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="publisher")
    self._outcomes: Sequence[Outcome] = ()
    self._settled: concurrent.futures.Future | None = None
    self._began = time.perf_counter()

  def is_known(self, name: str) -> bool:
    """Whether an output of this name is published, or will be without being drawn again."""
    under_way = (output.name for outcome in self._outcomes for output in outcome.outputs)
    return name in under_way or self._settlement.is_known(name)

  def publish(self, outcomes: Sequence[Outcome]) -> None:
    """Waits for the batch before, and hands this one over.

    Args:
      outcomes: from `Stages.process`.

    Raises:
      OutputError, LedgerError: if the batch before could not be settled.
    """
    self._collect()
    self._outcomes = outcomes
    self._settled = self._thread.submit(self._settlement.settle, outcomes)

  def __enter__(self) -> "Publisher":
    return self

  def __exit__(
    self,
    kind: type[BaseException] | None,
    error: BaseException | None,
    traceback: TracebackType | None,
  ) -> None:
    with uninterrupted():
      self._thread.shutdown(wait=True)
    if kind is None:  # What went wrong first is told, not what else did.
      self._collect()

  def _collect(self) -> None:
    """Waits for the batch under way and tells what became of it."""
    if self._settled is None:
      return
    results = self._settled.result()
    outcomes = {output.name: outcome for outcome in self._outcomes for output in outcome.outputs}
    for name, error in results:
      item, failure = outcomes[name].item, outcomes[name].failure
      if error is None:
        self._tally.released.append(name)
      else:
        failure = Failure(name, item.source, "pay", f"{item.source}: {error}")
      if failure is not None:
        self._tally.fail(failure)
    now = time.perf_counter()
    self._tally.record(self._outcomes, now - self._began)
    self._began, self._outcomes, self._settled = now, (), None
