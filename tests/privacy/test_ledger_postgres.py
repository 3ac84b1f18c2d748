"""A ledger on a real PostgreSQL server: what is its own; the rest is tested beside the file's."""

import subprocess
import sys
import threading
import time

import pytest

from privai_tf.errors import ConfigurationError
from privai_tf.privacy import ledger as errors
from privai_tf.privacy.ledger import Ledger, attempts, relations
from privai_tf.privacy.relation import Relation

psycopg = pytest.importorskip("psycopg", reason="pip install 'privai-tf[postgres]'")
from privai_tf.privacy.ledger.postgres.connection import Connection  # noqa: E402

RELATION = Relation.unknown_image()
USER = """
DO $$ BEGIN CREATE ROLE gateway LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
GRANT USAGE ON SCHEMA privai_ledger TO gateway;
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA privai_ledger TO gateway;
GRANT UPDATE ON privai_ledger.turn, privai_ledger.meta, privai_ledger.subjects,
  privai_ledger.tallies TO gateway
"""


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


def test_a_database_without_a_ledger_is_no_clean_slate(new_database):
  place = new_database()
  with pytest.raises(
    errors.LedgerMissingError, match=r"ledger create --ledger=postgresql://owner@"
  ):
    Ledger.open(place, default_epsilon=1)
  Ledger.create(place).close()
  with pytest.raises(errors.LedgerExistsError, match="nothing was changed"):
    Ledger.create(place)
  Ledger.open(place, create=True).close()


def test_of_several_that_make_one_at_once_one_does(new_database):
  place, made, known = new_database(), [], set()

  def make():
    with Ledger.open(place, create=True) as ledger:
      known.add(ledger.identity)
    made.append(True)

  threads = [threading.Thread(target=make) for _ in range(4)]
  for thread in threads:
    thread.start()
  for thread in threads:
    thread.join()
  assert (len(made), len(known)) == (4, 1)


@pytest.mark.parametrize(
  "url",
  [
    "postgresql://ada:hunter2@/ledger?host=/nowhere",
    "postgresql://ada@127.0.0.1:9/ledger?password=hunter2",
    "postgres://ada:hunter2@/nobody?host={folder}",
  ],
)
def test_a_server_that_cannot_be_reached_is_one_line_without_the_password(postgres, url):
  with pytest.raises(errors.LedgerUnreachableError, match="nothing was charged") as told:
    Ledger.open(url.format(folder=postgres.folder), create=True)
  assert "hunter2" not in str(told.value)
  assert "***" in str(told.value)
  assert "\n" not in str(told.value)


def test_what_libpq_does_not_know_is_told_without_its_words(postgres):
  with pytest.raises(ConfigurationError, match="libpq does not understand") as told:
    Ledger.open("postgresql://ada@/ledger?hunter2password=x")
  assert "=x" not in str(told.value)


# Who may do what


def test_a_user_that_may_only_add_can_charge_and_rewrite_nothing(postgres, place):
  name = place.partition("@/")[2].partition("?")[0]
  alter(place, USER)
  own = postgres.url(name, user="gateway")
  # Asking for a missing one to be made is no harm without the right to.
  with Ledger.open(own, default_epsilon=1, create=True) as ledger:
    assert charge(ledger).remaining.epsilon == 0.75
    with ledger.together():
      charge(ledger)
  for statement in (
    "DELETE FROM privai_ledger.releases",
    "UPDATE privai_ledger.releases SET epsilon='0'",
    "UPDATE privai_ledger.chain SET hash=''",
    "DROP TABLE privai_ledger.grants",
  ):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
      alter(own, statement)


def test_rights_that_are_missing_are_told(postgres, place):
  name = place.partition("@/")[2].partition("?")[0]
  alter(place, USER, "REVOKE ALL ON privai_ledger.releases FROM gateway")
  with (
    Ledger.open(postgres.url(name, user="gateway"), default_epsilon=1) as ledger,
    pytest.raises(errors.LedgerReadOnlyError, match=r"may not do this.*releases.*nothing was"),
  ):
    charge(ledger)


def test_tables_that_everybody_may_read_are_refused(place):
  alter(place, "GRANT SELECT ON privai_ledger.subjects TO PUBLIC")
  with pytest.raises(errors.LedgerPermissionError, match=r"table subjects.*REVOKE ALL"):
    Ledger.open(place)


def test_another_version_and_missing_tables(place):
  alter(place, "UPDATE privai_ledger.meta SET value='2' WHERE name='version'")
  with pytest.raises(errors.LedgerVersionError, match="Upgrade privai-tf"):
    Ledger.open(place)
  alter(place, "UPDATE privai_ledger.meta SET value='1' WHERE name='version'")
  alter(place, "DROP TABLE privai_ledger.releases CASCADE")
  with (
    Ledger.open(place, default_epsilon=1) as ledger,
    pytest.raises(errors.LedgerCorruptError, match="Restore the last backup"),
  ):
    charge(ledger)


