"""Whole jobs in children that are killed at random moments; run by test_killed_jobs.py.

Usage: killed_job_worker.py FOLDER SEED KILLS. Everything of a job but the drawing is real: a stand-in
for the stages draws other pixels each time. Each round is a job under random flags (several faces,
pasted frames, TFRecords, two shards, another number of shards later, a private folder), then the same
job with --overwrite; each is killed at random moments, and started with flags in between that
contradict what it was begun with. After each kill, and at the end of each round, it is checked that
nothing that could be seen was unpaid, and nothing paid for twice or exchanged.
"""

import collections
import contextlib
import dataclasses
import hashlib
import os
import pathlib
import random
import shutil
import signal
import sys
import time

import numpy as np

from privai_tf import pipeline
from privai_tf.errors import ConfigurationError
from privai_tf.faces.spec import FaceSpec
from privai_tf.jobs.job import Budget, Job, Shard
from privai_tf.jobs.records import read_records
from privai_tf.privacy.ledger import Ledger
from privai_tf.privacy.spec import PrivacySpec
from tests.jobs.drawing import DrawingStages

_ITEMS = 7


class _Round:
  """One job, its commands and what was seen of it."""

  def __init__(self, folder: pathlib.Path, chance: random.Random):
    self.folder, self.chance = folder, chance
    self.seen: dict[str, set[str]] = collections.defaultdict(set)  # Pictures of each input.
    self.commands = 0
    (folder / "in").mkdir(parents=True)
    for row in range(_ITEMS):
      # Two of a name among them.
      path = folder / "in" / (f"face{row}.png" if row else "face1.jpg")
      path.write_bytes(f"photo {row}".encode().ljust(12))
    self.shards = chance.choice([1, 1, 2])
    self.job = self._job()

  def _job(self) -> Job:
    choose = self.chance.choice
    paste = choose([False, False, True])
    return Job(
      checkpoint="none",
      attributes=("smile",),
      privacy=PrivacySpec(epsilon=0.5, pasted_back=paste),
      output_dir=self.folder / "out",
      input=str(self.folder / "in"),
      faces=FaceSpec(faces=choose(["largest", "all"])),
      private_dir=choose([None, self.folder / "private"]),
      output_format=choose(["png", "png", "tfrecord"]),
      records_per_file=2,
      budget=Budget(self.folder / "ledger.db", epsilon=1000.0, create=True),
      batch_size=2,
    )

  def contradicting(self) -> Job:
    """The same job with a flag that it was not begun with."""
    job = self.job
    return self.chance.choice(
      [
        dataclasses.replace(job, budget=None),
        dataclasses.replace(job, budget=Budget(self.folder / "other.db", 1000.0, create=True)),
        dataclasses.replace(job, budget=dataclasses.replace(job.budget, subject_id="eve")),
        dataclasses.replace(job, private_dir=self.folder / "another"),
        dataclasses.replace(job, state_dir=self.folder / "elsewhere"),
      ]
    )

  def complete(self, job: Job) -> None:
    """The job from wherever it was stopped to its end."""
    for index in range(self.shards):
      summary = pipeline.run(dataclasses.replace(job, shard=Shard(index, self.shards)))
      assert not summary.failures, summary.failures

  def killed(self, job: Job, seconds: float) -> None:
    """Starts the job in a child and kills it after a while."""
    child = os.fork()
    if child == 0:
      try:
        self.complete(job)
      finally:
        os._exit(0)
    time.sleep(self.chance.uniform(0, seconds))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)

  def refused(self) -> None:
    """A contradiction is refused, once anything was drawn, and leaves everything as it is."""
    if not self.seen:
      return
    with contextlib.suppress(ConfigurationError):
      self.complete(self.contradicting())
      raise AssertionError("what contradicts the record was accepted")

  def look(self) -> None:
    """Whatever could be seen by now is paid for."""
    owners = {f"face{row}": f"photo {row}" for row in range(1, _ITEMS)}
    for name, png in self._published():
      plain, *_ = name.removesuffix(".png").split("-face")
      owner = owners.get(plain, "photo 0")
      if plain.startswith("face1"):  # face1.jpg and face1.png, by the order in which they came.
        owner = "photo 0" if plain == "face1" else "photo 1"
      self.seen[owner].add(hashlib.sha256(png).hexdigest())
    if not (self.folder / "ledger.db").exists():
      assert not self.seen
      return
    with Ledger.open(self.folder / "ledger.db") as ledger:
      paid = collections.Counter(release["subject"] for release in ledger.releases())
      for owner, pictures in self.seen.items():
        pixels = np.frombuffer(owner.encode().ljust(12), np.uint8).reshape(1, 1, -1)
        charges = paid[ledger.subject_of_pixels(pixels)]
        assert len(pictures) <= charges, f"{owner}: {len(pictures)} seen, {charges} paid"

  def _published(self):
    for path in sorted((self.folder / "out").glob("*")):
      if path.suffix == ".tfrecord":
        for name, _, data in read_records(path):
          assert isinstance(data, bytes)
          yield name, data
      elif path.suffix == ".png" and path.with_suffix(".json").exists():
        yield path.name, path.read_bytes()

  def finished(self, orders: int) -> None:
    """Every input was paid for once an order, and everything that is there is whole."""
    self.look()
    faces = 2 if self.job.faces.faces == "all" and not self.job.paste_back else 1
    with Ledger.open(self.folder / "ledger.db") as ledger:
      paid = collections.Counter(release["subject"] for release in ledger.releases())
    assert len(paid) == _ITEMS
    assert set(paid.values()) == {orders * faces}, (orders, faces, paid)
    assert len(list(self._published())) == _ITEMS * faces
    files = {path.name for path in (self.folder / "out").iterdir()}
    assert "report.html" in files
    if self.job.output_format == "png":
      stems = {path.stem for path in (self.folder / "out").glob("*.png")}
      assert files == {f"{s}.{k}" for s in stems for k in ("png", "json")} | {
        name for name in files if name.startswith(("run", "report", ".tmp-"))
      }


