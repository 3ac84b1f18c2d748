"""Changing the number of shards in mid-job loses nothing that may be paid for."""

import sqlite3

import pytest

from privai_tf.errors import ConfigurationError
from privai_tf.jobs.job import Shard
from privai_tf.jobs.other_shards import refuse_other_shards
from privai_tf.jobs.record_folder import RecordFolder
from privai_tf.runtime.manifest import Manifest, Staged


def _staged(folder, shard: Shard, publish: bool) -> None:
  manifest = Manifest(folder, shard.suffix, {})
  manifest.stage([Staged("ada", b"png", {}, None)])
  if publish:
    manifest.finish("ada")
  manifest.close()


def test_no_folder_and_an_empty_one_are_fine(tmp_path):
  refuse_other_shards(tmp_path / "none", Shard())
  refuse_other_shards(tmp_path, Shard(1, 2))


@pytest.mark.parametrize("shard", [Shard(), Shard(1, 3)])
def test_what_waits_in_other_shards_has_to_be_published_first(tmp_path, shard):
  other = Shard(0, 2)
  _staged(tmp_path, other, publish=False)
  with pytest.raises(ConfigurationError, match=r"1 releases .* num_shards=2 shard_index=0"):
    refuse_other_shards(tmp_path, shard)
  refuse_other_shards(tmp_path, Shard(1, 2))  # A fellow.
  _staged(tmp_path, other, publish=True)
  refuse_other_shards(tmp_path, shard)


def test_shards_that_are_at_work_are_not_joined_by_others(tmp_path, monkeypatch):
  monkeypatch.setattr("privai_tf.runtime.manifest_files.WAIT_SECONDS", 0.05)
  manifest = Manifest(tmp_path, "", {})
  with pytest.raises(ConfigurationError, match="num_shards=1 shard_index=0 is at work"):
    refuse_other_shards(tmp_path, Shard(0, 2))
  manifest.close()
  refuse_other_shards(tmp_path, Shard(0, 2))


def test_odd_files(tmp_path):
  (tmp_path / "manifest-00000-of-00002.db").touch()  # Killed before its tables were made.
  (tmp_path / "manifest-old.db").write_bytes(b"somebody's")
  refuse_other_shards(tmp_path, Shard())
  (tmp_path / "manifest-00001-of-00002.db").write_bytes(b"x" * 4096)
  with pytest.raises(ConfigurationError, match="damaged"):
    refuse_other_shards(tmp_path, Shard())


def test_a_killed_shards_log_counts(tmp_path):
  """What a killed process staged may be in the log beside the manifest only."""
  manifest = Manifest(tmp_path, "-00000-of-00002", {})
  manifest.stage([Staged("ada", b"png", {}, None)])
  for path in list(tmp_path.glob("manifest*")):
    (tmp_path / "copy").mkdir(exist_ok=True)
    (tmp_path / "copy" / path.name).write_bytes(path.read_bytes())
  manifest.close()
  assert (tmp_path / "copy" / "manifest-00000-of-00002.db-wal").stat().st_size > 0
  with pytest.raises(ConfigurationError, match="1 releases"):
    refuse_other_shards(tmp_path / "copy", Shard())
  with sqlite3.connect(tmp_path / "copy" / "manifest-00000-of-00002.db") as connection:
    assert connection.execute("SELECT count(*) FROM outputs").fetchone() == (1,)


def test_record_files_are_for_one_number_of_shards(tmp_path):
  (tmp_path / "privatized-00000-of-00002-00000.tfrecord").touch()
  for overwrite in (False, True):
    folder = RecordFolder(tmp_path, {}, overwrite, Shard(0, 3), begin=False)
    with pytest.raises(ConfigurationError, match="made with num_shards=2"):
      folder.require_shards()
  RecordFolder(tmp_path, {}, False, Shard(1, 2), begin=False).require_shards()
