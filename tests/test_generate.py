"""Sampling: files, resuming, truncation, style mixing; on a tiny random network."""

import dataclasses
import json
import resource
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from privai_tf.errors import ConfigurationError, LatentSpaceError

_COMMANDS = ("generate", "edit", "train_boundary")


@pytest.fixture(scope="module")
def generator(tiny_checkpoint):
  from privai_tf.generators import load_generator

  return load_generator(tiny_checkpoint)


@pytest.fixture
def job(tmp_path):
  from privai_tf.toolkit.drawing import Drawing
  from privai_tf.toolkit.samples import SampleJob

  # The checkpoint's own truncation is off: tests that need one ask for it.
  return SampleJob(tmp_path / "out", num=5, drawing=Drawing(truncation_psi=0.5, batch_size=2))


def _pixels(folder, name):
  with Image.open(folder / name) as image:
    return np.asarray(image)


@pytest.mark.parametrize("name", _COMMANDS)
def test_help_takes_under_a_second(repository, imported_packages, name):
  command = [sys.executable, "-X", "importtime", "-m", f"privai_tf.{name}", "--help"]
  # Time on the processor: a busy machine must not fail the test.
  before = resource.getrusage(resource.RUSAGE_CHILDREN)
  result = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
  after = resource.getrusage(resource.RUSAGE_CHILDREN)
  assert "--output_dir" in result.stdout
  assert "privai_tf" in imported_packages(result.stderr)
  assert not imported_packages(result.stderr) & {"tensorflow", "keras", "sklearn", "scipy"}
  assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1


@pytest.mark.parametrize(
  ("name", "missing"),
  [("generate", "output_dir"), ("edit", "latent_space"), ("train_boundary", "latent_space")],
)
def test_required_flags(repository, name, missing):
  """The latent space of given codes is never guessed."""
  command = [sys.executable, "-m", f"privai_tf.{name}"]
  given = {"boundary": "b.npy", "latent_codes": "w.npy", "scores": "s.npy", "output_dir": "out"}
  wanted = {"generate": [], "edit": ["boundary", "output_dir"]}.get(
    name, ["latent_codes", "scores", "output_dir"]
  )
  command += [f"--{flag}={given[flag]}" for flag in wanted]
  result = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
  assert result.returncode == 2
  assert missing in result.stderr
  assert "Traceback" not in result.stderr


@pytest.mark.slow
def test_the_command(repository, tiny_checkpoint, tmp_path):
  command = [
    sys.executable,
    "-m",
    "privai_tf.generate",
    f"--checkpoint={tiny_checkpoint}",
    "--num=3",
    "--seed=4",
    f"--output_dir={tmp_path}",
  ]
  result = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
  assert result.returncode == 0, result.stderr
  assert result.stderr == ""
  assert "3 pictures; codes in z.npy, w.npy, wp.npy." in result.stdout
  assert (tmp_path / "000002.png").is_file()


def test_codes_of_every_space_and_what_is_drawn(generator, job):
  from privai_tf.generators import to_uint8
  from privai_tf.toolkit.samples import generate_samples

  progress = []
  summary = generate_samples(job, generator, lambda done, total: progress.append((done, total)))
  folder = job.output_dir
  names = {path.name for path in folder.iterdir()}
  pictures = {f"{number:06d}.png" for number in range(5)}
  assert names == pictures | {"z.npy", "w.npy", "wp.npy", "run.json", "contact_sheet.png"}
  assert summary.kept == 0
  assert progress == [(number, 5) for number in range(1, 6)]
  z, w, wp = (np.load(folder / f"{name}.npy") for name in ("z", "w", "wp"))
  assert np.array_equal(z, np.random.RandomState(0).randn(5, 16).astype(np.float32))
  assert w == pytest.approx(generator.map(z), abs=1e-6)
  assert wp == pytest.approx(generator.truncate(w, 0.5), abs=1e-6)
  assert wp.dtype == np.float32
  expected = to_uint8(generator.synthesize(wp, latent_space="W+"))
  for number in range(5):
    # Batches of another size may round a value to the neighbouring grey.
    difference = _pixels(folder, f"{number:06d}.png").astype(int) - expected[number]
    assert np.abs(difference).max() <= 1
  # 3 columns, 2 rows of 32 pixels, 2 between them.
  assert _pixels(folder, "contact_sheet.png").shape == (66, 100, 3)


