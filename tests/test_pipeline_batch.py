"""Shards, several faces a photo, interruptions and errors: what large jobs need, in one process."""

import dataclasses
import errno
import functools
import json
import os
import signal
import stat

import numpy as np
import pytest
from PIL import Image

from privai_tf import pipeline
from privai_tf.artifacts import AlignedFace, Placement
from privai_tf.errors import ConfigurationError, OutputError
from privai_tf.faces.spec import FaceSpec
from privai_tf.inversion.spec import InversionSpec
from privai_tf.jobs import inputs, stages
from privai_tf.jobs.job import Budget, Job, Shard
from privai_tf.jobs.publication import PublicFolder
from privai_tf.jobs.settlement import Settlement
from privai_tf.privacy.ledger import Ledger
from privai_tf.privacy.spec import PrivacySpec
from privai_tf.runtime import files
from privai_tf.runtime.manifest import Manifest

_PLACES = (((20.0, 20.0), (16.0, 0.0)), ((60.0, 20.0), (16.0, 0.0)))


def _privacy(**settings):
  return PrivacySpec(**{"epsilon": 1.0, "calibration_count": 100, **settings})


_load_once = functools.cache(stages.load_generator)


@pytest.fixture(autouse=True)
def _one_generator(monkeypatch):
  """What is compiled for it serves all tests."""
  monkeypatch.setattr(stages, "load_generator", _load_once)


@pytest.fixture
def job(tiny_checkpoint, tmp_path):
  """A simulation on five rendered portraits that are inverted, in batches of two."""
  return Job(
    checkpoint=str(tiny_checkpoint),
    attributes=(str(tiny_checkpoint / "smile_w_boundary.npy"),),
    privacy=_privacy(noise_seed=7),
    inversion=InversionSpec(steps=2, steps_per_call=2, perceptual="none"),
    output_dir=tmp_path / "out",
    num_portraits=5,
    batch_size=2,
  )


