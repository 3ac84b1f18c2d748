"""The pipeline in one process: what is published depends on nothing but the release."""

import dataclasses
import json

import numpy as np
import pytest

from privai_tf import pipeline
from privai_tf.errors import ConfigurationError, InputError, OutputError
from privai_tf.faces.spec import FaceSpec
from privai_tf.inversion.spec import InversionSpec
from privai_tf.jobs import stages
from privai_tf.privacy.spec import PrivacySpec

pytestmark = pytest.mark.usefixtures("one_generator")


@pytest.fixture
def job(job_on_codes):
  """A job on three codes, as a simulation with pinned noise."""
  return job_on_codes(
    3, inversion=InversionSpec(steps=3, steps_per_call=3), faces=FaceSpec(align="none")
  )


def _photo(folder, seed):
  from PIL import Image

  folder.mkdir()
  pixels = np.random.default_rng(seed).integers(0, 256, (50 + seed, 60, 3), dtype=np.uint8)
  Image.fromarray(pixels).save(folder / "face.png")
  return folder


def test_two_photos_under_pinned_noise_differ_in_nothing_but_the_image(job, tmp_path):
  """`privacy.md`, section 8."""
  folders = []
  for name, seed in (("first", 1), ("second", 2)):
    output = tmp_path / f"{name}_out"
    changed = dataclasses.replace(
      job, input=str(_photo(tmp_path / name, seed)), input_latents=None, output_dir=output
    )
    assert pipeline.run(changed).released == ("face",)
    folders.append(output)
  first, second = ({path.name: path.read_bytes() for path in f.iterdir()} for f in folders)
  assert set(first) == set(second) == {"face.png", "face.json", "run.json", "report.html"}
  different = {name for name in first if first[name] != second[name]}
  assert different == {"face.png", "report.html"}
  # The report embeds the image; with the picture's data taken out, it is the same.
  pages = [content["report.html"].decode() for content in (first, second)]
  stripped = [page.split("base64,")[0] + page.split('"><figcaption>')[-1] for page in pages]
  assert stripped[0] == stripped[1]


def test_a_simulation_says_so(job):
  summary = pipeline.run(job)
  content = json.loads((job.output_dir / "codes-0.json").read_text())
  assert content["guarantee"]["private"] is False
  assert content["attacker_bound"] is None
  assert summary.statement == content["guarantee"]["statement"]
  assert "warning" in (job.output_dir / "report.html").read_text()


def test_batches_of_a_simulation_do_not_repeat_their_noise(job, tmp_path):
  """The same code in every batch: with the noise repeated, all images would be equal."""
  codes = tmp_path / "same.npy"
  code = np.random.default_rng(0).normal(size=16).astype(np.float32)
  np.save(codes, np.repeat(code[np.newaxis], 3, axis=0))
  # So little noise that clamping does not make results equal.
  spec = PrivacySpec(epsilon=30.0, noise_seed=7)
  pipeline.run(dataclasses.replace(job, input_latents=str(codes), batch_size=1, privacy=spec))
  images = {(job.output_dir / f"same-{row}.png").read_bytes() for row in range(3)}
  assert len(images) == 3


def test_scope_image_needs_no_boundary(job):
  spec = PrivacySpec(mechanism="gaussian", scope="image", epsilon=8.0, delta=1e-5, components=4)
  pipeline.run(dataclasses.replace(job, privacy=spec, attributes=("nonsense",)))
  content = json.loads((job.output_dir / "codes-0.json").read_text())
  assert content["guarantee"]["scope"] == "image"
  assert content["guarantee"]["private"] is True
  run = json.loads((job.output_dir / "run.json").read_text())
  assert run["configuration"]["attributes"] == []


def test_stand_ins_are_published_with_their_exact_bound(job):
  spec = PrivacySpec("subset_selection", "image", 2.0, codebook_size=500, calibration_count=1000)
  pipeline.run(dataclasses.replace(job, privacy=spec))
  content = json.loads((job.output_dir / "codes-0.json").read_text())
  assert "a face that the generator made up" in content["guarantee"]["statement"]
  assert 0.5 < content["attacker_bound"] < np.e**2 / (1 + np.e**2)
  assert content["guarantee"]["private"] is True
  run = json.loads((job.output_dir / "run.json").read_text())
  assert run["configuration"]["attributes"] == []
  assert run["configuration"]["privacy"]["codebook_size"] == 500


