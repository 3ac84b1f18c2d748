"""The manifest: one process at a time, a full disk in one line, nothing dropped silently."""

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
