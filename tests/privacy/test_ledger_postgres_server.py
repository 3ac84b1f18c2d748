"""A ledger on a real PostgreSQL server: what is on its disk, what if it goes away, which one it is."""

import json
import os
import shutil
import time

import pytest

from privai_tf.privacy import ledger as errors
from privai_tf.privacy.ledger import Ledger, reconciling, relations
from privai_tf.privacy.relation import Relation

psycopg = pytest.importorskip("psycopg", reason="pip install 'privai-tf[postgres]'")
RELATION = Relation.unknown_image()


@pytest.fixture
def place(make_ledger):
  """A new ledger's database."""
  return make_ledger("postgres")


@pytest.fixture
def ledger(place):
  with Ledger.open(place, default_epsilon=1, timeout=5) as opened:
    yield opened


def charge(ledger, epsilon=0.25, release_id=None):
  return ledger.charge("ada", None, epsilon, relation=RELATION, release_id=release_id)


def alter(place, *statements):
  with psycopg.connect(place, autocommit=True) as connection:
    for statement in statements:
      connection.execute(statement)


# Durability


def test_a_charge_is_on_the_disk_when_it_returns(postgres, ledger, monkeypatch):
  query = "SELECT pg_current_wal_insert_lsn(), pg_current_wal_flush_lsn()"
  flush, committed = ledger._store._flush, []

  def watched():
    committed.append(postgres.execute(query)[0][0])
    return flush()

  monkeypatch.setattr(ledger._store, "_flush", watched)
  charge(ledger)
  (reached,) = postgres.execute(f"SELECT pg_current_wal_flush_lsn() >= '{committed[0]}'::pg_lsn")
  assert reached == (True,)


@pytest.mark.parametrize("setting", ["off", "remote_apply"])
def test_a_flush_waits_whatever_the_server_is_told(postgres, place, setting):
  """Where nobody waits by default, the ledger does; where more is waited for, that stays."""
  name = place.partition("@/")[2].partition("?")[0]
  alter(place, f"ALTER DATABASE {name} SET synchronous_commit TO {setting}")
  try:
    with Ledger.open(place) as ledger:
      shown = ledger._store._connection.execute("SELECT current_setting('synchronous_commit')")
      assert shown.fetchone() == ("on" if setting == "off" else setting,)
  finally:
    alter(place, f"ALTER DATABASE {name} RESET synchronous_commit")


# The server goes away


def end_connections(place):
  alter(
    place,
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid<>pg_backend_pid()"
    " AND datname=current_database()",
  )


def test_a_connection_lost_between_charges_is_made_anew(ledger, place):
  charge(ledger)
  end_connections(place)
  assert charge(ledger).remaining.epsilon == 0.5


def test_one_lost_in_the_midst_of_a_charge_charges_nothing(ledger, place, monkeypatch):
  charge(ledger)
  with monkeypatch.context() as patch:
    patch.setattr(relations, "require_covered", lambda *_: end_connections(place))
    with pytest.raises(errors.LedgerUnreachableError, match="connection was lost"):
      charge(ledger)
    with pytest.raises(errors.LedgerUnreachableError), ledger.together():
      charge(ledger)
  assert ledger.remaining("ada").epsilon == 0.75


def test_one_lost_after_the_commit_says_that_nobody_knows(ledger, place, monkeypatch):
  flush = ledger._store._flush

  def lost():
    end_connections(place)
    return flush()

  with monkeypatch.context() as patch:
    patch.setattr(ledger._store, "_flush", lost)
    with pytest.raises(errors.LedgerUnreachableError, match="may have been made or not"):
      charge(ledger, release_id="one")
  again = charge(ledger, release_id="one")  # And asking again under the same name costs nothing.
  assert (again.repeated, again.remaining.epsilon) == (True, 0.75)


def test_a_forked_child_uses_its_own_connection(ledger):
  charge(ledger)
  child = os.fork()
  if child == 0:
    code = 1
    try:
      charge(ledger)
      code = 0
    finally:
      os._exit(code)
  assert os.waitpid(child, 0)[1] == 0
  assert charge(ledger).remaining.epsilon == 0.25


# Which ledger it is, and whether it is the current one


def test_the_servers_clock_counts_and_no_machines(ledger, monkeypatch):
  charge(ledger)
  monkeypatch.setattr(time, "time", lambda: 0.0)
  charge(ledger)
  with psycopg.connect(ledger.path.whole) as connection:
    (behind,) = connection.execute(
      "SELECT extract(epoch FROM clock_timestamp())::float8 - max(time) FROM privai_ledger.releases"
    ).fetchone()
  assert 0 <= behind < 3600


def test_a_ledger_that_is_replaced_while_in_use_is_refused(ledger, place):
  alter(place, "DROP SCHEMA privai_ledger CASCADE")
  Ledger.create(place).close()
  for _ in range(2):
    with pytest.raises(errors.LedgerReplacedError, match="Run again"):
      charge(ledger)


def test_another_machine_needs_the_owners_word(place, state):
  shutil.rmtree(state, ignore_errors=True)
  with pytest.raises(errors.LedgerUnknownError, match=r"ledger adopt --ledger=postgresql://"):
    Ledger.open(place)
  reconciling.adopt(place)
  Ledger.open(place).close()


@pytest.fixture
def restored(state, new_database, postgres):
  """A database restored from a backup, which does not know ada's last charge; and what was lost."""
  place, backup = new_database(), new_database()
  Ledger.create(place).close()
  names = [url.partition("@/")[2].partition("?")[0] for url in (place, backup)]
  with Ledger.open(place, default_epsilon=1) as ledger:
    charge(ledger, 0.25)
  postgres.execute(f"DROP DATABASE {names[1]}", f"CREATE DATABASE {names[1]} TEMPLATE {names[0]}")
  with Ledger.open(place, default_epsilon=1) as ledger:
    charge(ledger, 0.5, "lost")
  return place, backup


def test_a_restored_backup_is_refused_until_it_is_reconciled(restored, tmp_path):
  place, backup = restored
  with pytest.raises(errors.LedgerRestoredError, match=r"older copy.*ledger reconcile"):
    Ledger.open(backup)
  with pytest.raises(errors.LedgerRestoredError):
    reconciling.adopt(backup)
  with Ledger.open(place) as ledger, ledger.together():
    subjects = [vars(ledger.remaining(name)) for name in ledger.subjects()]
    content = {"subjects": subjects, "releases": ledger.releases(), **ledger.history()}
    (tmp_path / "charges.json").write_text(json.dumps(content))
  assert reconciling.replay(backup, tmp_path / "charges.json") == 1
  with Ledger.open(backup) as ledger:
    assert charge(ledger, 0.5, "lost").repeated
    assert ledger.remaining("ada").epsilon == 0.25


def test_or_until_all_that_could_be_lost_is_charged(restored):
  _, backup = restored
  assert reconciling.close(backup) == 1
  with Ledger.open(backup, default_epsilon=9) as ledger:
    assert ledger.remaining("ada").epsilon == 0
    with pytest.raises(errors.BudgetExceededError, match="nobody is granted one by default"):
      ledger.charge("eve", None, 0.1, relation=RELATION)
