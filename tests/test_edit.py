"""Editing: distances, files, InterFaceGAN's boundaries, and what belongs to another space."""

import dataclasses
import importlib.util
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from privai_tf.attributes.boundary import Boundary
from privai_tf.errors import ConfigurationError, InputError, LatentSpaceError


@pytest.fixture(scope="module")
def generator(tiny_checkpoint):
  from privai_tf.generators import load_generator

  return load_generator(tiny_checkpoint)


@pytest.fixture
def codes(generator, tmp_path):
  """Files of codes of every space, as `generate` leaves them."""
  from privai_tf.toolkit.drawing import Drawing
  from privai_tf.toolkit.samples import SampleJob, generate_samples

  generate_samples(SampleJob(tmp_path / "codes", num=2, drawing=Drawing(batch_size=2)), generator)
  return tmp_path / "codes"


@pytest.fixture
def job(tiny_checkpoint, codes, tmp_path):
  from privai_tf.toolkit.drawing import Drawing
  from privai_tf.toolkit.edits import EditJob

  return EditJob(
    output_dir=tmp_path / "out",
    boundary=str(tiny_checkpoint / "smile_w_boundary.npy"),
    latent_space="W",
    latent_codes=str(codes / "w.npy"),
    steps=3,
    drawing=Drawing(batch_size=2),
  )


@pytest.mark.slow
def test_the_command(repository, tiny_checkpoint, tmp_path):
  command = [
    sys.executable,
    "-m",
    "privai_tf.edit",
    f"--checkpoint={tiny_checkpoint}",
    f"--boundary={tiny_checkpoint}/smile_z_boundary.npy",
    "--latent_space=Z",
    "--num=2",
    "--steps=2",
    f"--output_dir={tmp_path}",
  ]
  result = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
  assert result.returncode == 0, result.stderr
  assert result.stderr == ""
  assert "2 codes moved along 'smile': 4 pictures." in result.stdout
  assert (tmp_path / "001_001.png").is_file()


def test_files_and_distances(generator, job, codes):
  from privai_tf.toolkit.edits import edit_codes

  progress = []
  summary = edit_codes(
    dataclasses.replace(job, gif=True), generator, lambda *state: progress.append(state)
  )
  names = {path.name for path in job.output_dir.iterdir()}
  pictures = {f"{code:03d}_{step:03d}.png" for code in range(2) for step in range(3)}
  others = {"000_strip.png", "001_strip.png", "000.gif", "001.gif", "codes.npy", "run.json"}
  assert names == pictures | others
  assert progress[-1] == (6, 6)
  assert summary.strips[1] == job.output_dir / "001_strip.png"
  edited = np.load(job.output_dir / "codes.npy")
  boundary = Boundary.load(job.boundary)
  assert boundary.coordinate(edited) == pytest.approx([-3, 0, 3, -3, 0, 3], abs=1e-5)
  # Only along the normal.
  moves = edited.reshape(2, 3, 16) - np.load(codes / "w.npy")[:, np.newaxis]
  across = moves - (moves @ boundary.normal)[..., np.newaxis] * boundary.normal
  assert across == pytest.approx(0, abs=1e-5)
  with Image.open(job.output_dir / "000_strip.png") as image:
    assert image.size == (3 * 32 + 2 * 2, 32)
  with Image.open(job.output_dir / "001.gif") as image:
    # There and back again.
    assert image.n_frames == 4


def test_distance_zero_relative_draws_the_code_as_generate_does(generator, job, codes):
  from privai_tf.toolkit.edits import edit_codes

  job = dataclasses.replace(job, relative=True, start_distance=0, end_distance=0, steps=1)
  edit_codes(job, generator)
  with (
    Image.open(job.output_dir / "001_000.png") as edited,
    Image.open(codes / "000001.png") as drawn,
  ):
    assert np.abs(np.asarray(edited).astype(int) - np.asarray(drawn)).max() <= 1


def test_layers_of_w_plus(generator, job, codes):
  from privai_tf.toolkit.edits import edit_codes

  job = dataclasses.replace(job, latent_space="W+", latent_codes=str(codes / "wp.npy"), num=1)
  assert edit_codes(job, generator).pictures == 3
  edited = np.load(job.output_dir / "codes.npy")
  assert edited.shape == (3, generator.num_layers, 16)
  distances = Boundary.load(job.boundary).coordinate(edited).mean(axis=1)
  assert distances == pytest.approx([-3, 0, 3], abs=1e-5)


def test_conditions(generator, job, tmp_path):
  from privai_tf.toolkit.edits import edit_codes

  age = Boundary(np.arange(1.0, 17), latent_space="W", name="age")
  path = str(age.save(tmp_path / "age_w_boundary.npy"))
  summary = edit_codes(dataclasses.replace(job, conditions=(path,)), generator)
  assert summary.boundary == "smile_c_age"
  distances = age.coordinate(np.load(job.output_dir / "codes.npy")).reshape(2, 3)
  assert np.ptp(distances, axis=1) == pytest.approx(0, abs=1e-4)
  with pytest.raises(InputError, match="collinear"):
    edit_codes(dataclasses.replace(job, conditions=(job.boundary,)), generator)


