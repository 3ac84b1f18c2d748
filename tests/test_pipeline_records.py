"""TFRecords: read as inputs, written as results, both whole or not at all."""

import dataclasses
import io
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from privai_tf import pipeline
from privai_tf.errors import ConfigurationError
from privai_tf.faces.spec import FaceSpec
from privai_tf.inversion.spec import InversionSpec
from privai_tf.jobs.record_folder import RecordFolder

pytestmark = pytest.mark.usefixtures("one_generator")


@pytest.fixture
def job(job_on_codes):
  """A job on five codes whose results go into files of two."""
  return job_on_codes(
    5,
    inversion=InversionSpec(steps=1, steps_per_call=1, perceptual="none"),
    faces=FaceSpec(align="none"),
    output_format="tfrecord",
    records_per_file=2,
    batch_size=4,
  )


def _examples(folder):
  """Every record of a folder, by file."""
  import tensorflow as tf

  return {
    path.name: [
      tf.train.Example.FromString(serialized).features.feature
      for serialized in tf.data.TFRecordDataset(str(path)).as_numpy_iterator()
    ]
    for path in sorted(folder.glob("*.tfrecord"))
  }


def _text(feature):
  return feature.bytes_list.value[0].decode()


def test_results_are_the_same_as_in_single_files(job, tmp_path):
  summary = pipeline.run(job)
  pictures = dataclasses.replace(job, output_format="png", output_dir=tmp_path / "png")
  pipeline.run(pictures)
  files = _examples(job.output_dir)
  assert [len(records) for records in files.values()] == [2, 2, 1]
  assert summary.released == tuple(f"codes-{row}" for row in range(5))
  for features in (feature for records in files.values() for feature in records):
    name = _text(features["image/filename"])
    assert features["image/encoded"].bytes_list.value[0] == (tmp_path / "png" / name).read_bytes()
    content = json.loads(_text(features["guarantee/json"]))
    assert content == json.loads((tmp_path / "png" / name).with_suffix(".json").read_text())
  assert "In 3 TFRecord files" in (job.output_dir / "report.html").read_text()
  run = json.loads((job.output_dir / "run.json").read_text())
  assert run["counts"] == {"released": 5}
  # And once more: nothing is left to do.
  assert len(pipeline.run(job).kept) == 5
  assert _examples(job.output_dir).keys() == files.keys()


def test_a_lost_manifest_is_told_and_not_paid_for_again(job):
  pipeline.run(job)
  shutil.rmtree(job.manifest_dir)
  for overwrite in (False, True):
    with pytest.raises(ConfigurationError, match=r"tfrecord: .* put back what was remembered"):
      pipeline.run(dataclasses.replace(job, overwrite=overwrite))


def test_an_overwritten_job_leaves_no_file_of_the_earlier_one(job):
  pipeline.run(job)
  anew = dataclasses.replace(job, overwrite=True, records_per_file=5)
  assert len(pipeline.run(anew).released) == 5
  assert [len(records) for records in _examples(job.output_dir).values()] == [5]


def test_a_file_whose_writing_was_stopped_is_written_as_it_was_meant(job, monkeypatch):
  """Stopped before and after a file appears under its name: each release is in one file, once."""
  calls = []

  def stopped(self, number, releases):
    calls.append(number)
    if len(calls) == 2:
      raise KeyboardInterrupt
    write(self, number, releases)
    if len(calls) == 4:
      raise KeyboardInterrupt

  write = RecordFolder.write_file
  monkeypatch.setattr(RecordFolder, "write_file", stopped)
  for _ in range(2):
    with pytest.raises(KeyboardInterrupt):
      pipeline.run(job)
  pipeline.run(job)
  names = [
    _text(features["image/filename"])
    for records in _examples(job.output_dir).values()
    for features in records
  ]
  assert sorted(names) == [f"codes-{row}.png" for row in range(5)]


def _photo(seed):
  buffer = io.BytesIO()
  pixels = np.random.default_rng(seed).integers(0, 256, (40, 40, 3), dtype=np.uint8)
  Image.fromarray(pixels).save(buffer, "PNG")
  return buffer.getvalue()


def _record(**features):
  import tensorflow as tf

  feature = {
    key.replace("_", "/"): tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
    for key, value in features.items()
  }
  return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_records_are_read_one_by_one_and_bad_ones_named(job, tmp_path, suffix):
  import tensorflow as tf

  folder = tmp_path / "in"
  folder.mkdir()
  path = folder / f"faces.tfrecord{suffix}"
  with tf.io.TFRecordWriter(str(path), "GZIP" if suffix else None) as writer:
    writer.write(_record(image_encoded=_photo(1), image_filename=b"../ada.jpg"))
    writer.write(_record(image_encoded=_photo(2)))
    writer.write(_record(image_encoded=b"no picture"))
    writer.write(_record(image_filename=b"bob.jpg"))
    writer.write(b"no example")
    writer.write(_record(image_encoded=_photo(3), image_filename=b"ada.png"))
  lines = []
  photos = dataclasses.replace(
    job, input=str(folder), input_latents=None, output_format="png", batch_size=2
  )
  summary = pipeline.run(photos, tell=lines.append)
  assert sorted(summary.released) == ["ada", "faces-000001"]
  assert lines == list(summary.failures)
  problems = ("no picture", "image/encoded", "tf.train.Example", "called ada too")
  for number, problem in zip((2, 3, 4, 5), problems, strict=True):
    (line,) = [line for line in lines if f"record {number}" in line]
    assert problem in line


def test_a_damaged_file_gives_what_it_has_and_a_line(job, tmp_path):
  import tensorflow as tf

  path = tmp_path / "faces.tfrecord"
  with tf.io.TFRecordWriter(str(path)) as writer:
    for seed in range(2):
      writer.write(_record(image_encoded=_photo(seed)))
  path.write_bytes(path.read_bytes()[:-10])
  photos = dataclasses.replace(job, input=str(path), input_latents=None, output_format="png")
  summary = pipeline.run(photos)
  assert summary.released == ("faces-000000",)
  (line,) = summary.failures
  assert "faces.tfrecord is damaged after 1 records" in line
