"""In which order a release is drawn, paid for and published, and what its JSON may say."""

import json

import numpy as np
import pytest

from privai_tf.errors import ConfigurationError, OutputError
from privai_tf.jobs.private_folder import PrivateFolder, PrivateRecord
from privai_tf.jobs.publication import PublicFolder
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
    "output", "guarantee", "attacker_bound", "checkpoint", "versions"
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