def test_stand_ins_that_resemble_in_an_unknown_attribute_are_refused(job):
  spec = PrivacySpec("subset_selection", "image", resemble=(("charm", 2.0),))
  with pytest.raises((ConfigurationError, InputError), match="charm"):
    pipeline.run(dataclasses.replace(job, privacy=spec))
  assert not job.output_dir.exists()


def test_another_configuration_in_the_same_folder_is_refused(job):
  pipeline.run(job)
  other = dataclasses.replace(job, privacy=PrivacySpec(epsilon=2.0, noise_seed=7))
  with pytest.raises(ConfigurationError, match=r"other settings \(privacy\)"):
    pipeline.run(other)
  summary = pipeline.run(dataclasses.replace(other, overwrite=True))
  assert len(summary.released) == 3


def test_a_run_that_released_nothing_binds_to_no_configuration(job, tmp_path):
  broken = tmp_path / "broken.png"
  broken.write_text("no picture")
  first = dataclasses.replace(job, input=str(broken), input_latents=None)
  assert len(pipeline.run(first).failures) == 1
  other = dataclasses.replace(job, privacy=PrivacySpec(epsilon=2.0, noise_seed=7))
  assert len(pipeline.run(other).released) == 3


def test_an_impossible_guarantee_is_told_before_any_inversion(job, tiny_checkpoint, monkeypatch):
  monkeypatch.setattr(stages, "invert", lambda *_: pytest.fail("inverted"))
  twice = (str(tiny_checkpoint / "smile_w_boundary.npy"),) * 2
  spec = PrivacySpec(mechanism="randomized_response")
  with pytest.raises((ConfigurationError, InputError), match=r"each|collinear"):
    pipeline.run(dataclasses.replace(job, privacy=spec, attributes=twice))
  assert not job.output_dir.exists()


def test_an_interrupted_run_goes_on_where_it_stopped(job, monkeypatch):
  """Releases that were written are kept, and nothing is drawn that was drawn before."""
  from privai_tf.jobs.publication import PublicFolder

  write = PublicFolder.write

  def full_disk(self, name, *rest):
    if name == "codes-1":
      raise OutputError("codes-1.png: no space left")
    write(self, name, *rest)

  monkeypatch.setattr(PublicFolder, "write", full_disk)
  with pytest.raises(OutputError, match="no space left"):
    pipeline.run(job)
  written = {path.stem for path in job.output_dir.glob("*.png")}
  assert "codes-0" in written
  assert "codes-1" not in written
  monkeypatch.undo()
  monkeypatch.setattr(stages.Stages, "process", lambda *_, **__: pytest.fail("drawn again"))
  summary = pipeline.run(job)
  assert set(summary.kept) == written
  assert set(summary.released) == {"codes-0", "codes-1", "codes-2"} - written


def test_progress_reaches_its_total(job, tmp_path):
  seen = []
  photos = dataclasses.replace(job, input=str(_photo(tmp_path / "photos", 3)), input_latents=None)
  pipeline.run(photos, lambda done, total: seen.append((done, total)))
  # The public codes of this release path come first, unless a run before has left them.
  first = next((n for n, (_, total) in enumerate(seen) if total != seen[0][1]), 0)
  for part in (seen[:first], seen[first:]):
    assert part == sorted(part)
    assert not part or part[-1][0] == part[-1][1]


@pytest.mark.parametrize("name", ["photos", "pho\ntos"])  # as messages show it, and not
def test_an_output_never_replaces_its_input(job, tmp_path, name):
  folder = _photo(tmp_path / name, 4)
  before = (folder / "face.png").read_bytes()
  with pytest.raises(ConfigurationError, match="would replace it"):
    pipeline.run(dataclasses.replace(job, input=str(folder), input_latents=None, output_dir=folder))
  assert (folder / "face.png").read_bytes() == before
  assert [path.name for path in folder.iterdir()] == ["face.png"]
