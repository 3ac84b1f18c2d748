"""A command's time and memory, and the exponents with which they grow."""

import os
import pathlib
import subprocess
import tempfile
import time
from collections.abc import Sequence

import numpy as np

ROOT = pathlib.Path(__file__).parents[1]


def growth_above_start(counts: Sequence[float], seconds: Sequence[float]) -> float:
  """The exponent of a time above its constant start.

  Args:
    counts: n, growing by equal factors; three or more.
    seconds: of each, c + a n^b.

  Returns:
    b, from the last three, which the start and chance disturb least; NaN if the time falls.
  """
  (low, middle, high), (first, second, third) = counts[-3:], seconds[-3:]
  if not np.isclose(high / middle, middle / low):
    raise ValueError(f"{counts} do not grow by equal factors")
  if not first < second < third:
    return float("nan")
  return float(np.log((third - second) / (second - first)) / np.log(middle / low))


def slope(counts: Sequence[float], values: Sequence[float]) -> float:
  """The exponent of values without a start: the least-squares slope between logarithms."""
  return float(np.polyfit(np.log(counts), np.log(values), 1)[0])


def measured(command: Sequence[str], environment: dict[str, str]) -> tuple[float, float, float]:
  """Runs a command.

  Returns:
    Its seconds by the clock, its processor seconds, and its peak of memory in MB.
  """
  began = time.perf_counter()
  with tempfile.TemporaryFile() as log:
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
      log.seek(0)
      raise SystemExit(f"{' '.join(command)} failed: {log.read().decode()[-2000:]}")
  return time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1000
