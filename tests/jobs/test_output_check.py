"""What lies in the output folder is published with it, so originals and strangers are refused."""

import dataclasses
import pathlib

import pytest

from privai_tf.errors import ConfigurationError
from privai_tf.jobs.inputs import Photo
from privai_tf.jobs.item_lists import Items
from privai_tf.jobs.job import Job
from privai_tf.jobs.output_check import refuse_what_is_not_to_be_published
from privai_tf.privacy.spec import PrivacySpec


@pytest.fixture
def job(tmp_path):
  """A job into an existing empty folder."""
  (tmp_path / "out").mkdir()
  return Job("tiny", ("smile",), PrivacySpec(), tmp_path / "out")


def _check(job, *paths):
  photos = [Photo(path.stem, str(path), path) for path in paths]
  refuse_what_is_not_to_be_published(Items(lambda: iter(photos), len(photos)), job.output_dir)


def _touch(path: pathlib.Path) -> pathlib.Path:
  path.parent.mkdir(exist_ok=True)
  path.write_bytes(b"")
  return path


@pytest.mark.parametrize("name", ["out/a.jpg", "out/in/a.jpg", "out/a.png"])
def test_inputs_in_the_output_folder(job, tmp_path, name):
  path = _touch(tmp_path / name)
  with pytest.raises(ConfigurationError, match=r"a\.(jpg|png): lies in output_dir"):
    _check(job, path)


def test_links_lead_nowhere_else(job, tmp_path):
  original = _touch(tmp_path / "in" / "a.jpg")
  (tmp_path / "out" / "b.jpg").symlink_to(original)
  with pytest.raises(ConfigurationError, match=r"b\.jpg: lies in"):
    _check(job, tmp_path / "out" / "b.jpg")
  (tmp_path / "out" / "b.jpg").unlink()
  inside = _touch(tmp_path / "out" / "c.jpg")
  (tmp_path / "in" / "d.jpg").symlink_to(inside)
  with pytest.raises(ConfigurationError, match=r"d\.jpg: lies in"):
    _check(job, tmp_path / "in" / "d.jpg")
  (tmp_path / "door").symlink_to(tmp_path / "out")
  with pytest.raises(ConfigurationError, match=r"c\.jpg: lies in"):
    _check(job, tmp_path / "door" / "c.jpg")


def test_a_folder_whose_name_begins_alike_is_another(job, tmp_path):
  _check(job, _touch(tmp_path / "out.photos" / "a.jpg"))
  _check(dataclasses.replace(job, output_dir=tmp_path / "new"), tmp_path / "new" / "a.jpg")


@pytest.mark.parametrize(
  "name", ["a.jpg", "a.png", "notes.txt", "labels.json", "codes.npy", "in/a"]
)
def test_files_that_are_no_job_s(job, tmp_path, name):
  _touch(tmp_path / "out" / name)
  with pytest.raises(ConfigurationError, match="no output of a job"):
    _check(job)


@pytest.mark.parametrize("name", ["a.jpg", "notes.txt", "codes.npy"])
def test_files_that_came_later(job, tmp_path, name):
  for ours in ("run.json", name):
    _touch(tmp_path / "out" / ours)
  with pytest.raises(ConfigurationError, match="no output of a job"):
    _check(job)


@pytest.mark.parametrize(
  "names",
  [
    ["a.png", "a.json"],
    ["a.png", "run.json"],
    ["a.png", "a.json", "b.png", "run-00001-of-00002.json", "report.html", ".tmp-1"],
    ["privatized-00000.tfrecord", "privatized-00000-of-00002-00003.tfrecord", "report.html"],
  ],
)
def test_a_job_s_own_files(job, tmp_path, names):
  for name in names:
    _touch(tmp_path / "out" / name)
  _check(job)
