"""The fleet's pipeline on Beam's own runner."""

import csv
import dataclasses
import io
import json
import pathlib

import numpy as np
import pytest
from PIL import Image

from privai_tf import pipeline
from privai_tf.errors import ConfigurationError
from privai_tf.fleet import beam
from privai_tf.jobs.job import Shard
from privai_tf.pipeline import opened_ledger
from privai_tf.privacy.codebook import CODEWORDS, Codebook
from privai_tf.privacy.spec import PrivacySpec

_ONE_PROCESS = ("--runner=DirectRunner",)
_TWO_PROCESSES = (
  "--runner=DirectRunner",
  "--direct_num_workers=2",
  "--direct_running_mode=multi_processing",
)


def _pixels(picture: bytes) -> np.ndarray:
  with Image.open(io.BytesIO(picture)) as image:
    return np.asarray(image, np.int32)


@pytest.mark.slow
def test_one_process_two_shards_and_two_workers_give_the_same_pictures(
  job, tmp_path, published, capfd
):
  spec = PrivacySpec(epsilon=1.0, noise_seed=7)
  alone, sharded, fleet = (
    dataclasses.replace(job, privacy=spec, output_dir=tmp_path / name)
    for name in ("alone", "sharded", "fleet")
  )
  pipeline.run(alone)
  for index in range(2):
    pipeline.run(dataclasses.replace(sharded, shard=Shard(index, 2)))
  capfd.readouterr()
  summary = beam.run(fleet, _TWO_PROCESSES)
  assert capfd.readouterr().err == "", "workers' start and end are nobody's business"
  expected = published(alone.output_dir)
  assert len(expected) == len(set(expected.values())) == 40
  for others in (published(sharded.output_dir), published(fleet.output_dir)):
    assert set(others) == set(expected)
    for name, picture in expected.items():
      # A face's place in its batch moves the last bit of a float, and now and then a rounding.
      difference = np.abs(_pixels(others[name]) - _pixels(picture))
      assert difference.max() <= 1
      assert np.mean(difference > 0) < 0.01
  assert sorted(summary.released) == sorted(expected)
  assert summary.report.exists()


@pytest.mark.slow
def test_the_ledger_is_charged_by_one_owner_and_a_second_run_pays_nothing(
  job, budget, published, tmp_path
):
  private, state = tmp_path / "private", tmp_path / "state"
  job = dataclasses.replace(job, budget=budget, private_dir=private, state_dir=state)
  told = []
  first = beam.run(job, _ONE_PROCESS, tell=told.append)
  pictures = published(job.output_dir)
  assert len(first.released) == len(pictures) == 30
  assert len(first.failures) == len(told) == 10
  with opened_ledger(budget) as ledger:
    assert ledger.remaining("ada").epsilon == pytest.approx(0)
  larger = dataclasses.replace(budget, epsilon=35.0)
  with opened_ledger(larger) as ledger:
    ledger.grant("ada", 35.0)
  second = beam.run(dataclasses.replace(job, budget=larger), _ONE_PROCESS)
  assert len(second.kept) == 30
  assert len(second.released) == len(second.failures) == 5
  assert pictures.items() <= published(job.output_dir).items()
  with opened_ledger(larger) as ledger:
    assert ledger.remaining("ada").epsilon == pytest.approx(0)
    paid = {release["release_id"] for release in ledger.releases()}
  charges = list(csv.DictReader((job.private_dir / "charges.csv").read_text().splitlines()))
  assert {row["release_id"] for row in charges} == paid
  assert sorted(row["name"] for row in charges) == sorted(first.released + second.released)


def test_no_engine_is_fetched(job, monkeypatch):
  """The local runner is the one that is installed, not one that Beam looks for on the internet."""
  asked = []
  monkeypatch.setattr(beam, "build", lambda root, job, state: asked.append(type(root.runner)))
  beam.run(job, _TWO_PROCESSES)
  assert [one.__name__ for one in asked] == ["FnApiRunner"]


