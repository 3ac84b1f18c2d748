"""How far a run is: counted, and told to whoever asked."""

import dataclasses
from collections.abc import Callable, Sequence

from privai_tf.jobs.failures import Failure
from privai_tf.jobs.outcomes import Outcome
from privai_tf.runtime.scalars import Scalars

Progress = Callable[[float, int | None], None]


@dataclasses.dataclass
class Tally:
  """What happened so far, and who is told.

  Attributes:
    progress: called with (inputs done, inputs in all or None).
    tell: called with a line for every input that fails.
    max_errors: inputs without any output that are borne.
    total: inputs in all; None where nobody knows.
    scalars: figures of every batch go there.
    released, kept: names.
    failures: inputs that failed, those with a stand-in included.
    done: inputs dealt with.
    looked_at, unlike: faces whose inversion was compared with the photo, and those of them that look
      unlike anything the generator draws.
  """

  progress: Progress | None = None
  tell: Callable[[str], None] | None = None
  max_errors: int | None = None
  total: int | None = None
  scalars: Scalars | None = None
  released: list[str] = dataclasses.field(default_factory=list)
  kept: list[str] = dataclasses.field(default_factory=list)
  failures: list[Failure] = dataclasses.field(default_factory=list)
  done: int = 0
  looked_at: int = 0
  unlike: int = 0

  @property
  def gave_up(self) -> bool:
    """Whether there are too many failures to go on.

    Stand-ins do not count: that a run ended early would publish how many photos were not usable.
    """
    if self.max_errors is None:
      return False
    return sum(not failure.stand_in for failure in self.failures) > self.max_errors

  def fail(self, failure: Failure) -> None:
    """An input could not be released as it is."""
    self.failures.append(failure)
    if self.tell:
      self.tell(str(failure))

  def advance(self, items: int) -> None:
    """So many more items are dealt with."""
    self.done += items
    self.report(0, 1, 0)

  def report(self, done: int, total: int, items: int) -> None:
    """Progress within a batch of so many items."""
    if self.progress:
      self.progress(self.done + items * done / total, self.total)

  def record(self, outcomes: Sequence[Outcome], seconds: float) -> None:
    """Figures of a batch: what the owner is told at the end, and TensorBoard's."""
    records = [
      record for outcome in outcomes for output in outcome.outputs for record in output.records
    ]
    seen = [record.figures for record in records if "stand_in" not in record.figures]
    self.looked_at += sum("warning" in figures for figures in seen)
    self.unlike += sum(figures.get("warning") is not None for figures in seen)
    if not self.scalars:
      return
    values = {
      "faces_per_second": len(records) / seconds,
      "released": len(self.released),
      "failed": len(self.failures),
    }
    for name in ("psnr_db", "last_loss"):
      figures = [record.figures.get(name) for record in records]
      figures = [figure for figure in figures if figure is not None]
      if figures:
        values[name] = sum(figures) / len(figures)
    self.scalars.write(self.done, values)


def shifted(
  report: Callable[[int, int], None], number: int, count: int, done: int, total: int
) -> None:
  """Progress within one of several equal parts as progress of the whole.

  Args:
    report: is told (done, total) of the whole.
    number: of the part, from 0.
    count: of parts, at least 1.
    done, total: within the part, in any unit that all parts share.
  """
  report(number * total + done, count * total)