def test_a_stopped_run_goes_on_and_gives_the_same(generator, job, tmp_path):
  from privai_tf.toolkit.samples import generate_samples

  random = dataclasses.replace(job.drawing, noise="random", noise_seed=7)
  job = dataclasses.replace(job, drawing=random)
  generate_samples(job, generator)
  folder = job.output_dir
  whole = {path.name: path.read_bytes() for path in folder.iterdir()}
  # As if it had been stopped: some pictures, the codes and the sheet are missing.
  for name in ("000001.png", "000004.png", "wp.npy", "contact_sheet.png"):
    (folder / name).unlink()
  before = (folder / "000000.png").stat().st_mtime_ns
  assert generate_samples(job, generator).kept == 3
  assert (folder / "000000.png").stat().st_mtime_ns == before
  assert {path.name: path.read_bytes() for path in folder.iterdir()} == whole
  # More samples later: the first ones stay, and all are as if made at once.
  more = dataclasses.replace(job, num=7)
  assert generate_samples(more, generator).kept == 5
  fresh = dataclasses.replace(more, output_dir=tmp_path / "fresh")
  generate_samples(fresh, generator)
  for path in fresh.output_dir.iterdir():
    assert (folder / path.name).read_bytes() == path.read_bytes(), path.name


@pytest.mark.parametrize(
  ("change", "named"),
  [
    ({"seed": 1}, "another seed"),
    ({"latent_space": "W"}, "another latent_space"),
    ({"drawing": {"truncation_psi": 0.7}}, "another truncation_psi"),
    ({"drawing": {"noise": "none"}}, "another noise"),
    ({"num": 4}, "pictures of 5 codes"),
  ],
)
def test_another_configuration_is_refused(generator, job, change, named):
  from privai_tf.toolkit.samples import generate_samples

  generate_samples(job, generator)
  change = dict(change)
  if "drawing" in change:
    change["drawing"] = dataclasses.replace(job.drawing, **change["drawing"])
  with pytest.raises(ConfigurationError, match=named):
    generate_samples(dataclasses.replace(job, **change), generator)


def test_a_folder_with_other_pictures_is_refused(generator, job):
  from privai_tf.toolkit.samples import generate_samples

  job.output_dir.mkdir()
  (job.output_dir / "000000.png").write_bytes(b"somebody's")
  with pytest.raises(ConfigurationError, match=r"000000\.png"):
    generate_samples(job, generator)
  assert (job.output_dir / "000000.png").read_bytes() == b"somebody's"


def test_style_mixing_takes_later_layers_from_a_second_sample(generator, job):
  from privai_tf.toolkit.samples import generate_samples

  mixed = dataclasses.replace(job, latent_space="W+", style_mixing=0.6, num=12)
  mixed = dataclasses.replace(mixed, drawing=dataclasses.replace(job.drawing, truncation_psi=1.0))
  generate_samples(mixed, generator)
  folder = job.output_dir
  # A mixed sample has no single z or w that would give its picture.
  assert not (folder / "w.npy").exists()
  assert not (folder / "z.npy").exists()
  wp = np.load(folder / "wp.npy")
  first = generator.map(generator.sample_z(12, 0))
  switches = [
    int((layers == code).all(axis=1).sum()) for layers, code in zip(wp, first, strict=True)
  ]
  assert min(switches) >= 1
  # Probability 0.6 of 12: none or all has a chance below 0.3%, and the seed is fixed.
  assert 0 < sum(switch < generator.num_layers for switch in switches) < 12
  for layers, switch in zip(wp, switches, strict=True):
    # One second code in all of the later layers.
    assert (layers[switch:] == layers[-1]).all()


def test_given_codes_are_drawn_in_their_space(generator, job, tmp_path):
  from privai_tf.toolkit.samples import generate_samples

  generate_samples(job, generator)
  pictures = {}
  for space, name in (("Z", "z"), ("W", "w"), ("W+", "wp")):
    given = dataclasses.replace(
      job,
      output_dir=tmp_path / name,
      latent_space=space,
      latent_codes=str(job.output_dir / f"{name}.npy"),
    )
    if space == "W+":
      with pytest.raises(ConfigurationError, match="drawn as they are"):
        generate_samples(given, generator)
      given = dataclasses.replace(
        given, drawing=dataclasses.replace(job.drawing, truncation_psi=None)
      )
    generate_samples(given, generator)
    pictures[name] = _pixels(given.output_dir, "000003.png")
  assert np.array_equal(pictures["z"], pictures["w"])
  assert np.array_equal(pictures["z"], pictures["wp"])
  wrong = dataclasses.replace(
    job,
    output_dir=tmp_path / "wrong",
    latent_space="W",
    latent_codes=str(job.output_dir / "z.npy"),
  )
  with pytest.raises(LatentSpaceError, match=r"z\.npy holds Z codes"):
    generate_samples(wrong, generator)


