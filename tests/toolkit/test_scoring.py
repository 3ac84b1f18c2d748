"""Scoring of pictures and codes: order, resumption, files, and the command on the way to a boundary."""

import json
import resource
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from privai_tf.errors import ConfigurationError, InputError, LatentSpaceError
from privai_tf.generators import load_generator
from privai_tf.toolkit.drawing import Drawing
from privai_tf.toolkit.samples import SampleJob, generate_samples
from privai_tf.toolkit.score_sources import DrawnCodes, PictureFiles
from privai_tf.toolkit.scoring import ScoreJob, score


class Brightness:
  """A scorer that reads brightness and redness, and counts what it sees."""

  attributes = ("bright", "red")
  resolution = 8
  fingerprint = "0" * 64

  def __init__(self, stop_after=None):
    self.seen, self._left = 0, stop_after
    self.provenance = {}

  def scores(self, images):
    assert images.dtype == np.float32
    assert np.abs(images).max() <= 1
    if self._left is not None and self.seen >= self._left:
      raise KeyboardInterrupt
    self.seen += len(images)
    bright = images.mean((1, 2, 3))
    return np.stack([bright, images[..., 0].mean((1, 2)) - bright], 1)


class Bright(Brightness):
  """The first attribute alone."""

  attributes = ("bright",)

  def scores(self, images):
    return super().scores(images)[:, :1]


@pytest.fixture
def folder(tmp_path):
  """Pictures of rising brightness and of two sizes, one of them not square."""
  folder = tmp_path / "pictures"
  folder.mkdir()
  for number in range(6):
    size = (8, 8) if number < 3 else (12, 8)
    Image.new("RGB", size, (40 * number,) * 3).save(folder / f"{number}.png")
  return folder


def test_one_attribute(folder, tmp_path):
  seen = []
  job = ScoreJob(str(tmp_path / "new" / "scores.npy"))
  paths = score(job, Bright(), PictureFiles(str(folder)), lambda *step: seen.append(step))
  assert list(paths) == ["bright"]
  scores = np.load(paths["bright"])
  assert scores.dtype == np.float32
  np.testing.assert_allclose(scores[:, 0], np.arange(6) * 40 / 127.5 - 1, atol=1e-6)
  assert scores.shape == (6, 1)
  assert seen[-1] == (6, 6)
  companion = json.loads(paths["bright"].with_suffix(".json").read_text())
  assert companion["attribute"] == "bright"
  assert companion["source"]["pictures"] == 6
  assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["scores.json", "scores.npy"]


def test_several_attributes_negated_probabilities(folder, tmp_path):
  source = PictureFiles(str(folder))
  job = ScoreJob(str(tmp_path / "{attribute}.npy"), probabilities=True, negate=True)
  paths = score(job, Brightness(), source)
  odds = np.arange(6) * 40 / 127.5 - 1
  np.testing.assert_allclose(np.load(paths["bright"])[:, 0], 1 / (1 + np.exp(odds)), rtol=1e-5)
  np.testing.assert_allclose(np.load(paths["red"]), 0.5, atol=1e-6)
  with pytest.raises(ConfigurationError, match="2 attributes need a file each"):
    score(ScoreJob(str(tmp_path / "x.npy")), Brightness(), source)
  with pytest.raises(ConfigurationError, match=r"must end in \.npy"):
    score(ScoreJob(str(tmp_path / "x.csv")), Bright(), source)


def test_a_stopped_run_goes_on(tmp_path):
  folder = tmp_path / "many"
  folder.mkdir()
  for number in range(600):
    Image.new("L", (1, 1), number % 256).save(folder / f"{number:03d}.png")
  source, job = PictureFiles(str(folder)), ScoreJob(str(tmp_path / "scores.npy"))
  with pytest.raises(KeyboardInterrupt):
    score(job, Bright(stop_after=544), source)
  assert not (tmp_path / "scores.npy").exists()
  again = Bright()
  scores = np.load(score(job, again, source)["bright"])
  assert again.seen == 600 - 512  # It is written down every 512.
  np.testing.assert_allclose(scores[:, 0], np.arange(600) % 256 / 127.5 - 1, atol=1e-6)
  assert sorted(p.name for p in tmp_path.iterdir()) == ["many", "scores.json", "scores.npy"]


