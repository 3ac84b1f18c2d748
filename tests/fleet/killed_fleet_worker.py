"""Fleets in children that are killed between pictures; run by test_killed_fleet.py.

Usage: killed_fleet_worker.py FOLDER SEED KILLS. Everything but the drawing is real (Beam's engine, the
claims, the one payment, the parts): a stand-in for the stages draws other pixels each time. A child is
killed a random while after it published something new, and the next one is started with other flags
(size of batches, threads of Beam's, readers); now and then flags that contradict the job's are tried.
After each kill and at the end it is checked that nothing seen was unpaid, paid twice or exchanged.
"""

import collections
import contextlib
import dataclasses
import os
import pathlib
import random
import shutil
import signal
import sys
import time

import numpy as np

from privai_tf.errors import ConfigurationError
from privai_tf.fleet import beam, steps
from privai_tf.jobs.job import Budget, Job
from privai_tf.privacy.ledger import Ledger
from privai_tf.privacy.spec import PrivacySpec
from tests.jobs.drawing import DrawingStages

_ITEMS = 80
_ENGINES = (
  ("--runner=DirectRunner",),
  ("--runner=DirectRunner", "--direct_running_mode=multi_threading", "--direct_num_workers=2"),
)


class _Round:
  """One job and what was seen of it."""

  def __init__(self, folder: pathlib.Path, chance: random.Random):
    self.folder, self.chance = folder, chance
    self.seen: dict[str, bytes] = {}
    (folder / "in").mkdir(parents=True)
    for row in range(_ITEMS):
      (folder / "in" / f"face{row}.png").write_bytes(f"photo {row}".encode().ljust(12))
    self.job = Job(
      checkpoint="none",
      attributes=("smile",),
      privacy=PrivacySpec(epsilon=0.5),
      output_dir=folder / "out",
      input=str(folder / "in"),
      private_dir=chance.choice([None, folder / "private"]),
      budget=Budget(folder / "ledger.db", epsilon=1000.0, create=True),
      batch_size=1,
    )

  def complete(self) -> None:
    """The job from wherever it was stopped to its end, with other flags than before."""
    choose = self.chance.choice
    job = dataclasses.replace(self.job, batch_size=choose([1, 2, 5]), readers=choose([1, 3]))
    summary = beam.run(job, choose(_ENGINES))
    assert not summary.failures, summary.failures

  def started(self) -> int:
    """A child that works for the job. This process runs no engine: its threads would be lost in a fork."""
    self.chance.random()  # So that the next child chooses other flags.
    child = os.fork()
    if child:
      return child
    code = 1
    try:
      self.complete()
      code = 0
    finally:
      os._exit(code)

  def killed(self) -> bool:
    """Starts the job and kills it in mid-way; whether it was killed before its end."""
    before = len(self.seen)
    wait = self.chance.choice([0.0, self.chance.uniform(0, 0.1), self.chance.uniform(0, 4)])
    child = self.started()
    while not (ended := os.waitpid(child, os.WNOHANG)[0]) and self._count() <= before:
      time.sleep(0.002)
    if not ended:
      time.sleep(wait)
      os.kill(child, signal.SIGKILL)
      os.waitpid(child, 0)
    self.look()
    return before < len(self.seen) < _ITEMS

  def refused(self) -> None:
    """A contradiction is refused and leaves everything as it is."""
    job = self.job
    wrong = self.chance.choice(
      [
        dataclasses.replace(job, budget=None),
        dataclasses.replace(job, budget=dataclasses.replace(job.budget, subject_id="eve")),
        dataclasses.replace(job, private_dir=self.folder / "another"),
        dataclasses.replace(job, state_dir=self.folder / "elsewhere"),
      ]
    )
    with contextlib.suppress(ConfigurationError):
      beam.run(wrong, _ENGINES[0])
      raise AssertionError("what contradicts the record was accepted")
    self.look()

  def look(self) -> None:
    """Whatever could be seen by now is paid for, once, and is what was seen before."""
    now = {path.stem: path.read_bytes() for path in self._pictures()}
    assert self.seen.items() <= now.items(), "exchanged"
    self.seen = now
    with Ledger.open(self.folder / "ledger.db") as ledger:
      paid = collections.Counter(release["subject"] for release in ledger.releases())
      for name in now:
        pixels = (self.folder / "in" / f"{name}.png").read_bytes()
        subject = ledger.subject_of_pixels(np.frombuffer(pixels, np.uint8).reshape(1, 1, -1))
        assert paid[subject] == 1, f"{name}: paid {paid[subject]} times"
    assert set(paid.values()) <= {1}

  def _count(self) -> int:
    return sum(1 for _ in self._pictures())

  def _pictures(self):
    return (
      path for path in (self.folder / "out").glob("*.png") if path.with_suffix(".json").exists()
    )


def main(folder: pathlib.Path, seed: int, kills: int) -> None:
  """Jobs until so many children were killed between pictures."""
  beam.Stages = steps.Stages = DrawingStages
  chance = random.Random(seed)
  done = number = 0
  while done < kills:
    number += 1
    one = _Round(folder / f"round{number}", chance)
    moments = []
    for _ in range(4):
      if one.killed():
        moments.append(len(one.seen))
      if chance.random() < 0.3:
        one.refused()
    assert os.waitpid(one.started(), 0)[1] == 0
    one.look()
    assert len(one.seen) == len(set(one.seen.values())) == _ITEMS
    done += len(moments)
    print(f"round {number}: killed at {moments} of {_ITEMS} pictures", flush=True)
    shutil.rmtree(one.folder)
  print(f"{done} kills between pictures, {number} jobs", flush=True)


if __name__ == "__main__":
  main(pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
