"""Jobs on a store in children that are killed at their requests; run by test_killed_store_jobs.py.

Usage: killed_store_worker.py FOLDER URL EVERY SEED RANDOM. Everything of a job but the drawing is real: a
stand-in for the stages draws other pixels each time. One whole job tells how often it writes. Then for
every EVERY-th of its writes a job is killed just before, and another just after it; and RANDOM jobs at
random moments. Each is gone on with on another machine (which has no file of the first). After each
kill and at the end it is checked that nothing seen was unpaid, paid for twice, exchanged or half.
"""

import collections
import dataclasses
import io
import os
import pathlib
import random
import signal
import sys
import time

import numpy as np
from PIL import Image

from privai_tf import pipeline
from privai_tf.jobs.job import Budget, Job
from privai_tf.privacy.ledger import Ledger
from privai_tf.privacy.spec import PrivacySpec
from privai_tf.runtime import stores
from privai_tf.runtime.stores import place
from tests.jobs.drawing import DrawingStages

_ITEMS = 3


class _Round:
  """One job on a store and what was seen of it."""

  def __init__(self, folder: pathlib.Path, url: str):
    self.folder, self.root = folder, place(url)
    self.seen: dict[str, bytes] = {}
    folder.mkdir(parents=True)
    for row in range(_ITEMS):
      stores.put(self.root / "in" / f"face{row}.png", f"photo {row}".encode().ljust(12))
    self.job = Job(
      checkpoint="none",
      attributes=("smile",),
      privacy=PrivacySpec(epsilon=0.5),
      output_dir=self.root / "out",
      state_dir=self.root / "state",
      input=f"{url}/in",
      budget=Budget(folder / "ledger.db", epsilon=1000.0, create=True),
      batch_size=2,
    )

  def complete(self, readers: int = 1) -> None:
    """The job from wherever it was stopped to its end."""
    summary = pipeline.run(dataclasses.replace(self.job, readers=readers))
    assert not summary.failures, summary.failures

  def killed(self, write: int | None, after: bool, seconds: float = 0) -> int:
    """A child that does the job and is killed at a write of its own, or after a while; its exit code."""
    child = os.fork()
    if child == 0:
      code = 1
      try:
        if write is not None:
          _die_at(write, after)
        self.complete()
        code = 0
      finally:
        os._exit(code)
    if write is None:
      time.sleep(seconds)
      os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]

  def look(self) -> None:
    """Whatever can be seen by now is paid for, whole, and what it was before."""
    files = {path.name: stores.read(path) for path in (self.root / "out").iterdir()}
    pictures = {name: data for name, data in files.items() if name.endswith(".png")}
    assert self.seen.items() <= pictures.items(), "a picture was exchanged or lost"
    self.seen = pictures
    for data in pictures.values():
      with Image.open(io.BytesIO(data)) as image:
        image.load()
    if not pictures:
      return
    with Ledger.open(self.folder / "ledger.db") as ledger:
      paid = collections.Counter(release["subject"] for release in ledger.releases())
      for name in pictures:
        pixels = f"photo {name[4]}".encode().ljust(12)
        subject = ledger.subject_of_pixels(np.frombuffer(pixels, np.uint8).reshape(1, 1, -1))
        assert paid[subject] == 1, (name, paid)

  def finished(self) -> None:
    """Everything is there once and paid for once, and no upload is left in parts."""
    self.look()
    names = {path.name for path in (self.root / "out").iterdir()}
    faces = {f"face{row}.{kind}" for row in range(_ITEMS) for kind in ("png", "json")}
    assert names == faces | {"run.json", "report.html"}, names
    with Ledger.open(self.folder / "ledger.db") as ledger:
      assert len(ledger.releases()) == _ITEMS
    system = stores._system(self.root.url)
    assert not system.list_multipart_uploads(self.root.url.split("/")[2])


def _die_at(write: int, after: bool) -> None:
  """From now on, this process is killed at its n-th write to the store, before or after it."""
  real, count = stores._put, iter(range(1, 10**9))

  def put(path, data, mode):
    now = next(count)
    if now == write and not after:
      os.kill(os.getpid(), signal.SIGKILL)
    real(path, data, mode)
    if now == write:
      os.kill(os.getpid(), signal.SIGKILL)

  stores._put = put


def _count_writes(one: _Round) -> int:
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
  whole = _Round(folder / "whole", f"{url}/whole")
  writes = _count_writes(whole)
  whole.finished()
  chance = random.Random(seed)
  kills = [(write, after, 0.0) for write in range(1, writes + 1, every) for after in (False, True)]
  kills += [(None, False, chance.uniform(0, 1.0)) for _ in range(random_kills)]
  for number, (write, after, seconds) in enumerate(kills):
    one = _Round(folder / f"round{number}", f"{url}/round{number}")
    code = one.killed(write, after, seconds)
    assert write is None or code == signal.SIGKILL, (write, after, code)
    one.look()
    one.complete(chance.choice([1, 2]))
    one.finished()
    one.complete()  # Nothing to do.
    one.finished()
  print(f"{len(kills)} kills of as many jobs of {writes} writes", flush=True)


if __name__ == "__main__":
  main(pathlib.Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:6]))
