"""Settlement and its ledger: what is refused leaves nothing, and an older copy is recognized."""

import json
import shutil
from fractions import Fraction

import pytest

from privai_tf.artifacts import Guarantee
from privai_tf.jobs.inputs import Portrait
from privai_tf.jobs.outcomes import Outcome
from privai_tf.jobs.publication import PublicFolder
from privai_tf.jobs.settlement import LEDGER_NOTE, Settlement, charge_for, pay_for
from privai_tf.privacy.accounting.events import pure_event
from privai_tf.privacy.ledger import Head, Ledger, LedgerRestoredError, RelationError, reconciling
from privai_tf.privacy.relation import Relation
from privai_tf.runtime.manifest import Manifest
from privai_tf.runtime.manifest_files import read_note
from tests.jobs.drawing import GUARANTEE, outcome_of

_CONFIGURATION = {"checkpoint": {"name": "none"}}
_UNKNOWN, _IMAGE = Relation.unknown_attribute(), Relation.unknown_image()


@pytest.fixture
def settle(tmp_path):
  """Settles outcomes as one run of a job does."""
  Ledger.create(tmp_path / "ledger.db").close()

  def run(*outcomes):
    public = PublicFolder(tmp_path / "out", _CONFIGURATION)
    manifest = Manifest(tmp_path / "state", "", _CONFIGURATION)
    try:
      with Ledger.open(tmp_path / "ledger.db", default_epsilon=2) as ledger:
        settlement = Settlement(manifest, public, None, ledger)
        settlement.resume()
        return settlement.settle(list(outcomes))
    finally:
      manifest.close()

  return run


def test_a_release_that_could_publish_what_was_hidden_is_dropped_and_the_rest_goes_on(
  settle, tmp_path
):
  results = dict(
    settle(outcome_of("a", relation=_UNKNOWN), outcome_of("b", relation=_UNKNOWN), outcome_of("c"))
  )
  assert results["a"] is None
  assert results["c"] is None
  assert isinstance(results["b"], RelationError)
  assert {path.name for path in (tmp_path / "out").glob("*.png")} == {"a.png", "c.png"}
  assert b"IDAT" not in (tmp_path / "state" / "manifest.db").read_bytes()
  with Ledger.open(tmp_path / "ledger.db") as ledger:
    assert [row["relation"]["scope"] for row in ledger.releases()] == ["attribute", "image"]


def test_the_manifest_knows_how_far_the_ledger_was(settle, tmp_path, monkeypatch):
  path, manifest = tmp_path / "ledger.db", tmp_path / "state" / "manifest.db"
  settle(outcome_of("a"))
  shutil.copy(path, tmp_path / "backup.db")
  settle(outcome_of("b"))
  with Ledger.open(path) as ledger:
    ledger.accept_clock()
    last = ledger.head
  seen = Head.from_json(read_note(manifest, LEDGER_NOTE))
  assert (seen.ledger, seen.sequence) == (last.ledger, last.sequence - 1)
  shutil.copy(tmp_path / "backup.db", path)
  monkeypatch.setenv("PRIVAI_STATE_DIR", str(tmp_path / "another machine"))
  reconciling.adopt(path)
  with pytest.raises(LedgerRestoredError, match="ledger reconcile"):
    settle(outcome_of("c"))
  assert not (tmp_path / "out" / "c.png").exists()
  reconciling.close(path, [seen])
  ((_, error),) = settle(outcome_of("c"))
  assert "costs epsilon" in str(error)  # Everything that was left is charged.


def test_a_charge_that_was_staged_before_there_were_relations(tmp_path):
  charge = charge_for(GUARANTEE, None, _UNKNOWN, "ada", 1, "release")
  assert json.loads(json.dumps(charge)) == charge
  old = {key: value for key, value in charge.items() if key != "relation"} | {"scope": "attribute"}
  with Ledger.create(tmp_path / "ledger.db", default_epsilon=2) as ledger:
    pay_for(ledger, old)
    pay_for(ledger, charge)  # The same one.
    pay_for(ledger, {**old, "scope": "image", "release_id": "other"})
    assert ledger.remaining("ada").releases == 2


@pytest.mark.parametrize("faces", [1, 2, 3])
def test_a_frame_pays_for_every_face_in_it_exactly(faces):
  """All faces of a frame are charged at once, in rationals: 0.1 has no exact sum in floats."""
  charged = {}

  class Spy:
    def charge(self, subject, event, epsilon, delta, **rest):
      charged.update(subject=subject, event=event, epsilon=epsilon, delta=delta, **rest)

  guarantee = Guarantee(True, "image", "Hidden.", "gaussian", 0.1, 1e-6, 1.0, 2.0, 4.0)
  pay_for(Spy(), charge_for(guarantee, pure_event(0.1), _IMAGE, "ada", faces, "r1"))
  assert charged["epsilon"] == faces * Fraction(0.1)
  assert charged["delta"] == faces * Fraction(1e-6)
  assert (charged["subject"], charged["release_id"]) == ("ada", "r1")
  assert getattr(charged["event"], "count", 1) == faces


def test_an_item_is_finished_when_all_its_faces_are_paid_for(settle, tmp_path):
  """Of a photo of which one face was refused, the rest is published; the photo is not done with."""

  def two_faces(name, subject):
    first, second = (
      outcome_of(f"{name}-face{face}", subject=subject).outputs[0] for face in (0, 1)
    )
    return Outcome(Portrait(name, name), (first, second))

  settle(*(outcome_of(f"earlier-{number}", subject="bob") for number in range(3)))
  results = settle(two_faces("ada's", "ada"), two_faces("bob's", "bob"))
  assert [name for name, refusal in results if refusal] == ["bob's-face1"]
  manifest = Manifest(tmp_path / "state", "", _CONFIGURATION)
  try:
    assert manifest.is_item_done(Portrait("ada's", "ada's").key)
    assert not manifest.is_item_done(Portrait("bob's", "bob's").key)
  finally:
    manifest.close()
