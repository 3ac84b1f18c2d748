"""A whole job whose inputs, outputs, state and checkpoint are objects of a store."""

import dataclasses
import io
import json
import pathlib

import numpy as np
import pytest
from PIL import Image

from privai_tf import pipeline
from privai_tf.errors import ConfigurationError, OutputError
from privai_tf.inversion.spec import InversionSpec
from privai_tf.jobs.job import Budget, Job, Shard
from privai_tf.privacy.ledger import Ledger
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


@pytest.mark.slow
def test_checkpoint_inputs_and_outputs_of_an_s3_server(object_store, tiny_checkpoint, tmp_path):
  """Everything real but the store, which is a server's on this machine; by one process, then by Beam."""
  root = place(f"{object_store}/whole")
  for path in filter(lambda path: path.is_file(), tiny_checkpoint.rglob("*")):
    stores.put(root / "net" / path.relative_to(tiny_checkpoint).as_posix(), path.read_bytes())
  for row in range(2):
    file = io.BytesIO()
    pixels = np.random.default_rng(row).integers(0, 255, (32, 32, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(file, "PNG")
    stores.put(root / "in" / f"face{row}.png", file.getvalue())
  job = Job(
    checkpoint=f"{root}/net",
    attributes=(str(tiny_checkpoint / "smile_w_boundary.npy"),),
    privacy=PrivacySpec(epsilon=1.0),
    output_dir=root / "out",
    input=f"{root}/in/*.png",
    inversion=InversionSpec(steps=2, init="mean"),
    public_codes=16,
    budget=Budget(tmp_path / "ledger.db", epsilon=10.0, create=True),
    private_dir=tmp_path / "private",
  )
  told = pipeline.run(job)
  assert (sorted(told.released), told.failures) == (["face0", "face1"], ())
  content = json.loads(stores.read(root / "out" / "face0.json"))
  assert content["checkpoint"]["name"] == "net"
  with Image.open(io.BytesIO(stores.read(root / "out" / "face0.png"))) as image:
    assert image.size == (32, 32)
  assert "face0" in (tmp_path / "private" / "comparison.html").read_text()
  fleet = dataclasses.replace(job, output_dir=root / "fleet", private_dir=None)

  from privai_tf.fleet import beam

  assert len(beam.run(fleet).released) == 2
  assert len(beam.run(fleet).kept) == 2
  with Ledger.open(tmp_path / "ledger.db") as ledger:
    assert len(ledger.releases()) == 4