def test_a_runner_that_gives_up_ends_with_one_line(job, monkeypatch):
  def broken(root, job, state):
    raise RuntimeError("first line\nthe worker's disk is full")

  monkeypatch.setattr(beam, "build", broken)
  with pytest.raises(beam.PrivaiError, match=r"gave up \(the worker's disk is full\)") as caught:
    beam.run(job, _ONE_PROCESS)
  assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
  ("change", "flag"),
  [
    ({"shard": Shard(1, 2)}, "num_shards"),
    ({"overwrite": True}, "overwrite"),
    ({"output_format": "tfrecord"}, "output_format"),
    ({"max_errors": 3}, "max_errors"),
    ({"private_dir": pathlib.Path("private"), "retry_failures": True}, "retry_failures"),
  ],
)
def test_what_a_fleet_cannot_do_is_refused(job, change, flag):
  with pytest.raises(ConfigurationError, match=f"On a fleet.* {flag}"):
    beam.run(dataclasses.replace(job, **change), _ONE_PROCESS)


def test_records_are_shared_out_by_files(job, tmp_path, published):
  import tensorflow as tf

  folder = tmp_path / "records"
  folder.mkdir()
  for number in range(2):
    with tf.io.TFRecordWriter(str(folder / f"faces-{number}.tfrecord")) as writer:
      for row in range(2):
        pixels = np.random.default_rng(2 * number + row).integers(0, 256, (32, 32, 3), np.uint8)
        data = tf.io.encode_png(pixels).numpy()
        value = tf.train.Feature(bytes_list=tf.train.BytesList(value=[data]))
        # Each file has a picture of the same name: they are two, and no worker sees both.
        name = tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"ada.png"] if row else []))
        features = {"image/encoded": value, "image/filename": name}
        example = tf.train.Example(features=tf.train.Features(feature=features))
        writer.write(example.SerializeToString())
  summary = beam.run(dataclasses.replace(job, input=str(folder), input_latents=None), _ONE_PROCESS)
  assert len(summary.released) == len(published(job.output_dir)) == 4


_STAND_INS = PrivacySpec(
  "subset_selection", "image", 1.0, codebook_size=300, calibration_count=1000
)


def _guarantees(folder):
  return {
    path.stem: json.loads(path.read_text())["guarantee"] for path in folder.glob("codes-*.json")
  }


@pytest.mark.slow
def test_stand_ins_are_those_of_one_process_and_paid_alike(job, budget, tmp_path, published):
  """Names, promises and charges; the pictures are drawn anew, and all are of the same 300 faces."""
  spent, outputs = [], []
  for name in ("alone", "fleet"):
    own = dataclasses.replace(budget, ledger=tmp_path / f"{name}.db", epsilon=50.0)
    one = dataclasses.replace(job, privacy=_STAND_INS, budget=own, output_dir=tmp_path / name)
    summary = pipeline.run(one) if name == "alone" else beam.run(one, _ONE_PROCESS)
    assert not summary.failures
    outputs.append({path.name for path in one.output_dir.iterdir() if path.stem != "run"})
    with opened_ledger(dataclasses.replace(own, create=False)) as ledger:
      left = ledger.remaining("ada")
      spent.append((left.spent_epsilon, left.spent_delta, left.releases))
  assert outputs[0] == outputs[1]
  assert spent[0] == spent[1] == (40.0, 0.0, 40)
  alone, fleet = (_guarantees(tmp_path / name) for name in ("alone", "fleet"))
  assert alone == fleet
  assert len(fleet) == len(published(tmp_path / "fleet")) == 40
  assert "chosen privately among 300" in fleet["codes-0"]["statement"]


@pytest.mark.slow
def test_simulated_stand_ins_of_a_fleet_are_the_same_pictures(job, tmp_path, published):
  spec = dataclasses.replace(_STAND_INS, noise_seed=7)
  pictures = []
  for name, run in (("alone", pipeline.run), ("fleet", lambda one: beam.run(one, _ONE_PROCESS))):
    one = dataclasses.replace(job, privacy=spec, output_dir=tmp_path / name)
    run(one)
    pictures.append(published(one.output_dir))
  assert set(pictures[0]) == set(pictures[1])
  for name, picture in pictures[0].items():
    assert np.abs(_pixels(pictures[1][name]) - _pixels(picture)).max() <= 1


def test_the_codebook_is_made_once_a_worker(job, monkeypatch):
  """The launcher looks at the guarantee, and one worker does all three parts."""
  made = []
  right = Codebook.numbers

  def counted(self, mean, axes):
    if self.stream == CODEWORDS:
      made.append(id(self.generator))
    return right(self, mean, axes)

  monkeypatch.setattr(Codebook, "numbers", counted)
  one = dataclasses.replace(job, privacy=_STAND_INS, batch_size=1)
  summary = beam.run(one, _ONE_PROCESS)
  assert len(summary.released) == 40
  assert len(made) == len(set(made)) == 2