def _is_overwriting(round_: _Round) -> bool:
  """Whether an overwriting run was begun and is not complete."""
  import sqlite3

  for path in round_.job.manifest_dir.glob("manifest*.db"):
    with contextlib.closing(sqlite3.connect(path)) as connection:
      rows = connection.execute("SELECT value FROM meta WHERE name = 'overwriting'").fetchall()
      if rows and rows[0][0]:
        return True
  return False


def main(folder: pathlib.Path, seed: int, kills: int) -> None:
  """Rounds of jobs until so many children were killed."""
  pipeline.Stages = DrawingStages
  chance = random.Random(seed)
  done = number = refusals = 0
  while done < kills:
    number += 1
    one = _Round(folder / f"round{number}", chance)
    began = time.monotonic()
    some = min(kills - done, chance.randrange(1, 6))
    done += some
    for _ in range(some):
      one.killed(one.job, 0.8)
      one.look()
      if chance.random() < 0.3:
        refusals += bool(one.seen)
        one.refused()
    one.complete(one.job)
    one.finished(orders=1)
    one.refused()
    if chance.random() < 0.5 and one.job.output_format == "png":
      one.shards = 3 - one.shards  # The other number of shards keeps what is published.
      one.complete(one.job)
      one.finished(orders=1)
    if one.shards == 1:  # Which of two shards is in mid-order could not be told from outside.
      orders = 1
      overwrite = dataclasses.replace(one.job, overwrite=True)
      for _ in range(min(kills - done, 3)):
        one.killed(overwrite, 0.8)
        one.look()
        done += 1
        if not _is_overwriting(one):
          one.complete(one.job)  # Nothing to do, whether it was not begun or is complete.
          orders = _orders(one)
      if _is_overwriting(one):
        orders += 1
        one.complete(overwrite)
      one.finished(orders)
    print(
      f"round {number}: {one.shards} shards, {one.job.output_format}, faces {one.job.faces.faces}, "
      f"pasted {one.job.paste_back}, {done} kills, {time.monotonic() - began:.1f} s",
      flush=True,
    )
    shutil.rmtree(one.folder)
  print(f"{done} kills, {number} jobs", flush=True)


def _orders(one: _Round) -> int:
  """How many orders were paid for, by the input that was paid for most."""
  faces = 2 if one.job.faces.faces == "all" and not one.job.paste_back else 1
  with Ledger.open(one.folder / "ledger.db") as ledger:
    paid = collections.Counter(release["subject"] for release in ledger.releases())
  return max(paid.values()) // faces


if __name__ == "__main__":
  main(pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
