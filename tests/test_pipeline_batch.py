"""Shards, interruptions and errors: what large jobs need, in one process."""

import dataclasses
import errno
import json
import os
import signal
import stat

import numpy as np
import pytest
from PIL import Image

from privai_tf import pipeline
from privai_tf.errors import ConfigurationError, OutputError
from privai_tf.inversion.spec import InversionSpec
from privai_tf.jobs.job import Shard
from privai_tf.jobs.names import apart
from privai_tf.jobs.publication import PublicFolder
from privai_tf.jobs.settlement import Settlement
from privai_tf.privacy.spec import PrivacySpec
from privai_tf.runtime import files
from privai_tf.runtime.manifest import Manifest

pytestmark = pytest.mark.usefixtures("one_generator")


def _privacy(**settings):
  return PrivacySpec(**{"epsilon": 1.0, "calibration_count": 100, **settings})


@pytest.fixture
def job(job_on_codes):
  """A simulation on five rendered portraits that are inverted, in batches of two."""
  return job_on_codes(
    0,
    input_latents=None,
    num_portraits=5,
    privacy=_privacy(noise_seed=7),
    inversion=InversionSpec(steps=2, steps_per_call=2, perceptual="none"),
    batch_size=2,
  )


def _pictures(folder):
  return {path.name: path.read_bytes() for path in folder.glob("*.png")}


def _require_alike(folder, other):
  assert _pictures(folder).keys() == _pictures(other).keys()
  for name in _pictures(folder):
    first, second = (np.asarray(Image.open(place / name), int) for place in (folder, other))
    assert np.abs(first - second).max() <= 1
    assert np.mean(first != second) < 0.01


def test_shards_and_batches_give_the_same_pictures(job, tmp_path):
  """But for a few pixels that round the other way: TensorFlow's sums depend on a batch's shape."""
  whole = pipeline.run(job)
  assert whole.report.name == "report.html"
  shared = tmp_path / "shared"
  shards = [
    dataclasses.replace(job, output_dir=shared, shard=Shard(index, 2)) for index in range(2)
  ]
  summaries = [pipeline.run(shard) for shard in shards]
  assert all(summary.released for summary in summaries)  # Neither is empty with these names.
  assert not set(summaries[0].released) & set(summaries[1].released)
  _require_alike(shared, job.output_dir)
  assert summaries[0].report == shared  # Others are at work.
  assert summaries[1].report == shared / "report.html"
  counts = [
    json.loads((shared / f"run-0000{index}-of-00002.json").read_text())["counts"]["released"]
    for index in range(2)
  ]
  assert sum(counts) == 5
  alone = dataclasses.replace(job, output_dir=tmp_path / "alone", batch_size=1)
  pipeline.run(alone)
  _require_alike(shared, alone.output_dir)


def test_noise_follows_the_name_and_not_the_place(job, tmp_path):
  codes = {"all": np.random.default_rng(1).normal(size=(3, 16)).astype(np.float32)}
  codes["fewer"] = codes["all"][:2]
  for name, values in codes.items():
    (tmp_path / name).mkdir()
    np.save(tmp_path / name / "codes.npy", values)
    pipeline.run(
      dataclasses.replace(
        job, input_latents=str(tmp_path / name / "codes.npy"), output_dir=tmp_path / f"{name}_out"
      )
    )
  for path in (tmp_path / "fewer_out").glob("*.png"):
    first, second = (
      np.asarray(Image.open(place / path.name), int)
      for place in (tmp_path / "all_out", tmp_path / "fewer_out")
    )
    assert np.abs(first - second).max() <= 1


def test_max_errors_gives_up_and_the_rest_is_left_for_later(job, tmp_path):
  folder = tmp_path / "in"
  folder.mkdir()
  for row in range(6):
    (folder / f"{row}.png").write_text("no picture")
  lines = []
  bad = dataclasses.replace(job, input=str(folder), max_errors=1)
  summary = pipeline.run(bad, tell=lines.append)
  assert summary.gave_up
  assert len(summary.failures) == len(lines) == 2


def test_a_removed_folder_is_made_anew_and_a_moved_picture_is_not(job):
  pipeline.run(job)
  (job.output_dir / "portrait-3.png").unlink()
  (job.output_dir / "portrait-3.json").unlink()
  assert pipeline.run(job).released == ()
  for path in job.output_dir.iterdir():
    path.unlink()
  assert len(pipeline.run(job).released) == 5


