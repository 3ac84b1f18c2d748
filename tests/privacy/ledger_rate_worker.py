"""One of many processes that charge the same subjects; run by test_ledger_processes.py.

Usage: ledger_rate_worker.py LEDGER CHARGES. Waits for a line on standard input, then prints how many
charges were accepted and how many refused.
"""

import sys

from privai_tf.privacy.ledger import BudgetExceededError, Ledger
from privai_tf.privacy.relation import Relation

RELATION = Relation.unknown_image()


def main(path, charges):
  with Ledger.open(path, timeout=300, default_epsilon=1000, create=True) as ledger:
    print("ready", flush=True)
    sys.stdin.readline()
    accepted = 0
    for _ in range(int(charges)):
      try:
        ledger.charge("ada", None, 0.01, relation=RELATION)
        accepted += 1
      except BudgetExceededError:
        pass
    print(accepted, flush=True)


if __name__ == "__main__":
  main(*sys.argv[1:])
