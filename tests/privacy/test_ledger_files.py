"""Files that a ledger refuses to trust, or upgrades, and a clock that runs backwards."""

import math
import os
import sqlite3
import stat

import pytest

from privai_tf.errors import ConfigurationError, PrivaiError
from privai_tf.privacy import ledger as errors
from privai_tf.privacy.ledger import Ledger, amounts, file_store, schema
from privai_tf.privacy.relation import Relation

RELATION = Relation.unknown_image()


def test_the_file_is_for_its_owner_only(path):
  with Ledger.open(path, default_epsilon=1) as ledger:
    ledger.charge("ada", None, 0.1, relation=RELATION)
    for file in path.parent.iterdir():
      assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
  path.chmod(0o644)
  with pytest.raises(errors.LedgerPermissionError, match="chmod 600"):
    Ledger.open(path)


def test_read_only_is_refused(path):
  with Ledger.open(path, default_epsilon=1) as ledger:
    path.chmod(0o400)
    with pytest.raises(errors.LedgerReadOnlyError, match="read-only"):
      ledger.charge("ada", None, 0.1, relation=RELATION)
  with pytest.raises(errors.LedgerReadOnlyError):
    Ledger.open(path)
  with pytest.raises(errors.LedgerReadOnlyError, match="folder that exists"):
    Ledger.create(path.parent / "missing" / "ledger.db")


@pytest.mark.parametrize(
  "content", [b"not a database", b"SQLite format 3\x00" + bytes(range(256)) * 20]
)
def test_garbage_is_refused(path, content):
  path.write_bytes(content)
  path.chmod(0o600)
  with pytest.raises(errors.LedgerCorruptError, match="Restore the last backup"):
    Ledger.open(path)
  assert path.read_bytes() == content


def test_damaged_pages_are_refused(path):
  with Ledger.open(path, default_epsilon=1000) as ledger:
    for index in range(200):
      ledger.charge("ada", None, 0.1, release_id=f"release {index}", relation=RELATION)
  content = bytearray(path.read_bytes())
  for start in range(4096, len(content), 4096):
    content[start : start + 200] = b"\xff" * 200
  path.write_bytes(content)
  with pytest.raises(errors.LedgerCorruptError):
    Ledger.open(path)


def test_another_programs_database_is_refused(tmp_path):
  path = tmp_path / "notes.db"
  other = sqlite3.connect(path)
  other.execute("CREATE TABLE notes (text)")
  other.commit()
  other.close()
  path.chmod(0o600)
  with pytest.raises(errors.LedgerCorruptError, match="not a ledger"):
    Ledger.open(path)


def edit(path, statement):
  connection = sqlite3.connect(path)
  connection.execute(statement)
  connection.commit()
  connection.close()


def test_sums_that_disagree_with_the_charges_are_noticed(path):
  with Ledger.open(path, default_epsilon=1) as ledger:
    ledger.charge("ada", None, 0.5, relation=RELATION)
    edit(path, "UPDATE subjects SET spent_epsilon='0'")
    with pytest.raises(errors.LedgerCorruptError, match="sums disagree"):
      ledger.releases()
    edit(path, "UPDATE subjects SET spent_epsilon='much'")
    with pytest.raises(errors.LedgerCorruptError, match="unreadable"):
      ledger.charge("ada", None, 0.1, relation=RELATION)


def test_a_newer_schema_is_refused(path):
  Ledger.open(path).close()
  edit(path, f"PRAGMA user_version={len(schema.MIGRATIONS) + 1}")
  with pytest.raises(errors.LedgerVersionError, match="Upgrade privai-tf"):
    Ledger.open(path)


def test_an_older_schema_is_upgraded_with_its_charges(path, monkeypatch):
  with Ledger.open(path, default_epsilon=1) as ledger:
    ledger.charge("ada", None, 0.5, relation=RELATION)
  newer = [*schema.MIGRATIONS, "ALTER TABLE releases ADD COLUMN remark TEXT"]
  monkeypatch.setattr(schema, "MIGRATIONS", newer)
  with Ledger.open(path) as ledger:
    assert ledger.remaining("ada").epsilon == 0.5
    assert ledger.charge("ada", None, 0.25, relation=RELATION).remaining.epsilon == 0.25
  monkeypatch.undo()
  with pytest.raises(errors.LedgerVersionError):
    Ledger.open(path)


