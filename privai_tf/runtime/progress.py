"""Progress with throughput and an estimate of the time left: a bar for people, lines for logs."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

ProgressCallback = Callable[[float, int | None], None]
_LINE_SECONDS = 60.0


class Progress:
  """Shows how far the work is; see `progress_bar`."""

  def __init__(self, description: str, unit: str, bar, lines: bool, clock=time.monotonic):
    self._description, self._unit = description, unit
    self._bar, self._lines, self._clock = bar, lines, clock
    self._last = (clock(), 0.0)

  def __call__(self, done: float, total: int | None) -> None:
    """Sets how much is done; may be called any number of times, `total` may change."""
    self._bar.total = total
    self._bar.update((int(done) if done == int(done) else round(done, 1)) - self._bar.n)
    if done < self._last[1]:  # Other work: the rate begins anew.
      self._last = (self._clock(), done)
    moment, before = self._last
    seconds = self._clock() - moment
    if self._lines and seconds >= _LINE_SECONDS:
      # Of the last minute: what an earlier run had finished went by in no time.
      rate = (done - before) / seconds
      self._last = (self._clock(), done)
      self.line(f"{self._description}: {_state(done, total, rate, self._unit)}")

  def line(self, text: str) -> None:
    """Writes a line to standard error, above the bar if there is one."""
    self._bar.write(text, file=sys.stderr)


@contextlib.contextmanager
def progress_bar(
  description: str, *, unit: str = "step", quiet: bool = False
) -> Iterator[Progress]:
  """Shows progress on standard error while the block runs.

  On a terminal, a bar. Elsewhere (logs, cron, pipes) a line a minute, so that short work says
  nothing.

  Args:
    description: what is being done, a few words.
    unit: what is counted.
    quiet: neither bar nor lines.

  Yields:
    `report(done, total)`: sets how much is done; may be called any number of times, `total` may
    change, and is None where nobody knows.
  """
  from tqdm import tqdm  # Late: a tenth of a second that `--help` does not need.

  terminal = sys.stderr.isatty()
  disabled = quiet or not terminal
  with tqdm(desc=description, unit=unit, disable=disabled, dynamic_ncols=True) as bar:
    yield Progress(description, unit, bar, lines=not quiet and not terminal)


def _state(done: float, total: int | None, rate: float, unit: str) -> str:
  speed = f"{rate:.3g} {unit}s a second"
  if total is None:
    return f"{done:.0f} done, {speed}"
  share = f"{done:.0f} of {total} ({done / total:.0%})" if total else f"{done:.0f}"
  if rate <= 0:
    return f"{share}, {speed}"
  return f"{share}, {speed}, about {_duration((total - done) / rate)} left"


def _duration(seconds: float) -> str:
  """Two units at most: 3 d 4 h, 2 h 5 min, 3 min 20 s."""
  rest = round(seconds)
  parts = []
  for size, name in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
    count, rest = divmod(rest, size)
    if count or parts:
      parts.append(f"{count} {name}")
  return " ".join(parts[:2]) or "0 s"