def test_a_stopped_run_goes_on(generator, job):
  from privai_tf.toolkit.edits import edit_codes

  edit_codes(job, generator)
  whole = {path.name: path.read_bytes() for path in job.output_dir.iterdir()}
  (job.output_dir / "001_002.png").unlink()
  (job.output_dir / "001_strip.png").unlink()
  assert edit_codes(job, generator).kept == 5
  assert {path.name: path.read_bytes() for path in job.output_dir.iterdir()} == whole
  with pytest.raises(ConfigurationError, match="another end_distance"):
    edit_codes(dataclasses.replace(job, end_distance=2), generator)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
  "name", ["stylegan_ffhq_age_w_boundary", "stylegan_celebahq_smile_w_boundary", "boundary"]
)
def test_files_as_interfacegan_writes_them(generator, job, tmp_path, dtype, name):
  """Shape (1, d), unit length up to float32, no companion."""
  from privai_tf.toolkit.edits import edit_codes

  normal = np.random.default_rng(0).normal(size=(1, 16)).astype(dtype)
  np.save(tmp_path / f"{name}.npy", normal / np.linalg.norm(normal))
  job = dataclasses.replace(job, boundary=str(tmp_path / f"{name}.npy"), num=1, steps=2)
  assert edit_codes(job, generator).pictures == 2
  distances = np.load(job.output_dir / "codes.npy") @ normal[0] / np.linalg.norm(normal)
  assert distances == pytest.approx([-3, 3], abs=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
  ("stem", "space"),
  [
    ("pggan_celebahq_eyeglasses_c_age_boundary", "Z"),
    ("stylegan_ffhq_pose_boundary", "Z"),
    ("stylegan_ffhq_pose_w_boundary", "W"),
  ],
)
def test_published_files_of_full_width_load(tmp_path, dtype, stem, space):
  normal = np.random.default_rng(0).normal(size=(1, 512)).astype(dtype)
  np.save(tmp_path / f"{stem}.npy", normal)
  boundary = Boundary.load(tmp_path / f"{stem}.npy", latent_space=space)
  assert boundary.normal == pytest.approx(normal[0] / np.linalg.norm(normal), abs=1e-7)
  assert boundary.intercept == 0


def _refused(job, generator, problem, error=LatentSpaceError, **change):
  from privai_tf.toolkit.edits import edit_codes

  with pytest.raises(error, match=problem):
    edit_codes(dataclasses.replace(job, **change), generator)
  assert not job.output_dir.exists()


def test_a_boundary_of_another_space_or_width(generator, job, tiny_checkpoint, tmp_path):
  z_boundary = str(tiny_checkpoint / "smile_z_boundary.npy")
  _refused(
    job, generator, r"smile_z_boundary\.npy is for latent space Z, not W", boundary=z_boundary
  )
  _refused(job, generator, "Z, not W", conditions=(z_boundary,))
  np.save(tmp_path / "layers.npy", np.ones((18, 512)))
  _refused(
    job, generator, r"layers\.npy has shape \(18, 512\)", boundary=str(tmp_path / "layers.npy")
  )
  np.save(tmp_path / "wide.npy", np.ones((1, 512)))
  _refused(
    job, generator, "512 numbers and the latents have 16", boundary=str(tmp_path / "wide.npy")
  )


def test_codes_of_another_space_width_or_checkpoint(generator, job, codes, tmp_path):
  wrong = str(codes / "z.npy")
  _refused(job, generator, r"z\.npy holds Z codes", latent_codes=wrong)
  _refused(job, generator, r"wp\.npy holds W\+ codes", latent_codes=str(codes / "wp.npy"))
  _refused(job, generator, r"w\.npy holds W codes", latent_space="W+")
  np.save(tmp_path / "wide.npy", np.zeros((2, 512), np.float32))
  _refused(job, generator, r"needs \[n, 16\]", latent_codes=str(tmp_path / "wide.npy"))
  record = codes / "run.json"
  record.write_text(record.read_text().replace(generator.fingerprint, "0" * 64))
  _refused(job, generator, "another checkpoint")


def test_contradictions(generator, job):
  _refused(
    job, generator, "Fresh samples", ConfigurationError, latent_space="W+", latent_codes=None
  )
  _refused(job, generator, "steps is 0", ConfigurationError, steps=0)
  _refused(job, generator, "finite", ConfigurationError, end_distance=float("nan"))
  _refused(job, generator, "no labels", ConfigurationError, latent_codes=None, labels="0")


def test_films_without_an_encoder(generator, job):
  if importlib.util.find_spec("imageio_ffmpeg"):
    pytest.skip("imageio-ffmpeg is installed")
  _refused(job, generator, "pip install imageio-ffmpeg", ConfigurationError, mp4=True)


def test_films(generator, job):
  pytest.importorskip("imageio_ffmpeg", reason="films need imageio-ffmpeg")
  from privai_tf.toolkit.edits import edit_codes

  edit_codes(dataclasses.replace(job, mp4=True), generator)
  assert (job.output_dir / "000.mp4").read_bytes()[4:8] == b"ftyp"
  assert not list(job.output_dir.glob(".tmp*"))


@pytest.mark.parametrize("place", ["boundary", "conditions"])
def test_a_boundary_of_another_checkpoint_is_refused(generator, job, tmp_path, place):
  from privai_tf.toolkit.edits import edit_codes

  stated = {"checkpoint": {"name": "other", "sha256": "0" * 64}}
  foreign = Boundary(np.arange(1.0, 17), name="age", provenance=stated)
  path = str(foreign.save(tmp_path / "age_w_boundary.npy"))
  job = dataclasses.replace(job, **{place: path if place == "boundary" else (path,)})
  with pytest.raises(InputError, match=r"age_w_boundary\.npy: boundary 'age' is of another check"):
    edit_codes(job, generator)
