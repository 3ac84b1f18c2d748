"""Settles draws in children that are killed at random moments; run by test_settlement.py.

Usage: settlement_crash_worker.py FOLDER ITEMS KILLS FORMAT. Every child begins the same job and
draws anew whatever it is asked to draw, as a real release does. After each kill, what can be seen in
the output folder is appended to FOLDER/seen.jsonl as {name: digest}.
"""

import hashlib
import json
import os
import pathlib
import random
import signal
import sys
import time

import numpy as np

from privai_tf.artifacts import Guarantee
from privai_tf.jobs.inputs import Portrait
from privai_tf.jobs.outcomes import Outcome, Output
from privai_tf.jobs.private_folder import PrivateFolder, PrivateRecord
from privai_tf.jobs.publication import PublicFolder
from privai_tf.jobs.record_folder import RecordFolder
from privai_tf.jobs.settlement import Settlement
from privai_tf.privacy.accounting.events import pure_event
from privai_tf.privacy.ledger import Ledger
from privai_tf.privacy.relation import Relation
from privai_tf.runtime.manifest import Manifest

_CONFIGURATION = {"checkpoint": {"name": "none"}}
_GUARANTEE = Guarantee(True, "attribute", "Hidden.", "laplace", 0.5, 0.0, 1.0, 2.0, 4.0)
_BATCH = 4


def _outcome(name: str) -> Outcome:
  pixels = np.frombuffer(os.urandom(8 * 8 * 3), np.uint8).reshape(8, 8, 3)
  record = PrivateRecord(name, {"source": name}, np.zeros(2, np.float32))
  output = Output(
    name=name,
    pixels=pixels,
    guarantee=_GUARANTEE,
    bound=0.6,
    event=pure_event(0.5),
    relation=Relation.unknown_attribute(),
    faces=1,
    subject=f"owner of {name}",
    records=(record,),
  )
  return Outcome(Portrait(name, name), (output,))


def work(folder: pathlib.Path, items: int, kind: type) -> None:
  """The job, from its beginning or from wherever an earlier child was killed."""
  public = kind(folder / "out", _CONFIGURATION, begin=False)
  private = PrivateFolder(folder / "private", save_latents=True)
  manifest = Manifest(folder / "state", "", _CONFIGURATION)
  with Ledger.open(folder / "ledger.db", default_epsilon=0.5, create=True) as ledger:
    public.begin()
    settlement = Settlement(manifest, public, private, ledger, records_per_file=5, threads=3)
    settlement.resume()
    names = [f"face{row:03d}" for row in range(items)]
    waiting = [name for name in names if not settlement.is_item_known(Portrait(name, name))]
    for start in range(0, len(waiting), _BATCH):
      results = settlement.settle([_outcome(name) for name in waiting[start : start + _BATCH]])
      refusals = [error for _, error in results if error is not None]
      assert not refusals, refusals
    settlement.finish()
  manifest.close(complete=True)


def look(folder: pathlib.Path) -> None:
  """Notes what anyone could see now."""
  visible = [path for path in (folder / "out").glob("*") if path.suffix in (".png", ".tfrecord")]
  digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in visible}
  with open(folder / "seen.jsonl", "a") as file:
    file.write(json.dumps(digests) + "\n")


def main(folder: pathlib.Path, items: int, kills: int, kind: type) -> None:
  chance = random.Random(1)
  for _ in range(kills):
    before = len(list(folder.rglob("*")))
    child = os.fork()
    if child == 0:
      try:
        work(folder, items, kind)
      finally:
        os._exit(0)
    # At any moment, also while opening, but mostly while something is being written.
    deadline = time.monotonic() + 120
    while len(list(folder.rglob("*"))) <= before + 6 and time.monotonic() < deadline:
      if chance.random() < 0.02:
        break
      time.sleep(0.001)
    time.sleep(chance.uniform(0, 0.02))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    look(folder)
  time.sleep(1.1)  # Younger temporary files could be another process's.
  work(folder, items, kind)
  look(folder)


if __name__ == "__main__":
  kinds = {"png": PublicFolder, "tfrecord": RecordFolder}
  main(pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), kinds[sys.argv[4]])
