"""How many charges a second several processes make together on one ledger.

    python -m benchmarks.ledger_fleet --ledger=postgresql://privai@db.example/bench --ledger=ledger.db

Each ledger must be new: it is made here. Every process charges one release after another to one
subject, each on the disk before the next; the budget ends before the charges do, and exactly what it
allows is accepted. Several ledgers take turns, so that the machine's other work meets all of them;
its load is printed with each run.
"""

import argparse
import multiprocessing
import os
import tempfile
import time
from typing import Any

from privai_tf.privacy.ledger import BudgetExceededError, Ledger
from privai_tf.privacy.relation import Relation

EPSILON = 0.01
SHARE = 0.975  # Of the charges that the budget allows.


def rate(ledger: str, processes: int, charges: int) -> float:
  """Charges a second of so many processes, each of which asks for so many."""
  subject = f"run {time.time_ns()}"
  allowed = int(SHARE * processes * charges)
  with Ledger.open(ledger) as opened:
    opened.grant(subject, f"{EPSILON * allowed:.2f}")
  context = multiprocessing.get_context("spawn")
  start = context.Barrier(processes + 1)
  accepted = context.Queue()
  workers = [
    context.Process(target=_charge, args=(ledger, subject, charges, start, accepted))
    for _ in range(processes)
  ]
  for worker in workers:
    worker.start()
  start.wait()
  begun = time.perf_counter()
  total = sum(accepted.get() for _ in workers)
  seconds = time.perf_counter() - begun
  for worker in workers:
    worker.join()
  if total != allowed:
    raise SystemExit(f"{total} charges were accepted, {allowed} were affordable")
  return processes * charges / seconds


def _charge(ledger: str, subject: str, charges: int, start: Any, accepted: Any) -> None:
  relation, count = Relation.unknown_image(), 0
  with Ledger.open(ledger, timeout=60) as opened:
    start.wait()
    for _ in range(charges):
      try:
        opened.charge(subject, None, EPSILON, relation=relation)
        count += 1
      except BudgetExceededError:
        pass
  accepted.put(count)


def main() -> None:
  """Prints a line for each run."""
  parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
  parser.add_argument("--ledger", action="append", required=True)
  parser.add_argument("--processes", type=int, default=8)
  parser.add_argument("--charges", type=int, default=250)
  parser.add_argument("--runs", type=int, default=3)
  arguments = parser.parse_args()
  with tempfile.TemporaryDirectory() as state:
    os.environ["PRIVAI_STATE_DIR"] = state
    for ledger in arguments.ledger:
      Ledger.create(ledger).close()
    for _ in range(arguments.runs):
      for ledger in arguments.ledger:
        with Ledger.open(ledger) as opened:
          name = opened.path
        before = os.getloadavg()[0]
        found = rate(ledger, arguments.processes, arguments.charges)
        print(f"{found:.0f} charges a second, load {before:.1f}: {name}", flush=True)


if __name__ == "__main__":
  main()
