"""The manifest: one process at a time, a full disk in one line, nothing dropped silently."""

import sqlite3

import pytest

from privai_tf.errors import ConfigurationError, OutputError
from privai_tf.runtime.manifest import Manifest, Staged


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


def test_a_manifest_of_an_earlier_version_goes_on(tmp_path):
  folder = tmp_path / "state"
  Manifest(folder, "", {}).close()
  with sqlite3.connect(folder / "manifest.db") as connection:
    connection.execute("ALTER TABLE outputs DROP COLUMN stand_in")
    connection.execute(
      "INSERT INTO outputs (name, done, png, content) VALUES ('ada', 0, 'x', '{}')"
    )
  connection.close()
  manifest = Manifest(folder, "", {})
  assert manifest.waiting() == [("ada", None)]
  assert manifest.stand_in("ada") is None
  manifest.stage([Staged("bob", b"png", {}, None, {"reason": "no face"})])
  manifest.finish("bob")
  manifest.close()
  assert Manifest(folder, "", {}).stand_in("bob") == {"reason": "no face"}
