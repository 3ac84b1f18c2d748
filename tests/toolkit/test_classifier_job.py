"""From labelled pictures to a classifier's folder: whole or absent, resumed, and the command."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from privai_tf.attributes.scorers.loading import load_scorer
from privai_tf.errors import ConfigurationError
from privai_tf.toolkit import classifier_job
from privai_tf.toolkit.classifier_job import ClassifierJob, make_classifier

OPTIONS = {"resolution": 8, "epochs": 3, "batch_size": 8, "held_out": 0.4, "seed": 1}


@pytest.fixture
def data(tmp_path):
  """Pictures that are bright or dark, and their labels."""
  folder = tmp_path / "pictures"
  folder.mkdir()
  rows = ["file,bright"]
  random = np.random.default_rng(0)
  for number in range(60):
    bright = int(random.integers(0, 2))
    pixels = random.integers(0, 60, (8, 8, 3)) + 150 * bright
    Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number:02d}.png")
    rows.append(f"{number:02d}.png,{bright}")
  (tmp_path / "labels.csv").write_text("\n".join([*rows, "gone.png,1"]))
  return folder


def _job(data, **changes):
  labels = str(data.parent / "labels.csv")
  return ClassifierJob(str(data), labels, data.parent / "out", options={**OPTIONS, **changes})


class Stopped(Exception):
  """What stops a training in a test."""


def test_a_stopped_job_goes_on_and_leaves_only_the_classifier(data, monkeypatch):
  def stop(done, _):
    if done == 10:
      raise Stopped

  with pytest.raises(Stopped):
    make_classifier(_job(data), training=stop)
  out = data.parent / "out"
  assert not (out / "classifier.json").exists()
  assert (out / "training" / "state.safetensors").is_file()
  with pytest.raises(ConfigurationError, match="other pictures, labels or settings"):
    make_classifier(_job(data, seed=2))
  steps = []
  summary = make_classifier(_job(data), training=lambda *step: steps.append(step))
  assert steps[0] == (9, 12)  # 36 pictures, 4 batches an epoch; the state is of the second epoch
  assert sorted(path.name for path in out.iterdir()) == ["classifier.json", "weights.safetensors"]
  assert summary.labelled.missing == 1
  assert summary.classifier.provenance["held_out_figures"]["bright"]["accuracy"] == 1
  scorer = load_scorer(out)
  scores = scorer.scores(np.stack([np.full((8, 8, 3), v, np.float32) for v in (-0.8, 0.4)]))
  assert scores[0] < 0 < scores[1]
  # Called again, there is nothing to do; another job does not overwrite it.
  monkeypatch.setattr(classifier_job, "train_classifier", None)
  assert make_classifier(_job(data)).was_there
  with pytest.raises(ConfigurationError, match="choose another output_dir"):
    make_classifier(_job(data, epochs=4))


@pytest.mark.slow
def test_the_command(repository, data):
  out = data.parent / "mine"
  command = [
    sys.executable,
    "-m",
    "privai_tf.train_classifier",
    f"--input={data}",
    f"--labels={data.parent / 'labels.csv'}",
    "--attribute=bright",
    "--resolution=8",
    "--held_out=0.4",
    "--epochs=2",
    "--batch_size=8",
    f"--output_dir={out}",
  ]
  result = subprocess.run(command, cwd=repository, capture_output=True, text=True)
  assert result.returncode == 0, result.stderr
  assert "1 labels have no picture" in result.stdout
  assert "trained on 36 pictures, calibrated on 12, measured on 12 others" in result.stdout
  assert json.loads((out / "classifier.json").read_text())["attributes"] == ["bright"]
