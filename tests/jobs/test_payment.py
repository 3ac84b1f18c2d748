"""In which order a release is drawn, paid for and published, and what its JSON may say."""

import json
import threading

import numpy as np
import pytest

from privai_tf.errors import ConfigurationError, OutputError
from privai_tf.jobs.inputs import Portrait
from privai_tf.jobs.outcomes import Outcome
from privai_tf.jobs.private_folder import PrivateFolder, PrivateRecord
from privai_tf.jobs.publication import PublicFolder
from privai_tf.jobs.record_folder import RecordFolder
from privai_tf.jobs.records import read_records
from privai_tf.jobs.settlement import Settlement
from privai_tf.privacy.ledger import Ledger
from privai_tf.runtime import files
from privai_tf.runtime.manifest import Manifest
from tests.jobs.drawing import outcome_of

_CONFIGURATION = {"checkpoint": {"name": "none"}}


class _Run:
  """A job's settlement; each `open` is another process's."""

  def __init__(self, folder):
    self.folder, self.out = folder, folder / "out"
    Ledger.create(folder / "ledger.db").close()

  def open(self, pays=True):
    self.public = PublicFolder(self.out, _CONFIGURATION)
    self.manifest = Manifest(self.folder / "state", "", _CONFIGURATION)
    path = self.folder / "ledger.db"
    self.ledger = Ledger.open(path, default_epsilon=1.5) if pays else None
    private = PrivateFolder(self.folder / "private", save_latents=True)
    return Settlement(self.manifest, self.public, private, self.ledger)

  def close(self):
    self.manifest.close()
    if self.ledger:
      self.ledger.close()

  def releases(self):
    with Ledger.open(self.folder / "ledger.db") as ledger:
      return [(row["subject"], row["release_id"]) for row in ledger.releases()]


@pytest.fixture
def run(tmp_path):
  return _Run(tmp_path)


class _KilledError(BaseException):
  """A process ends here."""


def _killed(*_, **__):
  raise _KilledError


def test_nothing_is_published_before_it_is_paid_for(run, monkeypatch):
  settlement = run.open()
  write, seen = PublicFolder.write, []

  def watched(self, name, *rest):
    seen.append((name, len(run.releases())))
    write(self, name, *rest)

  monkeypatch.setattr(PublicFolder, "write", watched)
  settlement.settle([outcome_of("a"), outcome_of("b")])
  assert sorted(seen) == [("a", 2), ("b", 2)]  # A batch is paid for as a whole.
  run.close()


def test_nothing_is_published_where_paying_fails(run, monkeypatch):
  settlement = run.open()
  monkeypatch.setattr(Ledger, "charge", _killed)
  with pytest.raises(_KilledError):
    settlement.settle([outcome_of("a")])
  run.close()
  assert {path.name for path in run.out.iterdir()} == {"run.json"}


@pytest.mark.parametrize("moment", ["paying", "publishing"])
def test_a_resumed_release_is_paid_for_once_under_its_own_id(run, monkeypatch, moment):
  """Killed while it pays it is not paid for yet, and later it is; the next run cannot tell."""
  settlement = run.open()
  kind, name = (Ledger, "charge") if moment == "paying" else (PublicFolder, "write")
  monkeypatch.setattr(kind, name, _killed)
  with pytest.raises(_KilledError):
    settlement.settle([outcome_of("a")])
  monkeypatch.undo()
  staged = run.manifest.staged("a")
  run.close()
  paid = run.releases()
  assert len(paid) == (moment == "publishing")
  assert run.open().resume() == ["a"]
  run.close()
  assert run.releases() == [("ada", staged.charge["release_id"])]
  assert (run.out / "a.png").read_bytes() == staged.png


@pytest.mark.parametrize(("first", "then"), [(True, False), (False, True)])
def test_what_was_drawn_for_a_ledger_is_not_published_without_it_and_the_reverse(
  run, monkeypatch, first, then
):
  settlement = run.open(pays=first)
  monkeypatch.setattr(PublicFolder, "write", _killed)
  with pytest.raises(_KilledError):
    settlement.settle([outcome_of("a", subject="ada" if first else None)])
  monkeypatch.undo()
  run.close()
  with pytest.raises(ConfigurationError, match=r"a: was drawn for .* nothing is published"):
    run.open(pays=then).resume()
  run.close()
  assert not (run.out / "a.png").exists()
  run.open(pays=first).resume()
  run.close()
  assert (run.out / "a.png").exists()


def test_a_damaged_staged_release_is_not_published(run, monkeypatch):
  settlement = run.open()
  monkeypatch.setattr(PublicFolder, "write", _killed)
  with pytest.raises(_KilledError):
    settlement.settle([outcome_of("a")])
  monkeypatch.undo()
  run.manifest._connection.execute("UPDATE outputs SET png = x'00'")
  run.close()
  with pytest.raises(OutputError, match="a is not what was drawn"):
    run.open().resume()
  run.close()
  assert not (run.out / "a.png").exists()


