"""Several users of one open ledger: another connection's lock, threads, a forked child."""

import os
import sqlite3
import threading

import pytest

from privai_tf.privacy import ledger as errors
from privai_tf.privacy.ledger import Ledger
from privai_tf.privacy.relation import Relation

RELATION = Relation.unknown_image()


def test_locked_beyond_the_timeout_is_refused(path):
  with Ledger.open(path, default_epsilon=1, timeout=0.1) as ledger:
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(errors.LedgerLockedError, match="for over"):
      ledger.charge("ada", None, 0.1, relation=RELATION)
    blocker.execute("ROLLBACK")
    blocker.close()
    assert ledger.charge("ada", None, 0.1, relation=RELATION).remaining.releases == 1


def test_threads_take_turns(path):
  with Ledger.open(path, default_epsilon=1) as ledger:
    outcomes = []

    def work():
      for _ in range(10):
        try:
          ledger.charge("ada", None, 0.05, relation=RELATION)
          outcomes.append(True)
        except errors.BudgetExceededError:
          outcomes.append(False)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
      thread.start()
    for thread in threads:
      thread.join()
    assert (outcomes.count(True), outcomes.count(False)) == (20, 20)


def test_a_forked_child_uses_its_own_connection(path):
  with Ledger.open(path, default_epsilon=1) as ledger:
    ledger.charge("ada", None, 0.1, relation=RELATION)
    child = os.fork()
    if child == 0:
      code = 1
      try:
        ledger.charge("ada", None, 0.2, relation=RELATION)
        code = 0
      finally:
        os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    assert ledger.charge("ada", None, 0.1, relation=RELATION).remaining.epsilon == 0.6
