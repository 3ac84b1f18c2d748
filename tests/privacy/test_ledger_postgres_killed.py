"""`kill -9` of clients and of the server in the midst of charges: nothing lost, never overspent."""

import collections
import fractions
import os
import pathlib
import subprocess
import sys
import threading
import time

import pytest

from privai_tf.privacy.ledger import BudgetExceededError, Ledger, LedgerUnreachableError
from privai_tf.privacy.relation import Relation

HERE = pathlib.Path(__file__).resolve().parent
ENVIRONMENT = {
  **os.environ,
  "PYTHONPATH": os.pathsep.join([str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")]),
}
RELATION = Relation.unknown_image()
COST = fractions.Fraction("0.001")


def start(script, *arguments):
  return subprocess.Popen(
    [sys.executable, str(HERE / script), *map(str, arguments)],
    env=ENVIRONMENT,
    stdin=subprocess.PIPE,
    stdout=subprocess.PIPE,
    text=True,
  )


@pytest.mark.slow
@pytest.mark.parametrize("rounds", [5, pytest.param(50, marks=pytest.mark.very_slow)])
def test_clients_killed_at_random_moments_lose_no_charge(make_ledger, tmp_path, rounds):
  place, released = make_ledger("postgres"), tmp_path / "released"
  with Ledger.open(place) as ledger:
    ledger.grant("ada", 1000)
  worker = start("ledger_crash_worker.py", place, released, rounds)
  worker.communicate(timeout=550)
  assert worker.returncode == 0
  published = released.read_text().split()
  with Ledger.open(place) as ledger:
    charged = [row["release_id"] for row in ledger.releases()]  # checks the sums, too
    left = ledger.remaining("ada")
  assert set(published) <= set(charged)
  assert len(charged) == len(set(charged)) == left.releases
  assert len(published) >= rounds // 2, "the children were killed before they did anything"
  unpublished = collections.Counter(
    release.rsplit("-", 1)[0] for release in set(charged) - set(published)
  )
  assert max(unpublished.values(), default=0) <= 1
  assert fractions.Fraction(repr(left.spent_epsilon)) == len(charged) * COST


@pytest.mark.slow
@pytest.mark.parametrize("kills", [3, pytest.param(30, marks=pytest.mark.very_slow)])
def test_a_server_killed_again_and_again_loses_no_charge(postgres, make_ledger, kills):
  """Four clients ask again, under the same name, for what they got no answer to."""
  place, acknowledged, unanswered = make_ledger("postgres"), [], []
  affordable = 25 * (kills + 1)
  with Ledger.open(place) as ledger:
    ledger.grant("ada", str(affordable * COST.numerator / COST.denominator))

  def client(number):
    with Ledger.open(place, timeout=30) as ledger:
      index = 0
      while True:
        name = f"{number}-{index}"
        try:
          ledger.charge("ada", None, 0.001, release_id=name, relation=RELATION)
        except BudgetExceededError:
          return
        except LedgerUnreachableError:
          unanswered.append(name)
          time.sleep(0.02)
          continue
        acknowledged.append(name)
        index += 1

  clients = [threading.Thread(target=client, args=(number,)) for number in range(4)]
  for thread in clients:
    thread.start()
  for kill in range(1, kills + 1):
    deadline = time.monotonic() + 60
    while len(acknowledged) < 25 * kill - 5 and time.monotonic() < deadline:
      time.sleep(0.001)
    before = list(acknowledged)
    postgres.kill()
    postgres.start()
    with Ledger.open(place) as ledger:
      assert set(before) <= {row["release_id"] for row in ledger.releases("ada")}
  for thread in clients:
    thread.join()
  with Ledger.open(place) as ledger:
    charged = [row["release_id"] for row in ledger.releases("ada")]
    left = ledger.remaining("ada")
  assert unanswered, "no client was in the midst of anything"
  assert sorted(charged) == sorted(acknowledged)  # Each once, also those that were asked for twice.
  assert len(charged) == affordable
  assert left.epsilon == 0


@pytest.mark.slow
def test_processes_never_exceed_the_budget(make_ledger):
  place = make_ledger("postgres")
  with Ledger.open(place) as ledger:
    ledger.grant("ada", 0.905)
  workers = [start("ledger_rate_worker.py", place, 25) for _ in range(4)]
  for worker in workers:
    assert worker.stdout.readline() == "ready\n"
  for worker in workers:
    worker.stdin.write("go\n")
    worker.stdin.flush()
  accepted = [int(worker.stdout.readline()) for worker in workers]
  for worker in workers:
    worker.communicate(timeout=300)
  assert sum(accepted) == 90
  with Ledger.open(place) as ledger:
    assert ledger.remaining("ada").spent_epsilon == 0.9
    assert len(ledger.releases()) == 90
