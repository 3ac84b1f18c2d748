"""What the owner gets to see of a job: the page, the charges, the failures and their second try."""

import csv
import dataclasses
import json
import re

import numpy as np
import pytest
from PIL import Image

from privai_tf import pipeline
from privai_tf.artifacts import AlignedFace, Placement
from privai_tf.attributes.boundary import Boundary
from privai_tf.errors import ConfigurationError
from privai_tf.faces.spec import FaceSpec
from privai_tf.inversion.spec import InversionSpec
from privai_tf.jobs import inputs
from privai_tf.jobs.job import Budget, Shard
from privai_tf.privacy.ledger import Ledger
from privai_tf.privacy.spec import PrivacySpec

pytestmark = pytest.mark.usefixtures("one_generator")

_PLACES = (((20.0, 20.0), (16.0, 0.0)), ((60.0, 20.0), (16.0, 0.0)))


@pytest.fixture
def job(job_on_codes, tmp_path, monkeypatch):
  """A job on two photos of two faces each, with an account for each photo."""
  (tmp_path / "in").mkdir()
  random = np.random.default_rng(1)
  for name in ("ada", "bob"):
    pixels = random.integers(0, 256, (40, 80, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "in" / f"{name}.png")

  def find_faces(frame, resolution, spec, *, name, source):
    return [
      AlignedFace(
        name=f"{name}-face{index}",
        source=source,
        image=np.zeros((resolution, resolution, 3), np.float32) + index / 2,
        index=index,
        count=2,
        placement=Placement(*_PLACES[index], frame=(40, 80)),
      )
      for index in range(2)
    ]

  monkeypatch.setattr(inputs, "find_faces", find_faces)
  return job_on_codes(
    0,
    input_latents=None,
    inversion=InversionSpec(steps=2, steps_per_call=2, perceptual="none"),
    privacy=PrivacySpec(epsilon=0.5, calibration_count=100),
    input=str(tmp_path / "in"),
    faces=FaceSpec(faces="all"),
    private_dir=tmp_path / "private",
    batch_size=1,  # Of one shape, which is compiled once, for other files too.
    budget=Budget(tmp_path / "ledger.db", epsilon=1.25, create=True),
  )


def _table(job, name):
  return list(csv.DictReader((job.private_dir / name).read_text().splitlines()))


def _page(job):
  text = (job.private_dir / "comparison.html").read_text()
  articles = text.split("<article>")[1:]
  return text, {re.search(r"<h3>([^<]*)", article)[1]: article for article in articles}


@pytest.mark.parametrize("pasted", [False, True])
@pytest.mark.parametrize("output_format", ["png", "tfrecord"])
def test_every_face_is_shown_with_its_release_and_what_changed(job, pasted, output_format):
  privacy = dataclasses.replace(job.privacy, pasted_back=pasted)
  job = dataclasses.replace(job, privacy=privacy, output_format=output_format)
  pipeline.run(job)
  text, rows = _page(job)
  assert set(rows) == {f"{name}-face{index}" for name in ("ada", "bob") for index in range(2)}
  for row in rows.values():
    assert row.count("<img") == 3
    assert re.search(r"<figcaption>release</figcaption>", row)
    assert re.search(
      r"<b>smile</b> <svg.*</svg> [+-][\d.e+-]+ → [+-][\d.e+-]+, (other|same) side", row
    )
  assert "4 faces" in text
  outputs = 2 if pasted else 4
  assert f"left of each of 2 subjects; {outputs} releases paid" in text
  # The private files tell what the publishable ones must not.
  for path in job.output_dir.iterdir():
    assert b"coordinate +" not in path.read_bytes()
    assert path.suffix in (".png", ".json", ".html", ".tfrecord")
    assert path.name != "comparison.html"


def test_charges_match_the_ledger_to_pictures(job):
  pipeline.run(job)
  rows = _table(job, "charges.csv")
  assert sorted(row["name"] for row in rows) == [
    *("ada-face0", "ada-face1"),
    *("bob-face0", "bob-face1"),
  ]
  with Ledger.open(job.budget.ledger) as ledger:
    releases = {release["release_id"]: release for release in ledger.releases()}
  assert {row["release_id"] for row in rows} == set(releases)
  for row in rows:
    assert row["subject"] == releases[row["release_id"]]["subject"]
    assert float(row["epsilon"]) == float(releases[row["release_id"]]["epsilon"])
    assert float(row["spent_epsilon"]) + float(row["left_epsilon"]) == 1.25
  assert [row["left_epsilon"] for row in rows] == ["0.75", "0.25"] * 2
  pipeline.run(job)
  assert _table(job, "charges.csv") == rows


def test_a_refused_release_is_not_shown(job):
  """Nothing of a draw that nobody paid for: neither picture nor what it would have changed."""
  privacy = dataclasses.replace(job.privacy, epsilon=0.75, pasted_back=True)
  pipeline.run(dataclasses.replace(job, privacy=privacy))
  assert not list(job.private_dir.glob("*.release.*"))
  text, rows = _page(job)
  for row in rows.values():
    assert row.count("<img") == 2
    assert "Not released: " in row
    assert "costs epsilon 1.5" in row
  assert "0 faces, 2 inputs failed" in text
  assert not (job.private_dir / "charges.csv").exists()


@pytest.mark.parametrize("output_format", ["png", "tfrecord"])
def test_failures_alone_are_tried_again(job, tmp_path, output_format):
  job = dataclasses.replace(job, budget=None, output_format=output_format, faces=FaceSpec())
  bad = [tmp_path / "in" / f"{name}.png" for name in ("x", "y")]
  for path in bad:
    path.write_text("no picture")
  with pytest.raises(ConfigurationError, match="run the job without this flag first"):
    pipeline.run(dataclasses.replace(job, retry_failures=True))
  assert len(pipeline.run(job).failures) == 2
  good = (tmp_path / "in" / "ada.png").read_bytes()
  bad[0].write_bytes(good)
  (tmp_path / "in" / "new.png").write_bytes(good)
  retry = dataclasses.replace(job, retry_failures=True)
  summary = pipeline.run(retry)
  assert [name.partition("-")[0] for name in summary.released] == ["x", "x"]
  assert [row["name"] for row in _table(job, "failures.csv")] == ["y"]
  # What was finished before still counts, though nobody looked at it (in TFRecords by inputs).
  run = json.loads((job.output_dir / "run.json").read_text())
  assert run["counts"]["released"] == (6 if output_format == "png" else 4)
  # Named once more, though it is finished: neither released again, nor taken for lost.
  table = job.private_dir / "failures.csv"
  table.write_text(table.read_text() + f"x,{bad[0]},read,was damaged,no\n")
  summary = pipeline.run(retry)
  assert summary.released == ()
  assert [row["name"] for row in _table(job, "failures.csv")] == ["y"]
  bad[1].unlink()
  (line,) = pipeline.run(retry).failures
  assert "y.png: failed before and is not among the inputs now" in line
  assert [row["name"] for row in _table(job, "failures.csv")] == ["y"]


def test_each_process_tries_its_own_failures_again(job, tmp_path):
  (tmp_path / "in" / "x.png").write_text("no picture")
  job = dataclasses.replace(job, budget=None)
  shards = [dataclasses.replace(job, shard=Shard(index, 2)) for index in range(2)]
  counts = [len(pipeline.run(shard).failures) for shard in shards]
  assert sorted(counts) == [0, 1]
  (tmp_path / "in" / "x.png").write_bytes((tmp_path / "in" / "ada.png").read_bytes())
  again = [pipeline.run(dataclasses.replace(shard, retry_failures=True)) for shard in shards]
  assert sorted(len(summary.released) for summary in again) == [0, 2]


@pytest.mark.parametrize("change", [{"private_dir": None}, {"overwrite": True}])
def test_a_second_try_needs_the_list_of_failures_and_no_overwrite(job, change):
  with pytest.raises(ConfigurationError, match="retry_failures needs"):
    dataclasses.replace(job, retry_failures=True, **change)


def test_faces_unlike_the_generators_are_told_in_one_line(job, monkeypatch):
  """Noise is nothing that any generator draws, and the end of the run says so."""

  def found(frame, resolution, spec, *, name, source):
    face = np.random.default_rng(len(name)).uniform(-1, 1, (resolution, resolution, 3))
    return [AlignedFace(name=name, source=source, image=face.astype(np.float32))]

  monkeypatch.setattr(inputs, "find_faces", found)
  job = dataclasses.replace(job, private_dir=None, budget=None, faces=FaceSpec())
  summary = pipeline.run(job)
  assert (summary.looked_at, summary.unlike) == (2, 2)
  (line,) = [line for line in summary.text.splitlines() if "look unlike" in line]
  assert line.startswith("2 of 2 faces look unlike anything this generator draws")
  assert "Use a checkpoint that was trained on such photos" in line
  assert "look unlike" not in (job.output_dir / "report.html").read_text()
  alone = dataclasses.replace(summary, searched=False).text
  assert "2 of 2 faces are read badly by the encoder alone" in alone
  assert "look unlike" not in alone


def test_codes_are_nobodys_photo(job_on_codes):
  summary = pipeline.run(job_on_codes(2))
  assert (summary.looked_at, summary.unlike) == (0, 0)
  assert "unlike" not in summary.text


def test_a_weak_boundary_is_told_before_anything_else(job_on_codes, tiny_checkpoint, tmp_path):
  smile = Boundary.load(tiny_checkpoint / "smile_w_boundary.npy")
  for accuracy in (0.74, 0.99):
    path = tmp_path / f"{accuracy}" / "smile_w_boundary.npy"
    path.parent.mkdir()
    dataclasses.replace(smile, provenance={"accuracy_held_out": accuracy}).save(path)
    told = []
    places = {name: tmp_path / f"{accuracy}" / name for name in ("output_dir", "private_dir")}
    job = job_on_codes(1, attributes=(str(path),), **places)
    summary = pipeline.run(job, tell=told.append)
    for page in (summary.report, summary.comparison):  # Who did not watch the start finds it there.
      assert page.read_text().count("Weak boundary") == (accuracy < 0.8)
    assert f"right on {100 * accuracy:g}% of held-out faces" in summary.statement
    assert [line.partition(":")[0] for line in told] == ["Weak boundary"] * (accuracy < 0.8)