@pytest.fixture(scope="module")
def samples(tiny_checkpoint, tmp_path_factory):
  """The generator and its samples."""
  folder = tmp_path_factory.mktemp("samples")
  generator = load_generator(tiny_checkpoint)
  generate_samples(SampleJob(folder, num=5, seed=2), generator)
  return generator, folder


def test_samples_score_alike_from_pictures_and_from_codes(samples, tmp_path):
  generator, folder = samples
  pictures = PictureFiles(str(folder))
  # The contact sheet beside them is none of them.
  assert pictures.count == 5
  scored = {}
  for space, name in ((None, None), ("Z", "z.npy"), ("W", "w.npy"), ("W+", "wp.npy")):
    source = pictures
    if space is not None:
      source = DrawnCodes(generator, str(folder / name), space, Drawing())
    job = ScoreJob(str(tmp_path / f"{space}.npy"))
    scored[space] = np.load(score(job, Bright(), source)["bright"])
  for space in ("Z", "W", "W+"):
    np.testing.assert_array_equal(scored[space], scored[None])
  with pytest.raises(LatentSpaceError, match="holds W codes"):
    DrawnCodes(generator, str(folder / "w.npy"), "Z", Drawing())
  with pytest.raises(ConfigurationError, match="labels act on Z codes only"):
    DrawnCodes(generator, str(folder / "w.npy"), "W", Drawing(), labels="0")


def test_an_unfinished_folder_of_samples_is_refused(samples, tmp_path):
  _, folder = samples
  (tmp_path / "run.json").write_bytes((folder / "run.json").read_bytes())
  (tmp_path / "000000.png").write_bytes((folder / "000000.png").read_bytes())
  with pytest.raises(InputError, match=r"000001\.png is missing \(4 samples in all\)"):
    PictureFiles(str(tmp_path))
  with pytest.raises(InputError, match="does not exist"):
    PictureFiles(str(tmp_path / "absent"))


def _run(repository, module, *flags):
  command = [sys.executable, "-m", f"privai_tf.{module}", *flags]
  result = subprocess.run(command, cwd=repository, capture_output=True, text=True)
  assert "Traceback" not in result.stderr
  return result


@pytest.mark.slow
def test_the_command_and_the_boundary_from_its_scores(repository, samples, tmp_path):
  _, folder = samples
  scored = _run(
    repository,
    "score",
    f"--input={folder}",
    "--scorer=avatars_classifier",
    "--attribute=smile",
    f"--output={tmp_path / 'smile.npy'}",
  )
  assert (scored.returncode, scored.stderr) == (0, "")
  assert "5 scores of 'smile'" in scored.stdout
  trained = _run(
    repository,
    "train_boundary",
    f"--input_latents={folder / 'w.npy'}",
    f"--scores={tmp_path / 'smile.npy'}",
    "--latent_space=W",
    "--chosen_num_or_ratio=2",
    "--split_ratio=1",
    "--svm_c=1",
    "--attribute=smile",
    f"--output_dir={tmp_path}",
  )
  assert trained.returncode == 0, trained.stderr
  assert np.load(tmp_path / "smile_w_boundary.npy").shape == (1, 16)


@pytest.mark.parametrize(
  ("flags", "code", "words"),
  [
    (["--input=x", "--input_latents=y", "--attribute=smile"], 2, "one of them"),
    (["--input_latents=y", "--attribute=smile"], 2, "needs --latent_space"),
  ],
)
def test_requests_that_are_refused(repository, tmp_path, flags, code, words):
  output = f"--output={tmp_path / 'x.npy'}"
  result = _run(repository, "score", "--scorer=avatars_classifier", output, *flags)
  assert result.returncode == code
  assert words in result.stderr
  assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["score", "train_classifier"])
def test_help_is_fast(repository, imported_packages, name):
  command = [sys.executable, "-X", "importtime", "-m", f"privai_tf.{name}", "--help"]
  # Time on the processor: a busy machine must not fail the test.
  before = resource.getrusage(resource.RUSAGE_CHILDREN)
  result = subprocess.run(command, cwd=repository, capture_output=True, text=True)
  after = resource.getrusage(resource.RUSAGE_CHILDREN)
  assert "--output" in result.stdout
  assert not imported_packages(result.stderr) & {"tensorflow", "keras", "numpy"}
  assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1
