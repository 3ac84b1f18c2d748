"""The manifest: one process at a time, a full disk in one line, nothing dropped silently."""

import contextlib
import shutil
import sqlite3

import pytest

from privai_tf.errors import ConfigurationError, OutputError
from privai_tf.runtime.manifest import Manifest, Source, Staged


def test_a_full_manifest_is_one_line(tmp_path):
  manifest = Manifest(tmp_path / "state", "", {})
  manifest._connection.execute("PRAGMA max_page_count=8")
  with pytest.raises(OutputError, match=r"manifest\.db: the disk is full"):
    manifest.stage([Staged("ada", bytes(100_000), {}, None)])


def test_two_processes_on_one_manifest_are_told(tmp_path, monkeypatch):
  manifest = Manifest(tmp_path / "state", "", {})
  monkeypatch.setattr("privai_tf.runtime.manifest.WAIT_SECONDS", 0.05)
  with pytest.raises(OutputError, match="another process works on this job"):
    Manifest(tmp_path / "state", "", {})
  Manifest(tmp_path / "state", "-00000-of-00002", {}).close()
  manifest.close()
  Manifest(tmp_path / "state", "", {}).close()


def test_what_is_drawn_under_other_settings_is_not_dropped_silently(tmp_path):
  manifest = Manifest(tmp_path / "state", "", {"epsilon": 1})
  manifest.stage([Staged("ada", b"png", {}, None)])
  manifest.close()
  with pytest.raises(ConfigurationError, match="1 releases of other settings are drawn"):
    Manifest(tmp_path / "state", "", {"epsilon": 2})
  Manifest(tmp_path / "state", "", {"epsilon": 2}, overwrite=True).close()


def test_a_manifest_of_another_version_is_one_line(tmp_path):
  Manifest(tmp_path, "", {}).close()
  with contextlib.closing(sqlite3.connect(tmp_path / "manifest.db")) as connection:
    connection.execute("PRAGMA user_version=2")
  with pytest.raises(ConfigurationError, match=r"manifest\.db: made by another version"):
    Manifest(tmp_path, "", {})


def test_what_is_staged_is_on_the_disk_before_anybody_pays(tmp_path, monkeypatch):
  """SQLite flushes its log in each commit; without that, a power cut takes what was charged for."""
  manifest = Manifest(tmp_path, "", {})
  assert manifest._ask("PRAGMA synchronous") == [(2,)]  # FULL
  assert manifest._ask("PRAGMA journal_mode") == [("wal",)]
  manifest.stage([Staged("ada", b"png", {}, None)])
  shutil.copytree(tmp_path, tmp_path / "after the cut", ignore=shutil.ignore_patterns("after*"))
  copy = Manifest(tmp_path / "after the cut", "", {})
  assert copy.waiting() == [("ada", None)]
  assert copy.staged("ada").png == b"png"


def test_a_refused_draw_is_kept_nowhere(tmp_path):
  manifest = Manifest(tmp_path, "", {})
  source = Source("in/ada.png", "ada", "stamp", "digest")
  drawn = b"the draw that nobody may see" * 500
  manifest.stage([Staged("ada", drawn, {}, {"cost": 1}, None, source.key)], [source])
  assert any(drawn[:28] in path.read_bytes() for path in tmp_path.iterdir())
  manifest.drop(["ada"])
  # Neither in the file's free pages nor in the log, though the process is killed now.
  assert not any(drawn[:28] in path.read_bytes() for path in tmp_path.iterdir())
  assert not manifest.is_known("ada")
  assert manifest.source(source.key) is None
  manifest.close()


def test_what_an_overwriting_run_forgets_is_kept_nowhere(tmp_path):
  drawn = b"the draw that nobody paid for" * 500
  before = Manifest(tmp_path, "", {"epsilon": 1})
  before.stage([Staged("ada", drawn, {}, {"cost": 1})])
  before.close()
  after = Manifest(tmp_path, "", {"epsilon": 2}, overwrite=True)
  assert not any(drawn[:28] in path.read_bytes() for path in tmp_path.iterdir())
  after.close()


def test_what_is_published_is_not_dropped(tmp_path):
  manifest = Manifest(tmp_path, "", {})
  manifest.stage([Staged("ada", b"png", {}, None)], [Source("ada", "ada")])
  manifest.finish("ada")
  manifest.stage([])
  manifest.drop(["ada"])
  assert manifest.is_known("ada")
  assert manifest.source("ada") == Source("ada", "ada")


@pytest.mark.parametrize("column", ["png", "content", "charge"])
def test_a_staged_release_that_was_changed_is_not_published(tmp_path, column):
  manifest = Manifest(tmp_path, "", {})
  manifest.stage([Staged("ada", b"png", {"a": 1}, {"cost": 1})])
  manifest._connection.execute(f"UPDATE outputs SET {column} = '{{}}'")
  with pytest.raises(OutputError, match=r"manifest\.db.*ada is not what was drawn") as told:
    manifest.staged("ada")
  assert "\n" not in str(told.value)


def test_an_overwriting_run_keeps_names_and_goes_on_with_nothing_else(tmp_path):
  source = Source("in/ada.png", "ada", "stamp", "digest")
  manifest = Manifest(tmp_path, "", {})
  manifest.stage([Staged("ada-face0", b"png", {}, None, item=source.key)], [source])
  manifest.finish("ada-face0")
  manifest.close(complete=True)
  manifest = Manifest(tmp_path, "", {"new": 1}, overwrite=True)
  assert not manifest.is_known("ada-face0")
  assert manifest.source(source.key) == Source(source.key, "ada")
  assert manifest.known().names == {"ada-face0"}
  manifest.stage([Staged("ada", b"png", {}, None, item=source.key)], [source])
  manifest.finish("ada")
  manifest.close()
  with pytest.raises(ConfigurationError, match="finish it with overwrite"):
    Manifest(tmp_path, "", {"new": 1})
  manifest = Manifest(tmp_path, "", {"new": 1}, overwrite=True)
  assert manifest.is_known("ada")
  assert manifest.outdated() == ["ada-face0"]
  manifest.forget_outdated()
  manifest.close(complete=True)
  manifest = Manifest(tmp_path, "", {"new": 1})
  assert manifest.known().names == {"ada"}
