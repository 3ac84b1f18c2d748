"""Scope "image": what is published does not tell whether a photo could be used, nor how many could."""

import csv
import dataclasses
import json
import re

import numpy as np
import pytest
from PIL import Image

from privai_tf import pipeline
from privai_tf.errors import InputError, OutputError
from privai_tf.faces.spec import FaceSpec
from privai_tf.inversion.spec import InversionSpec
from privai_tf.jobs import inputs, item_lists, stages
from privai_tf.jobs.job import Budget, Shard
from privai_tf.jobs.publication import PublicFolder
from privai_tf.privacy.ledger import Ledger
from privai_tf.privacy.spec import PrivacySpec

pytestmark = pytest.mark.usefixtures("one_generator")

_NAMES = ("a", "b", "c")


def _privacy(**settings):
  usual = {"mechanism": "gaussian", "scope": "image", "epsilon": 8.0, "delta": 1e-5}
  return PrivacySpec(**{**usual, "components": 4, "calibration_count": 100, **settings})


@pytest.fixture
def folders(tmp_path, monkeypatch):
  """Three faces; and a face, a picture without one and a file that is no picture, called alike."""

  def find_faces(pixels, resolution, spec, *, name, source):
    if pixels.max() == 0:
      raise InputError(f"{source}: no face found")
    return real(pixels, resolution, spec, name=name, source=source)

  real = inputs.find_faces
  monkeypatch.setattr(inputs, "find_faces", find_faces)
  random = np.random.default_rng(0)
  for kind in ("faces", "mixed"):
    (tmp_path / kind).mkdir()
    for name in _NAMES:
      pixels = random.integers(1, 256, (40, 48, 3), dtype=np.uint8)
      Image.fromarray(pixels).save(tmp_path / kind / f"{name}.png")
  Image.fromarray(np.zeros((40, 48, 3), np.uint8)).save(tmp_path / "mixed" / "b.png")
  (tmp_path / "mixed" / "c.png").write_bytes(b"\x89PNG damaged")
  return tmp_path


@pytest.fixture
def job(job_on_codes, folders):
  """Scope image on the mixed folder, with pinned noise."""
  return job_on_codes(
    0,
    input_latents=None,
    input=str(folders / "mixed"),
    output_dir=folders / "mixed_out",
    private_dir=folders / "private",
    privacy=_privacy(noise_seed=7),
    inversion=InversionSpec(steps=2, steps_per_call=2, perceptual="none"),
    faces=FaceSpec(align="none"),
  )


def _published(folder):
  """The publishable files, without the pictures' own data."""
  content = {path.name: path.read_bytes() for path in folder.iterdir()}
  for name in content:
    if name.endswith(".png"):
      with Image.open(folder / name) as image:
        content[name] = (image.size, image.mode, image.info)
  page = content["report.html"].decode()
  content["report.html"] = re.sub(r"base64,[A-Za-z0-9+/=]+", "", page)
  return content


def _failures(job, suffix=""):
  path = job.private_dir / f"failures{suffix}.csv"
  assert path.stat().st_mode & 0o777 == 0o600
  return list(csv.DictReader(path.read_text().splitlines()))


def test_usable_and_unusable_inputs_leave_the_same_files(job, folders):
  lines = []
  mixed = pipeline.run(job, tell=lines.append)
  faces = dataclasses.replace(
    job,
    input=str(folders / "faces"),
    output_dir=folders / "faces_out",
    private_dir=folders / "other",
  )
  assert pipeline.run(faces).failures == ()
  first, second = _published(job.output_dir), _published(faces.output_dir)
  assert first == second
  assert set(first) == {f"{n}.{e}" for n in _NAMES for e in ("png", "json")} | {
    "run.json",
    "report.html",
  }
  assert first["b.png"] == ((32, 32), "RGB", {})
  # What failed is the owner's to know.
  assert sorted(mixed.released) == list(_NAMES)
  assert mixed.stand_ins == 2
  assert "3 released, 2 failed (2 of them published as stand-ins)" in mixed.text
  assert sorted(lines) == sorted(mixed.failures)
  assert all(line.endswith("[published as a stand-in]") for line in lines)
  rows = {row["name"]: row for row in _failures(job)}
  assert set(rows) == {"b", "c"}
  assert {row["stage"] for row in rows.values()} == {"read"}
  assert {row["published"] for row in rows.values()} == {"stand-in"}
  assert "no face found" in rows["b"]["reason"]
  assert _failures(faces) == []
  assert "a stand-in is published" in (job.private_dir / "comparison.html").read_text()


