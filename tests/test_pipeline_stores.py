"""A whole job whose inputs, outputs, state and checkpoint are objects of a store."""

import dataclasses
import pathlib

import pytest

from privai_tf import pipeline
from privai_tf.errors import CheckpointError, ConfigurationError, OutputError
from privai_tf.generators import load_generator
from privai_tf.jobs.job import Job, Shard
from privai_tf.jobs.release_facts import checkpoint_facts
from privai_tf.privacy.spec import PrivacySpec
from privai_tf.runtime import stores
from privai_tf.runtime.stores import place
from tests.jobs.drawing import DrawingStages
from tests.jobs.store_round import StoreRound


@pytest.fixture
def one(tmp_path, monkeypatch):
  """A job of three inputs on fsspec's store in memory, drawn by a stand-in."""
  pytest.importorskip("fsspec")
  monkeypatch.setattr(pipeline, "Stages", DrawingStages)
  return StoreRound(tmp_path / "here", f"memory://{tmp_path.name}")


def test_a_job_on_a_store_is_kept_by_the_next_one(one):
  one.complete()
  one.finished()
  again = pipeline.run(one.job)
  assert (len(again.kept), len(again.released)) == (3, 0)
  assert str(again.report) == f"{one.root}/out/report.html"
  # Who names no state folder is led to it, and another is refused.
  assert len(pipeline.run(dataclasses.replace(one.job, state_dir=None)).kept) == 3
  with pytest.raises(ConfigurationError, match="is remembered in"):
    pipeline.run(dataclasses.replace(one.job, state_dir=one.root / "elsewhere"))
  with pytest.raises(ConfigurationError, match="it was begun with ledger"):
    pipeline.run(dataclasses.replace(one.job, budget=None))
  one.finished()


def test_two_shards_and_then_one(one):
  for index in range(2):
    pipeline.run(dataclasses.replace(one.job, shard=Shard(index, 2)))
  assert len(pipeline.run(one.job).kept) == 3
  one.look()


def test_a_new_input_is_released_and_a_changed_one_named(one):
  one.complete()
  stores.put(one.root / "in" / "face9.png", b"photo 9     ")
  stores.put(one.root / "in" / "face0.png", b"another face")
  told = pipeline.run(one.job)
  assert told.released == ("face9",)
  assert "is not what was released as face0 before" in told.failures[0]


def test_what_is_published_is_never_exchanged(one):
  stores.put(one.root / "out" / "run.json", b"{}")  # Somebody's; without it the picture is foreign.
  stores.put(one.root / "out" / "face1.png", b"somebody else's")
  with pytest.raises((ConfigurationError, OutputError), match=r"face1\.png"):
    one.complete()
  assert stores.read(one.root / "out" / "face1.png") == b"somebody else's"


def test_inputs_that_would_be_published_and_foreign_files(one):
  with pytest.raises(ConfigurationError, match="lies in output_dir"):
    pipeline.run(dataclasses.replace(one.job, output_dir=one.root / "in", state_dir=None))
  stores.put(one.root / "out" / "note.txt", b"hello")
  with pytest.raises(ConfigurationError, match="no output of a job"):
    one.complete()


@pytest.mark.parametrize(
  ("change", "reason"),
  [
    (
      {"private_dir": place("s3://bucket/private")},
      "private_dir=s3://bucket/private holds what is",
    ),
    ({"tensorboard": place("s3://bucket/tb")}, "name a local folder"),
    ({"overwrite": True}, "put there once"),
    ({"output_format": "tfrecord"}, "a store gets pictures"),
    ({"state_dir": pathlib.Path("state")}, "both are on this machine, or both are URLs"),
    ({"state_dir": place("s3://bucket/out/state")}, "must be apart"),
  ],
)
def test_what_a_store_cannot_take_is_one_line(change, reason):
  with pytest.raises(ConfigurationError, match=reason) as told:
    Job("none", ("smile",), PrivacySpec(), place("s3://bucket/out"), **change)
  assert "\n" not in str(told.value)


def test_a_checkpoint_of_a_server(object_store, tiny_checkpoint):
  root = place(f"{object_store}/models/tiny")
  for path in filter(lambda path: path.is_file(), tiny_checkpoint.rglob("*")):
    stores.put(root / path.relative_to(tiny_checkpoint).as_posix(), path.read_bytes())
  there, here = load_generator(root.url), load_generator(tiny_checkpoint)
  assert there.fingerprint == here.fingerprint
  assert checkpoint_facts(root.url, there)["name"] == "tiny"
  with pytest.raises(CheckpointError, match="does not exist"):
    load_generator(f"{root}-of-nobody")


def test_one_process_and_a_fleet_on_a_server(object_store, tmp_path, monkeypatch):
  """Everything real but the drawing and the machine that the server is on."""
  from privai_tf.fleet import beam, steps

  for module in (pipeline, steps, beam):
    monkeypatch.setattr(module, "Stages", DrawingStages)
  one = StoreRound(tmp_path / "one", f"{object_store}/one")
  one.job = dataclasses.replace(one.job, private_dir=tmp_path / "private")
  one.complete()
  one.finished()
  comparison = (tmp_path / "private" / "comparison.html").read_text()
  assert comparison.count("data:image") >= 3
  fleet = StoreRound(tmp_path / "fleet", f"{object_store}/fleet")
  assert len(beam.run(fleet.job).released) == 3
  fleet.finished()
  assert len(beam.run(fleet.job).kept) == 3
  fleet.finished()
