"""Whole jobs, but for the drawing: what is remembered from one run to the next."""

import dataclasses
import json
import pathlib
import shutil

import pytest

from privai_tf import pipeline
from privai_tf.errors import ConfigurationError, OutputError, PrivaiError
from privai_tf.faces.spec import FaceSpec
from privai_tf.jobs.job import Budget, Job, Shard
from privai_tf.jobs.names import apart
from privai_tf.jobs.private_folder import PrivateFolder
from privai_tf.jobs.publication import PublicFolder
from privai_tf.privacy.ledger import Ledger, LedgerRestoredError, reconciling
from privai_tf.privacy.spec import PrivacySpec
from tests.jobs.drawing import DrawingStages


@pytest.fixture
def job(tmp_path, monkeypatch):
  """Three photos, a ledger, and nothing that takes time."""
  monkeypatch.setattr(pipeline, "Stages", DrawingStages)
  monkeypatch.setattr(DrawingStages, "drawn", [])
  (tmp_path / "in").mkdir()
  for name in ("a.png", "b.png", "c.png"):
    (tmp_path / "in" / name).write_text(name)
  return Job(
    checkpoint="none",
    attributes=("smile",),
    privacy=PrivacySpec(epsilon=0.5),
    output_dir=tmp_path / "out",
    input=str(tmp_path / "in"),
    budget=Budget(tmp_path / "ledger.db", epsilon=100.0, create=True),
    batch_size=2,
  )


def _paid(job):
  with Ledger.open(job.budget.ledger) as ledger:
    return len(ledger.releases())


def _published(job):
  return {path.name: path.read_bytes() for path in job.output_dir.glob("*.png")}


class _KilledError(BaseException):
  """A process ends here."""


def _killed(*_, **__):
  raise _KilledError


def _kill_after(monkeypatch, kind, name, calls):
  real, count = getattr(kind, name), []

  def counted(self, *arguments, **settings):
    count.append(1)
    if len(count) > calls:
      raise _KilledError
    return real(self, *arguments, **settings)

  monkeypatch.setattr(kind, name, counted)


def test_a_newcomer_of_the_same_name_is_released_and_nothing_else(job, tmp_path):
  pipeline.run(job)
  before = _published(job)
  (tmp_path / "in" / "a.jpg").write_text("another")
  summary = pipeline.run(job)
  assert summary.released == (apart("a", "a.jpg"),)
  assert _paid(job) == 4
  assert before.items() <= _published(job).items()


def test_a_changed_photo_is_a_failure_that_is_named(job, tmp_path):
  pipeline.run(job)
  before = _published(job)
  (tmp_path / "in" / "a.png").write_text("another")
  summary = pipeline.run(job)
  (line,) = summary.failures
  assert "a.png: is not what was released as a before" in line
  assert (len(summary.kept), _paid(job), _published(job)) == (2, 3, before)


@pytest.mark.parametrize("place", ["state", "private"])
def test_flags_that_are_added_after_a_failure_are_refused(job, tmp_path, monkeypatch, place):
  _kill_after(monkeypatch, PublicFolder, "write", 1)
  with pytest.raises(_KilledError):
    pipeline.run(job)
  monkeypatch.undo()
  monkeypatch.setattr(pipeline, "Stages", DrawingStages)
  added = dataclasses.replace(job, **{f"{place}_dir": tmp_path / "elsewhere"})
  with pytest.raises(ConfigurationError, match=rf"{place}_dir=.*elsewhere"):
    pipeline.run(added)
  pipeline.run(job)
  assert _paid(job) == 3


def test_a_job_with_a_ledger_is_not_gone_on_without_it_nor_with_another(job, tmp_path, monkeypatch):
  _kill_after(monkeypatch, PublicFolder, "write", 1)
  with pytest.raises(_KilledError):
    pipeline.run(job)
  monkeypatch.undo()
  monkeypatch.setattr(pipeline, "Stages", DrawingStages)
  published = _published(job)
  other = dataclasses.replace(job.budget, ledger=tmp_path / "other.db")
  somebody = dataclasses.replace(job.budget, subject_id="ada")
  for budget, text in ((None, "no ledger"), (other, "other.db"), (somebody, "subject_id=ada")):
    for overwrite in (False, True):
      with pytest.raises(ConfigurationError, match=f"begun with .* now given .*{text}"):
        pipeline.run(dataclasses.replace(job, budget=budget, overwrite=overwrite))
  assert _published(job) == published
  pipeline.run(job)
  assert _paid(job) == 3


