"""Older copies, copies that went another way, other machines: recognized, and reconciled or refused."""

import json
import os
import shutil

import pytest

from privai_tf.errors import ConfigurationError
from privai_tf.privacy import ledger as errors
from privai_tf.privacy.ledger import Head, Ledger, file_store, mirror, reconciling
from privai_tf.privacy.relation import Relation

RELATION = Relation.unknown_image()


@pytest.fixture
def path(tmp_path, state):
  """A ledger in which ada has spent 0.5 of 2 and "bob" 0.25 of 1, with a copy of that time."""
  path = tmp_path / "ledger.db"
  with Ledger.create(path) as ledger:
    ledger.grant("ada", 2)
    charge(ledger, "ada", 0.5, "a1")
    ledger.grant("bob", 1)
    charge(ledger, "bob", 0.25, "b1")
  shutil.copy(path, tmp_path / "copy.db")
  return path


def charge(ledger, subject, epsilon, release_id=None):
  return ledger.charge(subject, None, epsilon, relation=RELATION, release_id=release_id)


def spend(path):
  """What the copy does not know: two charges, a new subject."""
  with Ledger.open(path) as ledger:
    charge(ledger, "ada", 1, "a2")
    ledger.grant("eve", 1)
    charge(ledger, "eve", 0.75, "e1")
    return ledger.head


def restore(path):
  shutil.copy(path.with_name("copy.db"), path)


def export(path, target):
  with Ledger.open(path) as ledger, ledger.together():
    subjects = [vars(ledger.remaining(name)) for name in ledger.subjects()]
    content = {"subjects": subjects, "releases": ledger.releases(), **ledger.history()}
  target.write_text(json.dumps(content))
  return target


def spent(path):
  with Ledger.open(path) as ledger:
    ledger.releases()  # Checks the sums.
    return {name: ledger.remaining(name).spent_epsilon for name in ledger.subjects()}


def test_a_restored_copy_is_refused_and_nothing_charged(path):
  spend(path)
  restore(path)
  for _ in range(2):
    with pytest.raises(errors.LedgerRestoredError, match=r"older copy.*ledger reconcile"):
      Ledger.open(path)
  with pytest.raises(errors.LedgerRestoredError):
    reconciling.adopt(path)


def test_a_file_that_is_exchanged_in_place_is_refused_while_open(path):
  """Same inode, older content: only the kept head tells."""
  ledger = Ledger.open(path)
  charge(ledger, "ada", 0.125)
  copy = Ledger.open(path.with_name("copy.db"), state=_elsewhere(path))
  # What another process of that copy's kind would have to do: go on from its own history.
  charge(copy, "ada", 0.25)
  ledger._store.mirror = copy._store.mirror
  with pytest.raises(errors.LedgerRestoredError):
    charge(ledger, "ada", 0.125)
  ledger.close()
  copy.close()


def _elsewhere(path):
  """The state of a second machine, to which the copy was taken."""
  folder = path.with_name("elsewhere")
  reconciling.adopt(path.with_name("copy.db"), folder)
  return folder


def test_two_copies_that_went_different_ways_are_told_apart(path):
  folder = _elsewhere(path)
  with Ledger.open(path.with_name("copy.db"), state=folder) as ledger:
    charge(ledger, "ada", 0.125)
  with Ledger.open(path) as ledger:
    charge(ledger, "ada", 0.25)
  with pytest.raises(errors.LedgerRestoredError, match="went another way"):
    Ledger.open(path.with_name("copy.db"))  # As long as the other one, here.
  with pytest.raises(errors.LedgerRestoredError):
    Ledger.open(path, state=folder)


def test_another_machine_needs_the_owners_word(path, state):
  shutil.rmtree(state)
  with pytest.raises(errors.LedgerUnknownError, match=r"never used here.*ledger adopt"):
    Ledger.open(path)
  assert reconciling.adopt(path) == reconciling.adopt(path)
  with Ledger.open(path) as ledger:
    charge(ledger, "ada", 1)
  restore(path)
  with pytest.raises(errors.LedgerRestoredError):
    Ledger.open(path)


def test_state_lost_while_in_use_is_refused(path, state):
  with Ledger.open(path) as ledger:
    shutil.rmtree(state)
    with pytest.raises(errors.LedgerUnknownError):
      charge(ledger, "ada", 0.1)


def test_a_kept_head_that_lags_behind_is_brought_up(path, monkeypatch):
  """A crash between commit and kept head: the next one to write brings it up, also for nothing new."""
  with monkeypatch.context() as patch, Ledger.open(path) as ledger:
    patch.setattr(mirror.Mirror, "advance", lambda self, head: None)
    charge(ledger, "ada", 1, "a2")
    lagging = ledger._store.mirror.read()
    assert lagging.sequence < ledger.head.sequence
  with Ledger.open(path) as ledger:
    assert charge(ledger, "ada", 1, "a2").repeated
    assert ledger._store.mirror.read().sequence == lagging.sequence + 1
  restore(path)
  with pytest.raises(errors.LedgerRestoredError):
    Ledger.open(path)


def test_the_head_is_kept_after_the_flush_and_never_before(path, monkeypatch):
  order = []
  monkeypatch.setattr(file_store.FileStore, "_flush", lambda self: order.append("flush"))
  monkeypatch.setattr(mirror.Mirror, "advance", lambda self, head: order.append("keep"))
  with Ledger.open(path) as ledger:
    charge(ledger, "ada", 0.1)
    with ledger.together():
      for _ in range(3):
        charge(ledger, "ada", 0.1)
  assert order == ["flush", "keep"] * 2