def test_the_manifest_knows_the_ledger_s_head_before_anything_is_done(run):
  settlement = run.open()
  settlement.settle([outcome_of("a")])
  run.manifest.stage([])  # Whatever commits next.
  assert run.manifest.is_known("a")
  assert json.loads(run.manifest.noted("ledger"))["hash"] == run.ledger.head.hash
  assert json.loads(run.manifest._meta("note ledger"))["sequence"] == run.ledger.head.sequence
  run.close()


def test_the_publishable_json_says_nothing_that_was_computed_from_the_photo(run):
  """`privacy.md`, section 8: two photos with all private figures different leave the same JSON."""
  contents = []
  for number, figures in enumerate([{"psnr_db": 12.5, "source": "x"}, {"psnr_db": 40, "loss": 1}]):
    settlement = run.open()
    record = PrivateRecord("a", figures, np.full(4, number, np.float32))
    settlement.settle([outcome_of("a", subject=f"subject {number}", records=(record,))])
    contents.append((run.out / "a.json").read_bytes())
    run.manifest._connection.execute("DELETE FROM outputs")
    run.close()
  assert contents[0] == contents[1]
  assert set(json.loads(contents[0])) == {
    "output", "guarantee", "attacker_bound", "checkpoint", "precision", "versions"
  }  # fmt: skip
  public = b"".join(path.read_bytes() for path in run.out.iterdir())
  for secret in (b"psnr", b"12.5", b"loss", b"subject", b"source", b"release_id", b"ada"):
    assert secret not in public


@pytest.mark.parametrize("before", [False, True])
def test_a_picture_s_json_comes_last_and_an_older_one_goes_first(tmp_path, monkeypatch, before):
  """Whoever sees a JSON file sees the very picture that it promises something about."""
  folder = PublicFolder(tmp_path, _CONFIGURATION, overwrite=True)
  if before:
    folder.write("a", b"old", {"of": "old"})
  seen = []

  def watched(path, *rest, **more):
    picture = (tmp_path / "a.png").read_bytes() if (tmp_path / "a.png").exists() else None
    seen.append((path.name, picture, (tmp_path / "a.json").exists()))
    return write(path, *rest, **more)

  write = files.atomic_path
  monkeypatch.setattr(files, "atomic_path", watched)
  folder.write("a", b"new", {"of": "new"})
  assert seen == [("a.png", b"old" if before else None, False), ("a.json", b"new", False)]


def test_an_input_is_known_by_its_release_and_as_done(run):
  """Either suffices: one of one output has no row of its own, one of several has no output named so."""
  settlement = run.open()
  two = tuple(outcome_of(f"b-face{face}").outputs[0] for face in (0, 1))
  settlement.settle([outcome_of("a"), Outcome(Portrait("b", "b"), two)])
  run.close()
  settlement = run.open()
  known = {name: settlement.is_item_known(Portrait(name, name)) for name in "abc"}
  run.close()
  assert known == {"a": True, "b": True, "c": False}


def test_what_is_drawn_anew_under_the_same_name_is_not_removed_as_outdated(run, monkeypatch):
  settlement = run.open()
  settlement.settle([outcome_of("a")])
  removed = []
  monkeypatch.setattr(run.manifest, "outdated", lambda: ["a", "old"])
  monkeypatch.setattr(PublicFolder, "remove_release", lambda _, name: removed.append(name))
  settlement.finish_overwriting()
  run.close()
  assert removed == ["old"]


def test_packs_are_filled_by_one_thread_in_the_order_of_the_draws(run, monkeypatch):
  """Two that fill a pack at once would leave a release out of both, or put it into both."""
  run.open().settle([])
  run.close()
  public = RecordFolder(run.folder / "packs", _CONFIGURATION)
  manifest = Manifest(run.folder / "packs.state", "", _CONFIGURATION)
  private = PrivateFolder(run.folder / "private", save_latents=False)
  threads = set()
  right = PrivateFolder.write_published

  def write(self, name, data):
    threads.add(threading.get_ident())
    return right(self, name, data)

  monkeypatch.setattr(PrivateFolder, "write_published", write)
  with Ledger.open(run.folder / "ledger.db", default_epsilon=8) as ledger:
    settlement = Settlement(manifest, public, private, ledger, records_per_file=2, threads=3)
    settlement.settle([outcome_of(f"face{row}") for row in range(5)])
    settlement.finish()
  manifest.close()
  assert threads == {threading.get_ident()}
  names = [
    [name for name, *_ in read_records(path)] for path in sorted(public.path.glob("*.tfrecord"))
  ]
  assert names == [["face0", "face1"], ["face2", "face3"], ["face4"]]