@pytest.mark.parametrize("moment", ["report", "comparison"])
@pytest.mark.parametrize("output_format", ["png", "tfrecord"])
def test_an_overwrite_that_is_killed_at_its_end_does_not_begin_again(
  job, tmp_path, monkeypatch, moment, output_format
):
  job = dataclasses.replace(job, private_dir=tmp_path / "private", output_format=output_format)
  pipeline.run(job)
  overwrite = dataclasses.replace(job, overwrite=True)
  kind = PublicFolder if moment == "report" else PrivateFolder
  with monkeypatch.context() as patch:
    patch.setattr(kind, "finish", _killed)
    with pytest.raises(_KilledError):
      pipeline.run(overwrite)
  assert _paid(job) == 6
  summary = pipeline.run(overwrite)
  assert (summary.released, len(summary.kept), _paid(job)) == ((), 3, 6)
  assert len(pipeline.run(job).kept) == 3
  assert len(pipeline.run(overwrite).released) == 3  # That one was complete: a new order.


def test_an_overwrite_in_mid_way_is_not_gone_on_without_the_flag(job, monkeypatch):
  pipeline.run(job)
  with monkeypatch.context() as patch:
    _kill_after(patch, PublicFolder, "write", 1)
    with pytest.raises(_KilledError):
      pipeline.run(dataclasses.replace(job, overwrite=True))
  with pytest.raises(ConfigurationError, match="finish it with overwrite"):
    pipeline.run(job)
  pipeline.run(dataclasses.replace(job, overwrite=True))
  assert (_paid(job), len(pipeline.run(job).kept)) == (6, 3)


def test_an_overwrite_that_gave_up_goes_on(job, tmp_path):
  (tmp_path / "in" / "bb.png").write_text("no face")
  pipeline.run(job)
  overwrite = dataclasses.replace(job, overwrite=True, max_errors=0, batch_size=1)
  assert pipeline.run(overwrite).gave_up
  assert _paid(job) == 3 + 2
  summary = pipeline.run(dataclasses.replace(overwrite, max_errors=5))
  assert (summary.released, _paid(job)) == (("c",), 6)


def test_what_an_overwrite_replaces_goes_with_its_json(job, tmp_path):
  every = dataclasses.replace(job, faces=FaceSpec(faces="all"))
  pipeline.run(every)
  (tmp_path / "in" / "c.png").write_text("no face")
  summary = pipeline.run(dataclasses.replace(job, overwrite=True))
  assert len(summary.failures) == 1
  # What is not released anew stays, with its own statement.
  names = {"a", "b", "c-face0", "c-face1"}
  expected = {f"{name}.{kind}" for name in names for kind in ("png", "json")}
  assert {path.name for path in job.output_dir.iterdir()} == expected | {"run.json", "report.html"}
  assert _paid(job) == 6 + 2


@pytest.mark.parametrize("formats", [("png", "tfrecord"), ("tfrecord", "png")])
def test_an_overwrite_in_another_format_leaves_one_format(job, formats):
  first, second = (dataclasses.replace(job, output_format=one) for one in formats)
  pipeline.run(first)
  pipeline.run(dataclasses.replace(second, overwrite=True))
  kinds = {path.suffix for path in job.output_dir.iterdir()} - {".html", ".json"}
  assert kinds == {f".{formats[1]}"}
  assert len(pipeline.run(second).kept) == 3


@pytest.mark.parametrize("text", ["{", "[]", '{"guarantee": 1}'])
def test_a_broken_record_costs_nothing(job, tmp_path, text):
  job.output_dir.mkdir()
  (job.output_dir / "x.json").write_text(text)
  (job.output_dir / "x.png").touch()
  for _ in range(2):
    with pytest.raises(ConfigurationError, match=r"x\.json: ") as told:
      pipeline.run(job)
    assert "\n" not in str(told.value)
  assert _paid(job) == 0
  assert DrawingStages.drawn == []


def test_a_foreign_pair_is_no_finished_release(job):
  pipeline.run(dataclasses.replace(job, output_dir=job.output_dir.with_name("other")))
  shutil.copytree(job.output_dir.with_name("other"), job.output_dir)
  with pytest.raises(ConfigurationError, match=r"a\.json: .* does not know this file"):
    pipeline.run(job)
  assert _paid(job) == 3