def test_a_stand_in_is_the_release_of_the_public_mean_code(job, tiny_checkpoint):
  """The same noise, by name, added to the mean code, gives the same picture."""
  pipeline.run(dataclasses.replace(job, batch_size=1))
  mean = stages.load_generator(str(tiny_checkpoint)).mean_latent("W")
  codes = job.output_dir.parent / "b.npy"
  np.save(codes, np.stack([mean] * 3).astype(np.float32))
  inputs_of = dataclasses.replace(
    job, input=None, input_latents=str(codes), output_dir=codes.parent / "codes_out"
  )

  # Rows are called b-0, b-1, ...; the noise follows the name.
  def renamed(path, count):
    (first, *_) = original(path, count)
    yield dataclasses.replace(first, name="b", key="b")

  original = item_lists._codes
  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(item_lists, "_codes", renamed)
    pipeline.run(dataclasses.replace(inputs_of, batch_size=1))
  expected, actual = (
    np.asarray(Image.open(folder / "b.png"), int)
    for folder in (inputs_of.output_dir, job.output_dir)
  )
  assert np.abs(expected - actual).max() <= 1


def test_an_inversion_that_fails_is_stood_in_for(job, monkeypatch):
  def diverging(*_):
    raise InputError("the search diverged")

  monkeypatch.setattr(stages, "invert", diverging)
  summary = pipeline.run(job)
  assert sorted(summary.released) == list(_NAMES)
  assert {row["name"]: row["stage"] for row in _failures(job)} == {
    "a": "invert",
    "b": "read",
    "c": "read",
  }


@pytest.mark.parametrize("scope", ["image", "attribute"])
def test_skipping_publishes_no_count_of_failures(job, scope):
  privacy = _privacy(inputs="faces", noise_seed=7)
  if scope == "attribute":
    privacy = PrivacySpec(noise_seed=7, calibration_count=100)
  skipping = dataclasses.replace(job, privacy=privacy)
  assert skipping.on_failure == "skip"
  summary = pipeline.run(skipping)
  assert (summary.released, summary.stand_ins, len(summary.failures)) == (("a",), 0, 2)
  run = json.loads((job.output_dir / "run.json").read_text())
  assert run["counts"] == {"released": 1}
  for name in ("run.json", "report.html", "a.json"):
    text = (job.output_dir / name).read_text()
    assert "failed" not in text
    assert not re.search(r"\b2\b (inputs|failures)", text)
  assert [row["published"] for row in _failures(job)] == ["no", "no"]


def test_a_stand_in_is_charged_as_any_input_is(job, folders):
  """Whose pixels cannot be read is known by its bytes: no two share an account, none is free."""
  (folders / "mixed" / "d.png").write_bytes(b"another letter")
  (folders / "mixed" / "e.png").write_bytes(b"")
  (folders / "mixed" / "f.png").write_bytes(b"")
  budget = Budget(folders / "ledger.db", epsilon=8.0, delta=1e-5, create=True)
  job = dataclasses.replace(job, privacy=_privacy(), budget=budget)
  summary = pipeline.run(job)
  assert sorted(summary.released) == ["a", "b", "c", "d", "e", "f"]
  with Ledger.open(budget.ledger) as ledger:
    releases = ledger.releases()
  assert len({release["subject"] for release in releases}) == 6
  assert {float(release["epsilon"]) for release in releases} == {8.0}
  # The budget is spent: whoever comes again, readable or not, is refused.
  again = dataclasses.replace(job, output_dir=folders / "again", private_dir=None)
  refused = pipeline.run(again)
  assert (refused.released, len(refused.failures)) == ((), 6)
  assert all("left of" in line for line in refused.failures)