def test_a_server_that_does_not_wait_for_its_disk_is_refused(postgres, place):
  postgres.execute("ALTER SYSTEM SET fsync TO off", "SELECT pg_reload_conf()")
  try:
    deadline = time.monotonic() + 120
    while postgres.execute("SHOW fsync") != [("off",)] and time.monotonic() < deadline:
      time.sleep(0.01)
    with pytest.raises(errors.LedgerReadOnlyError, match="fsync"):
      Ledger.open(place)
  finally:
    postgres.execute("ALTER SYSTEM RESET fsync", "SELECT pg_reload_conf()")


# Others at the same time


def test_a_lock_that_is_held_too_long_is_refused(place):
  with (
    psycopg.connect(place) as other,
    Ledger.open(place, default_epsilon=1, timeout=0.2) as ledger,
  ):
    other.execute("LOCK TABLE privai_ledger.turn IN EXCLUSIVE MODE")
    with pytest.raises(errors.LedgerLockedError, match=r"over 0\.2 s"):
      charge(ledger)
    assert ledger.remaining("ada").epsilon == 1  # Reading waits for nobody.
    other.rollback()
    assert charge(ledger).remaining.epsilon == 0.75


def overtaken(place, monkeypatch, times):
  """Lets another client, which keeps to no order, write what a charge is about to write."""
  covered, left = relations.require_covered, iter(range(times))

  def meanwhile(*arguments):
    if next(left, None) is not None:
      alter(place, "UPDATE privai_ledger.meta SET value=value WHERE name='last_time'")
    covered(*arguments)

  monkeypatch.setattr(relations, "require_covered", meanwhile)


def test_what_gave_way_to_another_client_is_tried_again(ledger, place, monkeypatch):
  charge(ledger)
  overtaken(place, monkeypatch, attempts.ATTEMPTS - 1)
  assert charge(ledger).remaining.epsilon == 0.5
  assert len(ledger.releases()) == 2


def test_and_not_for_ever_nor_within_a_block(ledger, place, monkeypatch):
  charge(ledger)
  overtaken(place, monkeypatch, attempts.ATTEMPTS)
  with pytest.raises(errors.LedgerOvertakenError, match="nothing was charged"):
    charge(ledger)
  overtaken(place, monkeypatch, 1)
  with pytest.raises(errors.LedgerOvertakenError), ledger.together():
    charge(ledger)
  assert ledger.remaining("ada").epsilon == 0.75


def test_what_was_read_ahead_is_what_would_be_read_now(ledger, make_relation, monkeypatch):
  """Of every reading that is answered from memory, in every order of charges."""
  execute, answered = Connection.execute, []

  def compared(self, statement, values=()):
    one = statement, tuple(values)
    if one in self._ahead:
      before = dict(self._ahead)
      (now,) = self.send([one])
      assert before[one] == now
      answered.append(statement)
    return execute(self, statement, values)

  monkeypatch.setattr(Connection, "execute", compared)
  smile = make_relation("smile")

  def some():
    for name in ("ada", "eve", "ada"):
      ledger.charge(name, None, 0.0625, relation=smile, release_id="the same")
      ledger.charge(name, None, 0.0625, relation=smile)
    with pytest.raises(errors.RelationError):
      ledger.charge("ada", None, 0.0625, relation=make_relation("age"))
    with pytest.raises(errors.BudgetExceededError):
      ledger.charge("eve", None, 2, relation=smile)
    ledger.grant("ada", 5, 1e-5, lower=True)

  some()
  with ledger.together():
    some()
  assert len(answered) > 50
  assert ledger.remaining("ada").releases == 5
  assert ledger.remaining("eve").releases == 3


def test_a_charge_takes_three_ways_to_the_server(ledger, monkeypatch):
  """Reads at once, writes with the commit, waits for the disk; within a block one for each charge."""
  send, ways = Connection.send, []
  monkeypatch.setattr(Connection, "send", lambda self, reads: ways.append(1) or send(self, reads))
  charge(ledger, 0.0625)
  ways.clear()
  charge(ledger, 0.0625)
  assert len(ways) == 3
  with ledger.together():
    ways.clear()
    for _ in range(5):
      charge(ledger, 0.0625, "one" if len(ways) == 2 else None)
    assert len(ways) == 5


def test_the_command_takes_a_url_and_shows_no_password(new_database, repository):
  url = new_database().replace("owner@", "owner:hunter2@")

  def run(*arguments):
    command = [sys.executable, "-m", "privai_tf.ledger", *arguments, f"--ledger={url}"]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert "hunter2" not in done.stdout + done.stderr
    return done

  refused = run("show")
  assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
  assert "ledger create --ledger=postgresql://owner:***@/" in refused.stderr
  assert "***" in run("create").stdout
  assert run("grant", "--subject_id=ada", "--budget_epsilon=2").stdout.endswith("epsilon 2 left\n")
  with Ledger.open(url) as ledger:
    assert ledger.remaining("ada").epsilon == 2
