"""Several users of one open ledger: another connection's lock, threads, a forked child."""

import os
import sqlite3
import threading

import numpy as np
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
    # Who only reads waits for nobody.
    assert ledger.subject_of_pixels(np.zeros((1, 1, 3), np.uint8))
    ledger.require_head(ledger.head or ledger._store.kept())
    blocker.execute("ROLLBACK")
    blocker.close()
    assert ledger.charge("ada", None, 0.1, relation=RELATION).remaining.releases == 1


class _Refusing:
  """A connection that refuses to begin, with a code of SQLite's, so many times."""

  def __init__(self, code: int, times: int):
    self.error, self.times, self.asked = sqlite3.OperationalError("no"), times, 0
    self.error.sqlite_errorcode = code

  def execute(self, statement):
    if statement == "BEGIN IMMEDIATE":
      self.asked += 1
      if self.asked <= self.times:
        raise self.error


def test_only_a_lock_is_waited_for_and_after_that_sqlite_waits_itself(path):
  with Ledger.open(path, default_epsilon=1, timeout=20.0) as ledger:
    for code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY_SNAPSHOT):
      connection = _Refusing(code, 2)
      ledger._store._begin(connection, write=True, reads=())
      assert connection.asked == 3
    for code in (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY):
      connection = _Refusing(code, 2)
      with pytest.raises(sqlite3.OperationalError):
        ledger._store._begin(connection, write=True, reads=())
      assert connection.asked == 1
    ledger.charge("ada", None, 0.1, relation=RELATION)
    with ledger._store.transaction() as connection:
      assert connection.execute("PRAGMA busy_timeout").fetchone() == (20_000,)


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
