"""Charges that reach the disk together."""

import threading

import pytest

from privai_tf.privacy.ledger import BudgetExceededError, Ledger, LedgerConflictError, LedgerError
from privai_tf.privacy.relation import Relation

RELATION = Relation.unknown_image()


@pytest.fixture(params=["file", "postgres"])
def path(request, make_ledger):
  return make_ledger(request.param)


@pytest.fixture
def ledger(path):
  with Ledger.open(path, default_epsilon=1.0) as opened:
    yield opened


def _on_disk(path) -> int:
  """Charges that another connection sees."""
  with Ledger.open(path) as other:
    return len(other.releases())


def _charge(ledger, *charges):
  with ledger.together():
    for subject, epsilon, release_id in charges:
      ledger.charge(subject, None, epsilon, release_id=release_id, relation=RELATION)


def test_all_are_on_the_disk_at_the_end_and_none_before(ledger, path):
  with ledger.together():
    for name in ("ada", "bob", "ada"):
      ledger.charge(name, None, 0.5, relation=RELATION)
    assert ledger.remaining("ada").epsilon == 0
    assert _on_disk(path) == 0
  assert _on_disk(path) == 3
  assert [row["subject"] for row in ledger.releases()] == ["ada", "bob", "ada"]


def test_a_refusal_takes_nothing_else_with_it(ledger):
  with ledger.together():
    ledger.charge("ada", None, 0.75, relation=RELATION)
    with pytest.raises(BudgetExceededError):
      ledger.charge("ada", None, 0.5, relation=RELATION)
    with pytest.raises(BudgetExceededError):
      ledger.charge("eve", None, 2.0, relation=RELATION)
    ledger.charge("ada", None, 0.25, relation=RELATION)
  assert ledger.remaining("ada").releases == 2
  assert ledger.remaining("ada").epsilon == 0
  assert ledger.subjects() == ["ada"]  # The refused one's account was undone with its charge.


def test_an_error_that_leaves_the_block_undoes_all(ledger, path):
  ledger.charge("ada", None, 0.25, release_id="first", relation=RELATION)
  with pytest.raises(LedgerConflictError):
    _charge(ledger, ("ada", 0.25, None), ("ada", 0.5, "first"))
  assert _on_disk(path) == 1
  ledger.charge("ada", None, 0.75, relation=RELATION)  # And the ledger works on, one by one.
  assert _on_disk(path) == 2


def test_a_full_disk_undoes_all_and_is_told(make_ledger):
  path = make_ledger("file")
  with Ledger.open(path, default_epsilon=1.0) as ledger:
    limit = ledger._store._connection.execute("PRAGMA page_count").fetchone()[0] + 2
    ledger._store._connection.execute(f"PRAGMA max_page_count={limit}")
    with pytest.raises(LedgerError, match="nothing was charged"):
      _charge(ledger, *((f"subject {row}", 0.5, None) for row in range(1000)))
    assert _on_disk(path) == 0


def test_a_block_may_hold_another(ledger, path):
  with ledger.together():
    with ledger.together():
      ledger.charge("ada", None, 0.5, relation=RELATION)
    assert _on_disk(path) == 0
    ledger.charge("ada", None, 0.5, relation=RELATION)
  assert _on_disk(path) == 2


def test_other_threads_and_connections_wait_for_their_turn(ledger, path):
  """Eight at once on one budget, half in blocks: never more than it, and never less."""
  ledger.grant("ada", 0.3)
  accepted = []

  def spend(own: Ledger, joined: bool) -> None:
    for _ in range(10):
      try:
        if joined:
          with own.together():
            charges = [own.charge("ada", None, 0.01, relation=RELATION) for _ in range(2)]
        else:
          charges = [own.charge("ada", None, 0.01, relation=RELATION)]
      except BudgetExceededError:
        continue
      accepted.extend(charges)

  ledgers = [ledger, Ledger.open(path, default_epsilon=1.0)]
  threads = [
    threading.Thread(target=spend, args=(ledgers[row % 2], row % 4 < 2)) for row in range(8)
  ]
  for thread in threads:
    thread.start()
  for thread in threads:
    thread.join()
  assert len(accepted) == 30
  assert ledger.remaining("ada").epsilon == 0
  ledgers[1].close()