def test_charges_of_before_the_counts_are_counted(old_ledger, state):
  old_ledger.chmod(0o600)
  connection = schema.connect(old_ledger, 10.0)
  query = "SELECT * FROM tallies ORDER BY subject"
  half = str(10**30 // 2)
  expected = [("ada", "", half, "0", 1), ("bob", "", half, "0", 1)]
  assert connection.execute(query).fetchall() == expected
  connection.close()
  # A process of an earlier version that has the file open knows nothing of the counts.
  edit(
    old_ledger,
    "INSERT INTO releases (subject, release_id, time, mechanism, scope, epsilon, delta, event,"
    " relation) SELECT subject, 'second', time, mechanism, scope, epsilon, delta, event, relation"
    " FROM releases WHERE subject='bob'",
  )
  connection = schema.connect(old_ledger, 10.0)
  assert connection.execute(query).fetchall() == [expected[0], (*expected[1][:-1], 2)]
  connection.close()


def test_counts_that_disagree_with_the_charges_are_found(path):
  with Ledger.open(path, default_epsilon=1) as ledger:
    ledger.grant("bob", 1)  # Nothing was charged, and that is what the sums say.
    for _ in range(2):
      ledger.charge("ada", None, 0.1, relation=RELATION)
    ledger.releases()
    edit(path, "UPDATE tallies SET count=1")
    with pytest.raises(errors.LedgerCorruptError, match=r"'ada'.*counts disagree"):
      ledger.releases()


def test_a_failed_upgrade_changes_nothing(path, monkeypatch):
  Ledger.open(path).close()
  before = path.read_bytes()
  broken = [*schema.MIGRATIONS, "CREATE TABLE extra (x); INSERT INTO nowhere VALUES (1)"]
  monkeypatch.setattr(schema, "MIGRATIONS", broken)
  with pytest.raises(errors.LedgerError):
    Ledger.open(path)
  monkeypatch.undo()
  assert path.read_bytes() == before
  Ledger.open(path).close()


def test_a_clock_that_runs_backwards_is_refused(path):
  now = [1_000_000.0]
  with Ledger.open(path, default_epsilon=1, clock=lambda: now[0]) as ledger:
    ledger.charge("ada", None, 0.1, relation=RELATION)
    now[0] -= 1  # a correction by a time server
    ledger.charge("ada", None, 0.1, relation=RELATION)
    now[0] -= 0.25
    with pytest.raises(errors.LedgerClockError, match=r"\(1 s before the last entry\)"):
      ledger.charge("ada", None, 0.1, relation=RELATION)
    now[0] += 0.75
    for wrong in (now[0] - 3600, math.nan):
      now[0], right = wrong, now[0]
      with pytest.raises(errors.LedgerClockError, match="accept_clock"):
        ledger.charge("ada", None, 0.1, relation=RELATION)
      with pytest.raises(errors.LedgerClockError):
        ledger.grant("ada", 100)
      now[0] = right
    assert ledger.remaining("ada").releases == 2
    now[0] -= 3600
    ledger.accept_clock()
    ledger.charge("ada", None, 0.1, relation=RELATION)
    times = [row["time"] for row in ledger.releases()]
  assert times[0] == times[1] == "1970-01-12T13:46:40.000000Z"


@pytest.mark.parametrize("step", [-1, 1])
def test_another_file_in_its_place_is_refused_whatever_its_number(path, monkeypatch, step):
  with Ledger.open(path, default_epsilon=1) as ledger:
    device, number, *rest = file_store.place.check_file(path)
    monkeypatch.setattr(file_store.place, "check_file", lambda _: (device, number + step, *rest))
    with pytest.raises(errors.LedgerReplacedError, match="replaced while in use"):
      ledger.charge("ada", None, 0.1, relation=RELATION)


def test_a_replaced_file_is_refused(path):
  with Ledger.open(path, default_epsilon=1) as ledger:
    path.rename(path.with_suffix(".old"))
    with pytest.raises(errors.LedgerMissingError, match="ledger create"):
      ledger.charge("ada", None, 0.1, relation=RELATION)
    with pytest.raises(errors.LedgerExistsError, match="what is left of a ledger"):
      Ledger.create(path)
    Ledger.create(path.with_suffix(".new")).close()
    path.with_suffix(".new").rename(path)
    with pytest.raises(errors.LedgerReplacedError, match="Run again"):
      ledger.charge("ada", None, 0.1, relation=RELATION)


def test_a_charge_is_flushed_before_it_returns(path, monkeypatch):
  """Its log, every time; SQLite itself flushes around checkpoints only (synchronous=NORMAL)."""
  flushed = []
  flush = os.fsync
  monkeypatch.setattr(
    os, "fsync", lambda file: (flushed.append(os.fstat(file).st_ino), flush(file))
  )
  with Ledger.open(path, default_epsilon=1) as ledger:
    for _ in range(2):
      ledger.charge("ada", None, 0.1, relation=RELATION)
      log = path.with_name(f"{path.name}-wal").stat().st_ino
      assert flushed[-1] == log
      flushed.clear()
    with ledger.together():
      for _ in range(5):
        ledger.charge("ada", None, 0.1, relation=RELATION)
      assert flushed == []
    assert flushed == [log]
    assert ledger._store._connection.execute("PRAGMA synchronous").fetchone() == (1,)


def test_errors_are_one_line_and_ours():
  for name in errors.__all__:
    kind = getattr(errors, name)
    if name.endswith("Error"):
      assert issubclass(kind, PrivaiError)


def test_a_disk_that_fills_while_a_ledger_is_made_leaves_nothing(tmp_path, monkeypatch):
  upgrade = schema.upgrade

  def with_little_room(connection, path):
    connection.execute("PRAGMA max_page_count=2")
    upgrade(connection, path)

  monkeypatch.setattr(schema, "upgrade", with_little_room)
  with pytest.raises(errors.LedgerFullError, match=r"new\.db: no space left"):
    Ledger.create(tmp_path / "new.db")
  assert list(tmp_path.glob("*.db*")) == []


@pytest.mark.parametrize("text", ["1/0", "1/2/3", "", "one", "nan", "inf", "1e999999999999"])
def test_text_that_is_no_finite_number_is_refused(text):
  with pytest.raises(ConfigurationError, match="not a finite number"):
    amounts.exact(text)