def test_an_interrupted_overwrite_goes_on_instead_of_beginning_again(job, monkeypatch):
  job = dataclasses.replace(job, privacy=_privacy(epsilon=30.0))
  pipeline.run(job)
  first = _pictures(job.output_dir)
  overwrite = dataclasses.replace(job, overwrite=True)
  settle, calls = Settlement.settle, []

  def stopped(self, outcomes):
    if len(calls) == 2:
      raise KeyboardInterrupt
    calls.append(outcomes)
    return settle(self, outcomes)

  monkeypatch.setattr(Settlement, "settle", stopped)
  with pytest.raises(KeyboardInterrupt):
    pipeline.run(overwrite)
  monkeypatch.undo()
  half = _pictures(job.output_dir)
  summary = pipeline.run(overwrite)
  assert len(summary.kept) == 4
  assert len(summary.released) == 1
  final = _pictures(job.output_dir)
  assert sum(final[name] == half[name] for name in final) == 4
  assert not any(final[name] == first[name] for name in final)
  assert len(pipeline.run(overwrite).released) == 5  # That one was complete: a new order.


@pytest.mark.usefixtures("interruptible")
def test_a_signal_waits_until_what_is_paid_for_is_published(job, monkeypatch):
  write = PublicFolder.write

  def signalled(self, name, *rest):
    if name == "portrait-0":
      signal.raise_signal(signal.SIGINT)
    write(self, name, *rest)

  monkeypatch.setattr(PublicFolder, "write", signalled)
  with pytest.raises(KeyboardInterrupt):
    pipeline.run(job)
  assert sorted(_pictures(job.output_dir)) == ["portrait-0.png", "portrait-1.png"]
  assert len(pipeline.run(job).kept) == 2


def test_a_full_disk_is_one_line_and_nothing_is_drawn_again(job, monkeypatch):
  job = dataclasses.replace(job, privacy=_privacy())
  drawn, fsync, count = [], files.os.fsync, [0]
  stage = Manifest.stage

  def full(descriptor):
    count[0] += stat.S_ISREG(os.fstat(descriptor).st_mode)
    if count[0] == 8:
      raise OSError(errno.ENOSPC, "No space left on device")
    fsync(descriptor)

  def watched(self, releases, sources):
    releases = list(releases)
    drawn.extend((release.name, release.png) for release in releases)
    stage(self, releases, sources)

  monkeypatch.setattr(files.os, "fsync", full)
  monkeypatch.setattr(Manifest, "stage", watched)
  with pytest.raises(OutputError, match="the disk is full; free some space and run again") as told:
    pipeline.run(job)
  assert "\n" not in str(told.value)
  monkeypatch.setattr(files.os, "fsync", fsync)
  pipeline.run(job)
  assert len(drawn) == 5
  assert _pictures(job.output_dir) == {f"{name}.png": png for name, png in drawn}


def test_a_list_of_files_and_scalars(job, tmp_path):
  names = []
  for row in range(2):
    folder = tmp_path / f"in{row}"
    folder.mkdir()
    pixels = np.random.default_rng(row).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / "face.png")
    names.append(str(folder / "face.png"))
  (tmp_path / "list.txt").write_text("\n".join(names) + "\n\n")
  board = tmp_path / "board"
  listed = dataclasses.replace(job, input=f"@{tmp_path / 'list.txt'}", tensorboard=board)
  first, second = sorted(pipeline.run(listed).released)
  assert first == "face"
  assert second == apart("face", names[1])
  assert (board.stat().st_mode & 0o777) == 0o700
  (events,) = (board / "run").iterdir()
  content = events.read_bytes()
  assert all(name in content for name in (b"psnr_db", b"last_loss", b"faces_per_second"))


def test_another_number_of_shards_waits_for_what_is_drawn(job, monkeypatch):
  job = dataclasses.replace(job, privacy=_privacy())
  monkeypatch.setattr(PublicFolder, "write", _fail)
  with pytest.raises(OutputError):
    pipeline.run(job)
  monkeypatch.undo()
  with pytest.raises(ConfigurationError, match="2 releases are drawn, and perhaps paid for"):
    pipeline.run(dataclasses.replace(job, shard=Shard(0, 2)))
  pipeline.run(job)
  pipeline.run(dataclasses.replace(job, shard=Shard(0, 2)))


def _fail(*_):
  raise OutputError("the disk is full")
