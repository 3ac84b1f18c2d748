"""Jobs on a store in children that are killed at their requests; run by test_killed_store_jobs.py.

Usage: killed_store_worker.py FOLDER URL EVERY SEED RANDOM. Everything of a job but the drawing is real: a
stand-in for the stages draws other pixels each time. One whole job tells how often it writes. Then for
every EVERY-th of its writes a job is killed just before, and another just after it; and RANDOM jobs at
random moments. Each is gone on with on another machine (which has no file of the first). After each
kill and at the end it is checked that nothing seen was unpaid, paid for twice, exchanged or half.
"""

import os
import pathlib
import random
import signal
import sys
import time

from privai_tf import pipeline
from privai_tf.runtime import stores
from tests.jobs.drawing import DrawingStages
from tests.jobs.store_round import StoreRound


def _killed(one: StoreRound, write: int | None, after: bool, seconds: float = 0) -> int:
  """A child that does the job and is killed at a write of its own, or after a while; its exit code."""
  child = os.fork()
  if child == 0:
    code = 1
    try:
      if write is not None:
        _die_at(write, after)
      one.complete()
      code = 0
    finally:
      os._exit(code)
  if write is None:
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
  return os.waitpid(child, 0)[1]


def _die_at(write: int, after: bool) -> None:
  """From now on, this process is killed at its n-th write to the store, before or after it."""
  real, count = stores._put, iter(range(1, 10**9))

  def put(path, data, mode):
    now = next(count)
    if now == write and not after:
      os.kill(os.getpid(), signal.SIGKILL)
    try:
      real(path, data, mode)
    finally:
      if now == write:
        os.kill(os.getpid(), signal.SIGKILL)

  stores._put = put


def _count_writes(one: StoreRound) -> int:
  real, count = stores._put, []

  def put(path, data, mode):
    count.append(path)
    real(path, data, mode)

  stores._put = put
  try:
    one.complete()
  finally:
    stores._put = real
  return len(count)


def main(folder: pathlib.Path, url: str, every: int, seed: int, random_kills: int) -> None:
  """All the kills."""
  pipeline.Stages = DrawingStages
  whole = StoreRound(folder / "whole", f"{url}/whole")
  writes = _count_writes(whole)
  whole.finished()
  chance = random.Random(seed)
  kills = [(write, after, 0.0) for write in range(1, writes + 1, every) for after in (False, True)]
  kills += [(None, False, chance.uniform(0, 1.0)) for _ in range(random_kills)]
  for number, (write, after, seconds) in enumerate(kills):
    one = StoreRound(folder / f"round{number}", f"{url}/round{number}")
    code = _killed(one, write, after, seconds)
    assert write is None or code == signal.SIGKILL, (write, after, code)
    one.look()
    one.complete(chance.choice([1, 2]))
    one.finished()
    one.complete()  # Nothing to do.
    one.finished()
  print(f"{len(kills)} kills of as many jobs of {writes} writes", flush=True)


if __name__ == "__main__":
  main(pathlib.Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:6]))
