"""How long a charge takes, with the ledger's lock held, after 1, 100 and 10,000 charges.

    python -m benchmarks.ledger_charges [--counts=1,100,10000]

For each composition rule and mechanism, the median of five charges of the smallest budget that plain
addition does not fit any more, so that the tight rules have to compose; `different` has a scale of
its own for each charge. Then `compose` alone, of up to a million releases.
"""

import argparse
import contextlib
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any

import dp_accounting

from privai_tf.privacy.accounting import compose, discrete_laplace_event, pure_event
from privai_tf.privacy.ledger import BudgetExceededError, Ledger
from privai_tf.privacy.ledger.rules import RULES
from privai_tf.privacy.relation import Relation

EPSILON = 0.01
DELTA = 1e-5
REPEATS = 5

KINDS: dict[str, Callable[[int], Any]] = {
  "laplace": lambda index: dp_accounting.LaplaceDpEvent(1 / EPSILON),
  "discrete laplace": lambda index: discrete_laplace_event(1000, 10),
  "pure": lambda index: pure_event(EPSILON),
  "gaussian": lambda index: dp_accounting.GaussianDpEvent(1000.0),
  "gaussian and laplace": lambda index: KINDS["gaussian" if index % 2 else "laplace"](index),
  "different": lambda index: dp_accounting.LaplaceDpEvent((1 + index % 100 / 100) / EPSILON),
}


def charge_seconds(rule: str, kind: str, count: int) -> float:
  """Median seconds of a charge after `count` others."""
  relation, event = Relation.unknown_image(), KINDS[kind]
  with tempfile.TemporaryDirectory() as folder:
    ledger = Ledger.open(f"{folder}/ledger.db", create=True, state=f"{folder}/state")
    claim = EPSILON * (1 + 1e-9), DELTA / 2 / count if "gaussian" in kind else 0.0
    total = count * claim[0]
    ledger.grant("ada", 10 * total, DELTA, composition=rule)
    made = min(count, 100)
    with ledger.together():
      for index in range(made):
        ledger.charge("ada", event(index), *claim, relation=relation)
    ledger.close()
    _repeat(f"{folder}/ledger.db", count // made)
    ledger = Ledger.open(f"{folder}/ledger.db", state=f"{folder}/state")
    if rule != "basic":
      ledger.grant("ada", 0.999 * total, DELTA, composition=rule)
    seconds = []
    for index in range(REPEATS):
      # The flush comes after the block, when others may charge again.
      with ledger.together():
        begun = time.perf_counter()
        with contextlib.suppress(BudgetExceededError):
          ledger.charge("ada", event(index), *claim, relation=relation)
        seconds.append(time.perf_counter() - begun)
    ledger.close()
  return statistics.median(seconds)


def _repeat(path: str, times: int) -> None:
  """Makes `times` of every charge in the file, which `Ledger.charge` would take a minute for."""
  fields = "subject, time, mechanism, scope, epsilon, delta, event, relation"
  with contextlib.closing(sqlite3.connect(path)) as connection, connection:
    rows = connection.execute(f"SELECT {fields} FROM releases").fetchall()
    connection.executemany(
      f"INSERT INTO releases ({fields}, release_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      ((*row, f"{index}") for index, row in enumerate(rows * (times - 1))),
    )
    epsilon, delta = (sum(int(row[place]) for row in rows) * times for place in (4, 5))
    connection.execute(
      "UPDATE subjects SET spent_epsilon=?, spent_delta=?, releases=?",
      (str(epsilon), str(delta), len(rows) * times),
    )


def main() -> None:
  """Prints both tables as Markdown."""
  parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
  parser.add_argument("--counts", default="1,100,10000")
  counts = [int(count) for count in parser.parse_args().counts.split(",")]
  print(f"| rule | mechanism | {' | '.join(f'ms after {count:,}' for count in counts)} |")
  print(f"|---|---|{'---|' * len(counts)}")
  for rule in RULES:
    for kind in KINDS:
      times = [f"{1000 * charge_seconds(rule, kind, count):.1f}" for count in counts]
      print(f"| `{rule}` | {kind} | {' | '.join(times)} |", flush=True)
  counts = [100, 10_000, 1_000_000]
  print(f"\n| `compose` | {' | '.join(f's of {count:,}' for count in counts)} |")
  print(f"|---|{'---|' * len(counts)}")
  for kind in ("laplace", "discrete laplace", "pure", "gaussian"):
    times = []
    for count in counts:
      begun = time.perf_counter()
      compose([dp_accounting.SelfComposedDpEvent(KINDS[kind](0), count)], DELTA)
      times.append(f"{time.perf_counter() - begun:.3f}")
    print(f"| {kind} | {' | '.join(times)} |", flush=True)


if __name__ == "__main__":
  main()
