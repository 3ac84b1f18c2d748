"""Before anything is paid: no file that no manifest knows, no record that cannot be read."""

import contextlib
import json

import pytest

from privai_tf.errors import ConfigurationError, OutputError
from privai_tf.jobs.job import Shard
from privai_tf.jobs.known_files import require_known_files, take_over
from privai_tf.jobs.publication import PublicFolder
from privai_tf.jobs.record_folder import RecordFolder
from privai_tf.runtime.manifest import Manifest, Source, Staged

_CONFIGURATION = {"checkpoint": {"name": "none"}}
_CONTENT = {
  "guarantee": {"private": True, "statement": "Hidden.", "scope": "attribute"},
  "attacker_bound": 0.6,
  "checkpoint": {"name": "none"},
  "versions": {},
}


@pytest.fixture
def begun(tmp_path):
  """A folder with one release, "a", and the open manifest that knows it."""
  public = PublicFolder(tmp_path / "out", _CONFIGURATION)
  manifest = Manifest(tmp_path / "state", "", _CONFIGURATION)
  _release(public, manifest, "a")
  yield public, manifest
  with contextlib.suppress(OutputError):  # Some tests close it.
    manifest.close()


def _release(public, manifest, name, publish=True):
  content = {"output": f"{name}.png", **_CONTENT}
  manifest.stage([Staged(name, b"png", content, None)], [Source(name, name)])
  if publish:
    public.write(name, b"png", content)
    manifest.finish(name)
    manifest.stage([])


def test_what_a_job_made_is_known(begun, tmp_path):
  public, manifest = begun
  (public.path / "report.html").touch()
  (public.path / ".hidden").touch()
  _release(public, manifest, "b", publish=False)
  (public.path / "b.png").touch()  # Killed before its JSON.
  require_known_files(public, tmp_path / "state", manifest)


@pytest.mark.parametrize("files", [["b.png", "b.json"], ["b.png"], ["b.json"], ["b.txt"]])
def test_a_foreign_file_is_refused_and_no_finished_release(begun, tmp_path, files):
  public, manifest = begun
  for name in files:
    (public.path / name).write_text(json.dumps({"output": "b.png", **_CONTENT}))
  with pytest.raises(ConfigurationError, match=rf"{min(files)}: .* does not know this file"):
    require_known_files(public, tmp_path / "state", manifest)
  assert not manifest.is_known("b")


@pytest.mark.parametrize(
  "text",
  ["", "{", "[]", "3", "{}", '{"guarantee": {}}', '{"output": "b.png"}', "[" * 100_000, "\xff"]
  + [json.dumps({**_CONTENT, "output": "a.png", key: None}) for key in ("checkpoint", "guarantee")]
  + [json.dumps({**_CONTENT, "output": "../secret.png"})],
)
def test_a_broken_record_is_one_line(begun, tmp_path, text):
  public, manifest = begun
  (public.path / "a.json").write_text(text, encoding="latin-1")
  with pytest.raises(ConfigurationError, match=r"a\.json: no record of a release") as told:
    require_known_files(public, tmp_path / "state", manifest)
  assert "\n" not in str(told.value)


def test_an_emptied_or_older_manifest_beside_outputs_is_not_a_new_one(begun, tmp_path):
  public, _ = begun
  other = Manifest(tmp_path / "emptied", "", _CONFIGURATION)
  again = PublicFolder(public.path, _CONFIGURATION, begin=False)
  assert not again.is_emptied(other.known())
  with pytest.raises(ConfigurationError, match=r"a\.json: .* put back what was remembered"):
    require_known_files(public, tmp_path / "emptied", other)
  other.close()


def test_a_lost_record_of_the_run_makes_no_folder_new(begun):
  public, manifest = begun
  (public.path / "run.json").unlink()
  again = PublicFolder(public.path, _CONFIGURATION, begin=False)
  assert not again.is_emptied(manifest.known())
  for name in ("a.png", "a.json"):
    (public.path / name).unlink()
  assert again.is_emptied(manifest.known())


def test_files_of_records_are_known_by_number(tmp_path):
  public = RecordFolder(tmp_path / "out", _CONFIGURATION, shard=Shard(1, 2))
  manifest = Manifest(tmp_path / "state", "-00001-of-00002", _CONFIGURATION)
  _release(public, manifest, "a", publish=False)
  manifest.assign(["a"])
  (public.path / "privatized-00001-of-00002-00000.tfrecord").touch()
  require_known_files(public, tmp_path / "state", manifest)
  (public.path / "privatized-00001-of-00002-00001.tfrecord").touch()
  with pytest.raises(ConfigurationError, match=r"00001\.tfrecord: .* does not know"):
    require_known_files(public, tmp_path / "state", manifest)
  public.remove_record_files(manifest.files())  # As an overwriting run does.
  require_known_files(public, tmp_path / "state", manifest)
  manifest.close()


def test_a_fellow_at_work_knows_its_own_files(begun, tmp_path, monkeypatch):
  monkeypatch.setattr("privai_tf.runtime.manifest_files.WAIT_SECONDS", 0.05)
  public, _ = begun
  fellow = Manifest(tmp_path / "state", "-00001-of-00002", _CONFIGURATION)
  (public.path / "b.png").touch()
  require_known_files(public, tmp_path / "state", fellow)  # "a" is held by the fixture's.
  fellow.close()


@pytest.mark.parametrize("overwrite", [False, True])
def test_another_number_of_shards_takes_over_what_is_published(begun, tmp_path, overwrite):
  public, manifest = begun
  manifest.close()
  shard = Shard(0, 2)
  mine = PublicFolder(public.path, _CONFIGURATION, overwrite, shard)
  own = Manifest(tmp_path / "state", shard.suffix, _CONFIGURATION, overwrite=overwrite)
  take_over(mine, tmp_path / "state", own)
  assert own.source("a") == Source("a", "a")
  assert own.is_known("a") is not overwrite
  require_known_files(mine, tmp_path / "state", own)
  own.close()


def test_what_an_emptied_folder_held_is_not_taken_over(begun, tmp_path):
  public, manifest = begun
  manifest.close()
  for path in public.path.iterdir():
    path.unlink()
  mine = PublicFolder(public.path, _CONFIGURATION, shard=Shard(0, 2))
  own = Manifest(tmp_path / "state", "-00000-of-00002", _CONFIGURATION)
  take_over(mine, tmp_path / "state", own)
  assert not own.is_known("a")
  own.close()