@pytest.fixture
def photo_of_two(job, tmp_path, monkeypatch):
  """A job on one photo with two faces, under a real guarantee."""
  pixels = np.random.default_rng(1).integers(0, 256, (40, 80, 3), dtype=np.uint8)
  (tmp_path / "in").mkdir()
  Image.fromarray(pixels).save(tmp_path / "in" / "pair.png")

  def find_faces(frame, resolution, spec, *, name, source):
    chosen = range(2) if spec.faces == "all" else [int(spec.faces)]
    return [
      AlignedFace(
        name=f"{name}-face{index}" if spec.faces == "all" else name,
        source=source,
        image=np.zeros((resolution, resolution, 3), np.float32) + index / 2,
        index=index,
        count=2,
        placement=Placement(*_PLACES[index], frame=(40, 80)),
      )
      for index in chosen
    ]

  monkeypatch.setattr(inputs, "find_faces", find_faces)
  return dataclasses.replace(
    job,
    privacy=_privacy(epsilon=0.5),
    input=str(tmp_path / "in"),
    faces=FaceSpec(faces="all"),
    budget=Budget(tmp_path / "ledger.db", epsilon=1.0, subject_id="family"),
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


def test_all_faces_of_a_photo_and_each_is_paid_for(photo_of_two):
  job = photo_of_two
  summary = pipeline.run(job)
  assert summary.released == ("pair-face0", "pair-face1")
  with Ledger.open(job.budget.ledger) as ledger:
    assert ledger.remaining("family").epsilon == 0
  again = pipeline.run(job)
  assert (again.released, again.kept, again.failures) == ((), ("pair",), ())


def test_faces_go_back_into_their_frame(photo_of_two, tmp_path):
  job = dataclasses.replace(photo_of_two, privacy=_privacy(epsilon=0.5, pasted_back=True))
  assert job.faces.paste_back
  summary = pipeline.run(job)
  assert summary.released == ("pair",)
  assert "frame around the face is the original one" in summary.statement
  assert "every other face in it" in summary.statement
  before = np.asarray(Image.open(tmp_path / "in" / "pair.png"), int)
  after = np.asarray(Image.open(job.output_dir / "pair.png"), int)
  assert after.shape == before.shape
  assert np.array_equal(after[:, 38:42], before[:, 38:42])
  for (x, y), _ in _PLACES:
    window = np.s_[int(y) - 4 : int(y) + 4, int(x) - 4 : int(x) + 4]
    assert np.abs(after[window] - before[window]).mean() > 10
  with Ledger.open(job.budget.ledger) as ledger:
    (release,) = ledger.releases()
    assert float(release["epsilon"]) == 1.0
    assert ledger.remaining("family").epsilon == 0


def test_a_frame_is_paid_for_with_all_its_faces_or_not_published(photo_of_two):
  job = dataclasses.replace(photo_of_two, privacy=_privacy(epsilon=0.75, pasted_back=True))
  summary = pipeline.run(job)
  (line,) = summary.failures
  assert "pair.png" in line
  assert "costs epsilon 1.5" in line
  assert not _pictures(job.output_dir)
  # What was drawn and refused is not kept either, not even in unused pages.
  (manifest,) = job.manifest_dir.glob("manifest.db*")
  assert b"IDAT" not in manifest.read_bytes()


def test_scope_image_refuses_frames(photo_of_two):
  with pytest.raises(ConfigurationError, match="Pasting the face back"):
    PrivacySpec(mechanism="gaussian", scope="image", delta=1e-5, pasted_back=True)


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

  def watched(self, releases):
    releases = list(releases)
    drawn.extend((release.name, release.png) for release in releases)
    stage(self, releases)

  monkeypatch.setattr(files.os, "fsync", full)
  monkeypatch.setattr(Manifest, "stage", watched)
  with pytest.raises(OutputError, match="the disk is full; free some space and run again") as told:
    pipeline.run(job)
  assert "\n" not in str(told.value)
  monkeypatch.setattr(files.os, "fsync", fsync)
  pipeline.run(job)
  assert len(drawn) == 5
  assert _pictures(job.output_dir) == {f"{name}.png": png for name, png in drawn}


def test_a_full_manifest_is_one_line(tmp_path):
  manifest = Manifest(tmp_path / "state", "", {})
  manifest._connection.execute("PRAGMA max_page_count=8")
  from privai_tf.runtime.manifest import Staged

  with pytest.raises(OutputError, match=r"manifest\.db: the disk is full"):
    manifest.stage([Staged("ada", bytes(100_000), {}, None)])


def test_two_processes_on_one_manifest_are_told(tmp_path, monkeypatch):
  manifest = Manifest(tmp_path / "state", "", {})
  monkeypatch.setattr("privai_tf.runtime.manifest._WAIT_SECONDS", 0.05)
  with pytest.raises(OutputError, match="another process works on this job"):
    Manifest(tmp_path / "state", "", {})
  Manifest(tmp_path / "state", "-00000-of-00002", {}).close()
  manifest.close()
  Manifest(tmp_path / "state", "", {}).close()


def test_what_is_drawn_under_other_settings_is_not_dropped_silently(tmp_path):
  from privai_tf.runtime.manifest import Staged

  manifest = Manifest(tmp_path / "state", "", {"epsilon": 1})
  manifest.stage([Staged("ada", b"png", {}, None)])
  manifest.close()
  with pytest.raises(ConfigurationError, match="1 releases of other settings are drawn"):
    Manifest(tmp_path / "state", "", {"epsilon": 2})
  Manifest(tmp_path / "state", "", {"epsilon": 2}, overwrite=True).close()


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
  assert sorted(pipeline.run(listed).released) == ["face-png", "face-png-2"]
  assert (board.stat().st_mode & 0o777) == 0o700
  (events,) = (board / "run").iterdir()
  content = events.read_bytes()
  assert all(name in content for name in (b"psnr_db", b"last_loss", b"faces_per_second"))