def test_refusals_are_no_links(path):
  with Ledger.open(path) as ledger:
    charge(ledger, "ada", 0.1)
    before = ledger.head
    with pytest.raises(errors.BudgetExceededError):
      charge(ledger, "ada", 5)
    with ledger.together(), pytest.raises(errors.BudgetExceededError):
      charge(ledger, "ada", 5)
    assert ledger.head == before
    ledger.accept_clock()
    assert ledger.head.sequence == before.sequence + 1


def test_damaged_or_unwritable_state_is_refused(path, state, monkeypatch):
  (kept,) = (state / "ledgers").iterdir()
  assert os.stat(kept).st_mode & 0o077 == 0
  content = kept.read_bytes()
  kept.write_bytes(b"{" + content[1:40])
  with pytest.raises(errors.LedgerStateError, match="ledger adopt"):
    Ledger.open(path)
  kept.write_bytes(content)
  Ledger.open(path).close()
  (state / "file").touch()
  monkeypatch.setenv("PRIVAI_STATE_DIR", str(state / "file"))
  with pytest.raises(errors.LedgerStateError, match="PRIVAI_STATE_DIR"):
    Ledger.create(path.with_name("new.db"))
  assert not path.with_name("new.db").exists()


def test_a_head_kept_by_a_job_recognizes_a_copy_without_any_state(path, state):
  head = spend(path)
  restore(path)
  shutil.rmtree(state)
  reconciling.adopt(path)
  assert Head.from_json(head.to_json()) == head
  with Ledger.open(path) as ledger:
    with pytest.raises(errors.LedgerRestoredError):
      ledger.require_head(head)
    ledger.require_head(Head("another ledger", 99, "x"))
  reconciling.close(path, [head])
  with Ledger.open(path) as ledger:
    ledger.require_head(head)


# Reconciling


def test_an_export_brings_back_what_is_missing(path, tmp_path):
  spend(path)
  expected = spent(path)
  charges = export(path, tmp_path / "charges.json")
  restore(path)
  assert reconciling.replay(path, charges) == 2
  assert spent(path) == expected == {"ada": 1.5, "bob": 0.25, "eve": 0.75}
  assert reconciling.replay(path, charges) == 0
  with Ledger.open(path) as ledger:
    assert charge(ledger, "ada", 1, "a2").repeated  # A resumed job pays nothing twice.
    charge(ledger, "ada", 0.5)
  restore(path)
  with pytest.raises(errors.LedgerRestoredError):
    Ledger.open(path)


def test_an_export_that_is_older_than_what_was_seen_is_refused(path, tmp_path):
  charges = export(path, tmp_path / "charges.json")
  spend(path)
  restore(path)
  with pytest.raises(errors.LedgerConflictError, match=r"newer export.*--close"):
    reconciling.replay(path, charges)
  with pytest.raises(errors.LedgerRestoredError):
    Ledger.open(path)


def test_charges_of_two_copies_are_merged(path, tmp_path):
  folder = _elsewhere(path)
  with Ledger.open(path.with_name("copy.db"), state=folder) as ledger:
    charge(ledger, "ada", 0.125, "other")
  spend(path)
  charges = export(path, tmp_path / "charges.json")
  shutil.copy(path.with_name("copy.db"), path)
  assert reconciling.replay(path, charges) == 2
  assert spent(path)["ada"] == 1.625


def test_a_budget_that_was_lowered_since_stays_low(path, tmp_path):
  with Ledger.open(path) as ledger:
    ledger.grant("ada", 0.75, lower=True)
  charges = export(path, tmp_path / "charges.json")
  restore(path)
  assert reconciling.replay(path, charges) == 0
  with Ledger.open(path) as ledger:
    assert ledger.remaining("ada").budget_epsilon == 0.75


def test_exports_of_something_else_are_refused(path, tmp_path):
  other = tmp_path / "other.db"
  Ledger.create(other).close()
  with pytest.raises(errors.LedgerConflictError, match="of another ledger"):
    reconciling.replay(path, export(other, tmp_path / "charges.json"))
  for text in ("", "[]", '{"subjects": [], "releases": []}'):
    (tmp_path / "charges.json").write_text(text)
    with pytest.raises(ConfigurationError, match="no export of a whole ledger"):
      reconciling.replay(path, tmp_path / "charges.json")


def test_closing_charges_all_that_could_have_been_lost(path, make_relation):
  spend(path)
  restore(path)
  assert reconciling.close(path) == 2
  assert spent(path) == {"ada": 2, "bob": 1}
  with Ledger.open(path, default_epsilon=9) as ledger:
    for subject in ("ada", "bob"):
      with pytest.raises(errors.BudgetExceededError):
        charge(ledger, subject, 1e-9)
    # Eve had spent 0.75 of 1; the copy does not know her.
    with pytest.raises(errors.BudgetExceededError, match="nobody is granted one by default"):
      charge(ledger, "eve", 0.1)
    with pytest.raises(errors.BudgetExceededError):
      ledger.remaining("eve")
    # The owner may know better; what the lost releases hid nobody knows.
    ledger.grant("ada", 2.5)
    with pytest.raises(errors.RelationError, match="scope=image"):
      ledger.charge("ada", None, 0.1, relation=make_relation("smile"))
    assert charge(ledger, "ada", 0.25).remaining.spent_epsilon == 2.25
  restore(path)
  with pytest.raises(errors.LedgerRestoredError):
    Ledger.open(path)


@pytest.mark.parametrize("rule", ["adaptive", "planned"])
def test_closing_leaves_nothing_under_the_tight_rules(path, rule):
  with Ledger.open(path) as ledger:
    ledger.grant(rule, 1, 1e-5, composition=rule)
    charge(ledger, rule, 0.5)
  reconciling.close(path)
  with Ledger.open(path) as ledger, pytest.raises(errors.BudgetExceededError):
    charge(ledger, rule, 1e-6)
