"""Many processes, and processes killed at random moments."""

import collections
import fractions
import os
import pathlib
import subprocess
import sys
import time

import pytest

from privai_tf.privacy.ledger import Ledger

HERE = pathlib.Path(__file__).resolve().parent
ENVIRONMENT = {
  **os.environ,
  "PYTHONPATH": os.pathsep.join([str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")]),
}


def start(script, *arguments):
  return subprocess.Popen(
    [sys.executable, str(HERE / script), *map(str, arguments)],
    env=ENVIRONMENT,
    stdin=subprocess.PIPE,
    stdout=subprocess.PIPE,
    text=True,
  )


@pytest.mark.slow
def test_kill_at_fifty_random_moments_loses_no_charge(tmp_path):
  path, released = tmp_path / "ledger.db", tmp_path / "released"
  with Ledger.create(path) as ledger:
    ledger.grant("ada", 1000)
  worker = start("ledger_crash_worker.py", path, released, 50)
  worker.communicate(timeout=550)
  assert worker.returncode == 0
  published = released.read_text().split()
  with Ledger.open(path) as ledger:
    charged = [row["release_id"] for row in ledger.releases()]  # checks the sums, too
    left = ledger.remaining("ada")
  # Nothing was published without a charge, and each child lost at most the one charge that it was
  # about to publish.
  assert set(published) <= set(charged)
  assert len(charged) == len(set(charged)) == left.releases
  assert len(published) >= 40, "the children were killed before they did anything"
  unpublished = collections.Counter(
    release.rsplit("-", 1)[0] for release in set(charged) - set(published)
  )
  assert max(unpublished.values(), default=0) <= 1
  assert fractions.Fraction(repr(left.spent_epsilon)) == len(charged) * fractions.Fraction("0.001")


def charged_at_once(path, processes, charges):
  """How many of so many charges by each process were accepted, and how many a second were tried."""
  workers = [start("ledger_rate_worker.py", path, charges) for _ in range(processes)]
  for worker in workers:
    assert worker.stdout.readline() == "ready\n"
  begun = time.perf_counter()
  for worker in workers:
    worker.stdin.write("go\n")
    worker.stdin.flush()
  accepted = [int(worker.stdout.readline()) for worker in workers]
  rate = processes * charges / (time.perf_counter() - begun)
  for worker in workers:
    worker.communicate(timeout=300)
  return sum(accepted), rate


@pytest.mark.slow
def test_eight_processes_never_exceed_the_budget(tmp_path):
  path = tmp_path / "ledger.db"
  with Ledger.create(path) as ledger:
    ledger.grant("ada", 19.505)
  _, before = charged_at_once(tmp_path / "before.db", 1, 50)
  accepted, rate = charged_at_once(path, 8, 250)
  _, after = charged_at_once(tmp_path / "after.db", 1, 50)
  assert accepted == 1950
  with Ledger.open(path) as ledger:
    assert ledger.remaining("ada").spent_epsilon == 19.5
    assert len(ledger.releases()) == 1950
  print(f"{rate:.0f} charges a second; one process {before:.0f} before and {after:.0f} after")
  # The aim is 200 a second. A busy machine is slower, with one process too; a broken lock much slower.
  assert rate > min(before, after) / 8


def test_processes_that_make_the_file_at_once_agree(tmp_path):
  path = tmp_path / "ledger.db"
  workers = [start("ledger_rate_worker.py", path, 3) for _ in range(4)]
  outputs = [worker.communicate("go\n", timeout=300)[0] for worker in workers]
  assert outputs == ["ready\n3\n"] * 4
  with Ledger.open(path) as ledger:
    assert len(ledger.releases()) == 12
