"""Releases add up only where the later one covers every earlier one of the subject."""

import dataclasses
import itertools
import sqlite3

import pytest

from privai_tf.privacy import ledger as errors
from privai_tf.privacy.ledger import Ledger
from privai_tf.privacy.relation import Relation

IMAGE, UNKNOWN = Relation.unknown_image(), Relation.unknown_attribute()


@pytest.fixture(params=["file", "postgres"])
def path(request, make_ledger):
  return make_ledger(request.param)


@pytest.fixture
def ledger(path):
  with Ledger.open(path, default_epsilon=1, clock=lambda: 1_700_000_000.25) as opened:
    yield opened


def test_what_one_release_hides_another_does_not_publish(ledger, make_relation):
  """Finding 2 of the review: smile at 0.05, age at 0.05, "0.1 spent", and both coordinates known."""
  ledger.charge("ada", None, 0.05, relation=make_relation("smile"), release_id="photo-1")
  with pytest.raises(errors.RelationError) as refusal:
    ledger.charge("ada", None, 0.05, relation=make_relation("age"))
  line = str(refusal.value)
  assert "\n" not in line
  assert "release 'photo-1' of 2023-11-14T22:13:20.250000Z hid attribute smile" in line
  assert "nothing was charged" in line
  assert line.endswith(
    "Protect both, from the first release on: attribute=smile,age; or use scope=image"
  )
  assert ledger.remaining("ada").releases == 1
  assert ledger.charge("eve", None, 0.05, relation=make_relation("age")).remaining.releases == 1


def test_wider_releases_and_scope_image_may_follow(ledger, make_relation):
  ledger.charge("ada", None, 0.1, relation=make_relation("smile"))
  ledger.charge("ada", None, 0.1, relation=make_relation("smile"))
  ledger.charge("ada", None, 0.1, relation=make_relation("age", "smile"))
  with pytest.raises(errors.RelationError, match="hid attribute age,smile"):
    ledger.charge("ada", None, 0.1, relation=make_relation("smile"))
  ledger.charge("ada", None, 0.1, relation=IMAGE)
  with pytest.raises(errors.RelationError, match=r"Use scope=image \(with every input\)"):
    ledger.charge("ada", None, 0.1, relation=make_relation("age", "smile"))
  faces = dataclasses.replace(IMAGE, inputs="faces")
  with pytest.raises(errors.RelationError, match="any two inputs"):
    ledger.charge("ada", None, 0.1, relation=faces)
  assert ledger.charge("ada", None, 0.1, relation=IMAGE).remaining.spent_epsilon == 0.5


def test_every_earlier_relation_counts_and_not_the_last_alone(ledger, make_relation):
  """A file that holds two relations of which neither covers the other (merged by `reconcile`)."""
  ledger.charge("ada", None, 0.1, relation=make_relation("smile"))
  ledger.charge("eve", None, 0.1, relation=make_relation("age"))
  with ledger._store.transaction() as connection:
    connection.execute("UPDATE releases SET subject='ada' WHERE subject='eve'")
    connection.execute("UPDATE subjects SET releases=0, spent_epsilon='0' WHERE subject='eve'")
  for name in ("smile", "age"):
    with pytest.raises(errors.RelationError):
      ledger.charge("ada", None, 0.1, relation=make_relation(name))
  ledger.charge("ada", None, 0.1, relation=make_relation("gender", "age", "smile"))


def test_curves_are_refused_in_another_order(ledger, make_relation):
  ledger.charge("ada", None, 0.1, relation=make_relation("smile", form="curve"))
  with pytest.raises(errors.RelationError, match="attribute=smile,age"):
    ledger.charge("ada", None, 0.1, relation=make_relation("age", "smile", form="curve"))
  ledger.charge("ada", None, 0.1, relation=make_relation("smile", "age", form="curve"))


def test_another_release_path_is_named(ledger, make_relation):
  ledger.charge("ada", None, 0.1, relation=make_relation("smile"))
  other = make_relation("smile", checkpoint="d" * 64, release_path="other")
  with pytest.raises(errors.RelationError, match="same checkpoint, encoder, search settings"):
    ledger.charge("ada", None, 0.1, relation=other)


def test_a_release_is_repeated_with_its_relation_only(ledger, make_relation):
  smile = make_relation("smile")
  ledger.charge("ada", None, 0.1, relation=smile, release_id="a")
  assert ledger.charge("ada", None, 0.1, relation=smile, release_id="a").repeated
  with pytest.raises(errors.LedgerConflictError, match="other values"):
    ledger.charge("ada", None, 0.1, relation=make_relation("smile", "age"), release_id="a")


def test_every_charge_has_an_id_and_shows_its_relation(ledger, make_relation):
  relation = make_relation("smile")
  ids = [ledger.charge("ada", None, 0.1, relation=relation).release_id for _ in range(2)]
  rows = ledger.releases("ada")
  assert [row["release_id"] for row in rows] == ids
  assert len(set(ids)) == 2
  assert rows[0]["relation"] == {"digest": relation.digest, **relation.summary()}


def test_a_refusal_is_told_before_any_work(ledger, make_relation):
  ledger.require_relation("ada", make_relation("age"))
  ledger.charge("ada", None, 0.1, relation=make_relation("smile"))
  with pytest.raises(errors.RelationError):
    ledger.require_relation("ada", make_relation("age"))


def test_a_relation_that_was_changed_in_the_file_is_noticed(ledger, make_relation):
  ledger.charge("ada", None, 0.1, relation=make_relation("smile"))
  for content in (make_relation("age").to_json(), "{}"):
    with ledger._store.transaction() as connection:
      connection.execute("UPDATE relations SET content=?", (content,))
    with pytest.raises(errors.LedgerCorruptError, match="unreadable"):
      ledger.charge("ada", None, 0.1, relation=make_relation("smile", "age"))


def test_a_process_of_an_earlier_version_cannot_charge_on(old_ledger, state):
  """It has the file open while a new one upgrades it; its charges would name no relation."""
  earlier = sqlite3.connect(old_ledger, isolation_level=None)
  earlier.execute("SELECT * FROM meta").fetchall()
  with pytest.raises(errors.LedgerUnknownError):
    Ledger.open(old_ledger)
  with pytest.raises(sqlite3.DatabaseError, match="was upgraded"):
    earlier.execute(
      "INSERT INTO releases (subject, release_id, time, mechanism, scope, epsilon, delta, event)"
      " VALUES ('ada', 'x', 1.0, '', 'attribute', '1', '0', '')"
    )
  earlier.close()


def test_after_an_old_releases_unknown_span_only_scope_image_may_follow(
  old_ledger, state, make_relation
):
  from privai_tf.privacy.ledger import reconciling

  reconciling.adopt(old_ledger)
  with Ledger.open(old_ledger) as ledger:
    rows = ledger.releases()
    assert [row["relation"]["digest"] for row in rows] == [UNKNOWN.digest, IMAGE.digest]
    assert [row["release_id"] for row in rows] == ["charge 1", "first"]
    for subject, relation in itertools.product(("ada", "bob"), (make_relation("smile"), UNKNOWN)):
      with pytest.raises(errors.RelationError, match=r"Use scope=image"):
        ledger.charge(subject, None, 0.1, relation=relation)
    # The very release of then is still the same one.
    again = ledger.charge("bob", None, 0.5, relation=IMAGE, mechanism="laplace", release_id="first")
    assert again.repeated
    for subject in ("ada", "bob"):
      left = ledger.charge(subject, None, 0.25, relation=IMAGE).remaining
      assert left.spent_epsilon == 0.75
