"""Charges in children that are killed at random moments; run by test_ledger_processes.py.

Usage: ledger_crash_worker.py LEDGER RELEASED ROUNDS. Prints nothing; a child appends a release's id
to RELEASED only after its charge returned, as a program publishes an image.
"""

import os
import random
import signal
import sys
import time

from privai_tf.privacy.ledger import BudgetExceededError, Ledger
from privai_tf.privacy.relation import Relation

RELATION = Relation.unknown_image()


def charge_forever(ledger_path, released_path, round_number):
  released = os.open(released_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
  with Ledger.open(ledger_path) as ledger:
    for index in range(1_000_000):
      release_id = f"{round_number}-{index}"
      try:
        ledger.charge("ada", None, 0.001, release_id=release_id, relation=RELATION)
      except BudgetExceededError:
        return
      os.write(released, f"{release_id}\n".encode())


def length(path):
  return os.path.getsize(path) if os.path.exists(path) else 0


def wait_for_growth(path, size):
  deadline = time.monotonic() + 120
  while length(path) == size and time.monotonic() < deadline:
    time.sleep(0.001)


def main(ledger_path, released_path, rounds):
  chance = random.Random(0)
  for round_number in range(int(rounds)):
    children = []
    size = length(released_path)
    for worker in range(2):
      child = os.fork()
      if child == 0:
        try:
          charge_forever(ledger_path, released_path, f"{round_number}-{worker}")
        finally:
          os._exit(0)
      children.append(child)
    if round_number % 5:
      # Four in five are killed while charging, the others at any moment, also while opening.
      wait_for_growth(released_path, size)
    time.sleep(chance.uniform(0.0, 0.03))
    for child in children:
      os.kill(child, signal.SIGKILL)
    for child in children:
      os.waitpid(child, 0)


if __name__ == "__main__":
  main(*sys.argv[1:])