def test_an_emptied_manifest_beside_outputs_is_not_a_new_one(job):
  pipeline.run(job)
  before = _published(job)
  shutil.rmtree(job.manifest_dir)
  for overwrite in (False, True):
    with pytest.raises(ConfigurationError, match="put back what was remembered"):
      pipeline.run(dataclasses.replace(job, overwrite=overwrite))
  assert (_paid(job), _published(job)) == (3, before)


def test_a_ledger_that_no_longer_holds_what_the_job_saw_is_refused(job, tmp_path, monkeypatch):
  (tmp_path / "in" / "c.png").rename(tmp_path / "c.png")
  pipeline.run(job)
  shutil.copy(job.budget.ledger, tmp_path / "older.db")
  (tmp_path / "c.png").rename(tmp_path / "in" / "c.png")
  pipeline.run(job)
  shutil.copy(tmp_path / "older.db", job.budget.ledger)
  monkeypatch.setenv("PRIVAI_STATE_DIR", str(tmp_path / "another machine"))
  reconciling.adopt(job.budget.ledger)
  (tmp_path / "in" / "d.png").write_text("d")
  with pytest.raises(LedgerRestoredError, match=r"entry \d+, entry \d+ was seen"):
    pipeline.run(job)
  assert len(_published(job)) == 3


def test_another_number_of_shards_keeps_names_and_what_is_published(job, tmp_path):
  (tmp_path / "in" / "a.jpg").write_text("another")
  for index in range(2):
    pipeline.run(dataclasses.replace(job, shard=Shard(index, 2)))
  before = _published(job)
  assert len(pipeline.run(job).kept) == 4
  for index in range(3):
    assert pipeline.run(dataclasses.replace(job, shard=Shard(index, 3))).released == ()
  assert (_paid(job), _published(job)) == (4, before)


def test_a_folder_that_was_moved_with_its_state_goes_on(job, tmp_path):
  pipeline.run(job)
  for suffix in ("", ".state"):
    (tmp_path / f"out{suffix}").rename(tmp_path / f"new{suffix}")
  moved = dataclasses.replace(job, output_dir=tmp_path / "new")
  assert len(pipeline.run(moved).kept) == 3
  (tmp_path / "new").rename(tmp_path / "alone")
  with pytest.raises(ConfigurationError, match="does not know this file"):
    pipeline.run(dataclasses.replace(job, output_dir=tmp_path / "alone"))


def test_jobs_do_not_share_a_state_dir(job, tmp_path):
  job = dataclasses.replace(job, state_dir=tmp_path / "secure")
  pipeline.run(job)
  other = dataclasses.replace(job, output_dir=tmp_path / "other")
  with pytest.raises(ConfigurationError, match=r"output_dir=.*out, and is now given .*other"):
    pipeline.run(other)
  assert len(pipeline.run(dataclasses.replace(job, state_dir=None)).kept) == 3


def test_two_processes_meet_whatever_folders_they_name(job, tmp_path, monkeypatch):
  monkeypatch.setattr("privai_tf.runtime.manifest.WAIT_SECONDS", 0.05)
  write, told = PublicFolder.write, []

  def second(self, *rest):
    for change in ({}, {"private_dir": tmp_path / "p"}, {"state_dir": tmp_path / "s"}):
      with pytest.raises(PrivaiError) as error:
        pipeline.run(dataclasses.replace(job, **change))
      told.append(error.value)
    write(self, *rest)

  monkeypatch.setattr(PublicFolder, "write", second)
  pipeline.run(job)
  assert {type(error) for error in told} == {OutputError, ConfigurationError}
  assert _paid(job) == 3


def test_the_report_says_what_is_there(job):
  pipeline.run(job)
  assert json.loads((job.output_dir / "run.json").read_text())["counts"] == {"released": 3}


@pytest.mark.parametrize("form", ["png", "tfrecord"])
def test_what_is_published_says_in_which_precision_it_was_drawn(job, monkeypatch, form):
  """Of each picture its own: two machines may share the work, or one go on where another stopped."""
  job = dataclasses.replace(job, output_format=form)
  pipeline.run(job)
  (pathlib.Path(job.input) / "d.png").write_text("d")
  monkeypatch.setattr(DrawingStages, "precision", "bfloat16")
  pipeline.run(job)
  report = (job.output_dir / "report.html").read_text()
  if form == "png":
    of = lambda name: json.loads((job.output_dir / f"{name}.json").read_text())  # noqa: E731
    assert [of(name)["precision"] for name in "ad"] == ["float32", "bfloat16"]
    assert "bfloat16 and float32" in report
  assert json.loads((job.output_dir / "run.json").read_text())["precision"] == "bfloat16"
  assert "bfloat16" in report
