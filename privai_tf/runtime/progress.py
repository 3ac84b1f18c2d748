"""A progress bar with an estimate of the time left, silent where nobody watches."""

import contextlib
import sys
from collections.abc import Callable, Iterator

ProgressCallback = Callable[[int, int], None]


@contextlib.contextmanager
def progress_bar(
  description: str, *, unit: str = "step", quiet: bool = False
) -> Iterator[ProgressCallback]:
  """Shows a bar on standard error while the block runs.

  Args:
    description: what is being done, a few words.
    unit: what is counted.
    quiet: no bar. There is none either if standard error is not a terminal (logs, cron, pipes).

  Yields:
    `report(done, total)`: sets how much is done; may be called any number of times, `total` may
    change.
  """
  from tqdm import tqdm  # Late: a tenth of a second that `--help` does not need.

  disabled = quiet or not sys.stderr.isatty()
  with tqdm(desc=description, unit=unit, disable=disabled, dynamic_ncols=True) as bar:

    def report(done: int, total: int) -> None:
      bar.total = total
      bar.update(done - bar.n)

    yield report