@pytest.mark.parametrize(
  ("change", "problem"),
  [
    ({"style_mixing": 0.5}, "needs latent_space=W\\+"),
    ({"style_mixing": 1.5}, "probability"),
    ({"labels": "0"}, "no labels"),
  ],
)
def test_contradictions(generator, job, change, problem):
  from privai_tf.toolkit.samples import generate_samples

  with pytest.raises(ConfigurationError, match=problem):
    generate_samples(dataclasses.replace(job, **change), generator)


def test_pggan_and_labels(tmp_path):
  """A Z-only network: one file of codes; its class is part of the configuration."""
  from privai_tf.generators.config import PGGANConfig
  from privai_tf.generators.families import PGGANGenerator
  from privai_tf.toolkit.drawing import Drawing
  from privai_tf.toolkit.samples import SampleJob, generate_samples

  config = PGGANConfig(resolution=16, latent_size=8, label_size=3, fmap_base=64, fmap_max=8)
  generator = PGGANGenerator(config)
  job = SampleJob(tmp_path / "one", num=3, labels="1")
  assert generate_samples(job, generator).codes == ("z.npy",)
  other = dataclasses.replace(job, output_dir=tmp_path / "other", labels="2")
  generate_samples(other, generator)
  assert (tmp_path / "one/000000.png").read_bytes() != (tmp_path / "other/000000.png").read_bytes()
  assert json.loads((tmp_path / "one/run.json").read_text())["configuration"]["labels"] == 1
  for change, error in (
    ({"labels": None}, "needs labels"),
    ({"labels": "3"}, "classes are 0 to 2"),
    ({"labels": "1", "drawing": Drawing(truncation_psi=0.7)}, "Truncation"),
  ):
    with pytest.raises(ConfigurationError, match=error):
      generate_samples(dataclasses.replace(job, output_dir=tmp_path / "x", **change), generator)
  with pytest.raises(LatentSpaceError, match="latent_space is 'W'"):
    generate_samples(dataclasses.replace(job, latent_space="W"), generator)


@pytest.mark.parametrize("psi", [float("nan"), float("inf")])
def test_truncation_is_a_number(psi):
  from privai_tf.toolkit.drawing import Drawing

  with pytest.raises(ConfigurationError, match=f"truncation_psi={psi}: use a number"):
    Drawing(truncation_psi=psi)


def test_a_folder_says_its_precision_and_keeps_to_it(generator, job, monkeypatch):
  from privai_tf.runtime import precision
  from privai_tf.toolkit.drawing import Drawing
  from privai_tf.toolkit.samples import generate_samples

  def drawn_in(asked):
    drawing = dataclasses.replace(job.drawing, precision=asked)
    generate_samples(dataclasses.replace(job, num=2, drawing=drawing), generator)
    return json.loads((job.output_dir / "run.json").read_text())["configuration"]["precision"]

  monkeypatch.delenv("PRIVAI_PRECISION")
  monkeypatch.setattr(precision, "_processor_multiplies", lambda: False)
  assert drawn_in("auto") == "float32"
  monkeypatch.setattr(precision, "_processor_multiplies", lambda: True)  # Another machine.
  with pytest.raises(ConfigurationError, match="another precision"):
    drawn_in("auto")
  # As folders were before there was a choice.
  record = json.loads((job.output_dir / "run.json").read_text())
  del record["configuration"]["precision"]
  (job.output_dir / "run.json").write_text(json.dumps(record))
  assert drawn_in("float32") == "float32"
  codes = generator.sample_z(2, seed=0)
  exact, rough = (
    np.stack([pixels for _, pixels in Drawing(precision=p).pixels(generator, codes, "Z")])
    for p in ("float32", "auto")
  )
  assert np.mean(exact != rough) > 0
  assert np.abs(exact.astype(int) - rough).mean() < 2
