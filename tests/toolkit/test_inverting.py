"""Photos to codes: what the folder holds, that calls go on, what is refused, and who may read."""

import dataclasses
import json
import stat
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from privai_tf.errors import ConfigurationError, InputError, LatentSpaceError
from privai_tf.inversion.code_record import require_stated_space
from privai_tf.inversion.latents import load_latents
from privai_tf.inversion.spec import InversionSpec
from privai_tf.toolkit.inverting import InvertJob, invert_photos

_FILES = ("npy", "original.png", "inversion.png", "quality.json")
_SPEC = InversionSpec(steps=4, steps_per_call=2, batch_size=2, perceptual="none")


@pytest.fixture(scope="module")
def generator(tiny_checkpoint):
  from privai_tf.generators import load_generator

  return load_generator(tiny_checkpoint)


@pytest.fixture
def job(tmp_path):
  photos = tmp_path / "photos"
  photos.mkdir()
  random = np.random.default_rng(0)
  for name in "abc":
    _photo(photos / f"{name}.png", random)
  return InvertJob(str(photos), tmp_path / "codes", inversion=_SPEC)


def _photo(path, random):
  Image.fromarray(random.integers(0, 256, (32, 32, 3), np.uint8)).save(path)


def _names(folder):
  return {path.name for path in folder.iterdir()}


def test_the_folder_is_whole_readable_and_private(generator, job):
  told = []
  summary = invert_photos(job, generator, lambda *state: told.append(state))
  assert (summary.inverted, summary.kept, summary.failures) == (3, 0, ())
  expected = {f"{name}.{kind}" for name in "abc" for kind in _FILES}
  others = {"README.txt", "failures.csv", "inversions.html", "names.json", "run.json"}
  assert _names(job.output_dir) == expected | others
  assert stat.S_IMODE(job.output_dir.stat().st_mode) == 0o700
  assert told[-1] == (3, 3)
  assert [done for done, _ in told] == sorted(done for done, _ in told)
  codes = load_latents(job.output_dir / "a.npy", generator, "W")
  assert codes.shape == (1, 16)
  with Image.open(job.output_dir / "a.original.png") as image:
    assert np.array_equal(image, Image.open(f"{job.input}/a.png"))
  figures = json.loads((job.output_dir / "b.quality.json").read_text())
  assert figures["steps"] == 4
  assert "b: inversion" in (job.output_dir / "inversions.html").read_text()


def test_codes_are_those_of_invert(generator, job):
  """A code of the folder draws the picture beside it."""
  from privai_tf.generators import to_uint8

  invert_photos(job, generator)
  codes = load_latents(job.output_dir / "c.npy", generator, "W")
  image = to_uint8(generator.synthesize(codes, latent_space="W"))[0]
  with Image.open(job.output_dir / "c.inversion.png") as beside:
    difference = np.abs(image.astype(int) - np.asarray(beside).astype(int))
  assert difference.max() <= 1


def test_a_second_call_goes_on(generator, job):
  invert_photos(job, generator)
  before = (job.output_dir / "a.npy").stat().st_mtime_ns
  (job.output_dir / "b.quality.json").unlink()  # As a kill before the last file leaves it.
  _photo(f"{job.input}/d.png", np.random.default_rng(4))
  summary = invert_photos(job, generator)
  assert (summary.inverted, summary.kept) == (2, 2)
  assert (job.output_dir / "a.npy").stat().st_mtime_ns == before


def test_codes_say_their_space_and_checkpoint(generator, job):
  invert_photos(job, generator)
  require_stated_space(job.output_dir / "a.npy", "W", generator)
  with pytest.raises(LatentSpaceError, match="holds W codes"):
    require_stated_space(job.output_dir / "a.npy", "Z", generator)


def test_other_settings_or_another_picture_of_the_name_are_refused(generator, job):
  invert_photos(job, generator)
  other = dataclasses.replace(job, inversion=dataclasses.replace(_SPEC, steps=6))
  with pytest.raises(ConfigurationError, match="made with another inversion"):
    invert_photos(other, generator)
  before = (job.output_dir / "a.npy").read_bytes()
  _photo(f"{job.input}/a.png", np.random.default_rng(9))
  with pytest.raises(ConfigurationError, match="another picture called a"):
    invert_photos(job, generator)
  assert (job.output_dir / "a.npy").read_bytes() == before


def test_failures_are_named_and_the_rest_goes_on(generator, job):
  with open(f"{job.input}/b.png", "w") as file:
    file.write("no picture")
  told = []
  summary = invert_photos(job, generator, tell=told.append)
  assert summary.inverted == 2
  (failure,) = summary.failures
  assert failure.name == "b"
  assert "b.png is no picture" in told[0]
  assert "b.png is no picture" in (job.output_dir / "failures.csv").read_text()
  with pytest.raises(InputError):
    invert_photos(dataclasses.replace(job, input=f"{job.input}/none.png"), generator)


def test_noise_maps_are_kept_in_the_folder(generator, job):
  spec = dataclasses.replace(_SPEC, noise_maps=True, latent_space="W+")
  invert_photos(dataclasses.replace(job, inversion=spec), generator)
  maps = np.load(job.output_dir / "a.noise.npz")
  assert [maps[name].shape for name in maps.files] == [m.shape[1:] for m in generator.noise_maps()]


@pytest.mark.slow
def test_the_command(repository, tiny_checkpoint, job):
  command = [
    *(sys.executable, "-m", "privai_tf.invert", f"--input={job.input}"),
    *(f"--checkpoint={tiny_checkpoint}", f"--output_dir={job.output_dir}"),
    *("--steps=2", "--latent_space=W+", "--pixel_weight=2", "--layer_weights=1,1,1,1,1,1,1,2"),
  ]
  result = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
  assert result.returncode == 0, result.stderr
  assert "3 faces inverted." in result.stdout
  assert result.stderr == ""
  bad = [*command, "--optimizer=best"]
  result = subprocess.run(bad, cwd=repository, capture_output=True, text=True, check=False)
  assert result.returncode == 2
  assert len(result.stderr.splitlines()) == 1