def test_an_id_pays_for_stand_ins_too(job, folders):
  budget = Budget(folders / "ledger.db", epsilon=16.0, delta=2e-5, subject_id="ada", create=True)
  job = dataclasses.replace(job, privacy=_privacy(), budget=budget)
  summary = pipeline.run(job)
  assert summary.released == ("a", "b")
  assert [row["stage"] for row in _failures(job)] == ["read", "pay"]
  assert [row["published"] for row in _failures(job)] == ["stand-in", "no"]


def test_a_repeated_run_pays_nothing_and_still_names_them(job):
  first = pipeline.run(job)
  before = {path.name: path.read_bytes() for path in job.output_dir.iterdir()}
  again = pipeline.run(job)
  assert (again.released, sorted(again.kept)) == ((), list(_NAMES))
  assert sorted(again.failures) == sorted(first.failures)
  assert len(_failures(job)) == 2
  assert {path.name: path.read_bytes() for path in job.output_dir.iterdir()} == before


def test_a_killed_run_goes_on_and_names_them(job, monkeypatch):
  """Drawn, and not published: the stand-in that the next run publishes is still known as one."""

  def full_disk(*_):
    raise OutputError("no space left")

  monkeypatch.setattr(PublicFolder, "write", full_disk)
  with pytest.raises(OutputError, match="no space left"):
    pipeline.run(job)
  monkeypatch.undo()
  monkeypatch.setattr(stages.Stages, "process", lambda *_, **__: pytest.fail("drawn again"))
  summary = pipeline.run(job)
  assert sorted(summary.released) == list(_NAMES)
  assert summary.stand_ins == 2


def test_stand_ins_do_not_end_a_run(job):
  """Else how far it came would tell how many there were."""
  summary = pipeline.run(dataclasses.replace(job, max_errors=0, batch_size=1))
  assert not summary.gave_up
  assert len(summary.released) == 3


def test_a_missing_file_of_a_list_is_a_mistake_and_no_input(job, folders):
  paths = [folders / "mixed" / "a.png", folders / "mixed" / "gone.png"]
  (folders / "list.txt").write_text("\n".join(map(str, paths)))
  summary = pipeline.run(dataclasses.replace(job, input=f"@{folders / 'list.txt'}"))
  assert summary.released == ("a",)
  (line,) = summary.failures
  assert "gone.png does not exist" in line
  assert "stand-in" not in line


def test_damaged_records_are_stood_in_for(job, folders):
  import tensorflow as tf

  def example(data):
    value = tf.train.Feature(bytes_list=tf.train.BytesList(value=[data]))
    features = tf.train.Features(feature={"image/encoded": value})
    return tf.train.Example(features=features).SerializeToString()

  path = folders / "faces.tfrecord"
  with tf.io.TFRecordWriter(str(path)) as writer:
    for name in ("a", "b"):
      writer.write(example((folders / "mixed" / f"{name}.png").read_bytes()))
    writer.write(b"no example")
  budget = Budget(folders / "ledger.db", epsilon=8.0, delta=1e-5, create=True)
  records = dataclasses.replace(
    job, input=str(path), output_format="tfrecord", privacy=_privacy(), budget=budget
  )
  summary = pipeline.run(records)
  assert summary.released == tuple(f"faces-{number:06d}" for number in range(3))
  assert summary.stand_ins == 2
  assert json.loads((job.output_dir / "run.json").read_text())["counts"] == {"released": 3}
  # A file of records does not tell who is done; the manifest does.
  again = pipeline.run(records)
  assert (len(again.kept), again.stand_ins) == (3, 2)


def test_shards_stand_in_too_and_each_has_its_own_table(job):
  sharded = [dataclasses.replace(job, shard=Shard(index, 2)) for index in range(2)]
  summaries = [pipeline.run(shard) for shard in sharded]
  assert sum(len(summary.released) for summary in summaries) == 3
  rows = [row for shard in sharded for row in _failures(job, shard.shard.suffix)]
  assert sorted(row["name"] for row in rows) == ["b", "c"]
  for shard in sharded:
    run = json.loads((job.output_dir / f"run{shard.shard.suffix}.json").read_text())
    assert set(run["counts"]) == {"released"}
