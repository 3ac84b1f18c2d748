"""Every file of codes that a command writes is read by every command that takes codes."""

import json

import numpy as np
import pytest
from PIL import Image

from privai_tf.errors import LatentSpaceError
from privai_tf.inversion.spec import InversionSpec
from privai_tf.jobs.item_lists import find_items
from privai_tf.jobs.parts import Sources
from privai_tf.jobs.private_folder import PrivateFolder, PrivateRecord
from privai_tf.toolkit.drawing import Drawing
from privai_tf.toolkit.edits import EditJob, edit_codes
from privai_tf.toolkit.inverting import InvertJob, invert_photos
from privai_tf.toolkit.samples import SampleJob, generate_samples
from privai_tf.toolkit.score_sources import DrawnCodes

SPACES = ("Z", "W", "W+")
_DRAWING = Drawing(batch_size=2)


@pytest.fixture(scope="module")
def generator(tiny_checkpoint):
  from privai_tf.generators import load_generator

  return load_generator(tiny_checkpoint)


def _inverted(generator, folder, space):
  (folder / "photos").mkdir(parents=True)
  pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
  Image.fromarray(pixels).save(folder / "photos" / "a.png")
  spec = InversionSpec(latent_space=space, steps=1, perceptual="none")
  invert_photos(InvertJob(str(folder / "photos"), folder / "codes", inversion=spec), generator)
  return folder / "codes" / "a.npy"


def _generated(generator, folder, space):
  generate_samples(SampleJob(folder, num=2, drawing=_DRAWING), generator)
  return folder / {"Z": "z.npy", "W": "w.npy", "W+": "wp.npy"}[space]


def _edited(generator, folder, space):
  plane = generator.folder / f"smile_{'z' if space == 'Z' else 'w'}_boundary.npy"
  given = {"latent_codes": str(_generated(generator, folder / "samples", space))}
  given = given if space == "W+" else {}  # Fresh samples are Z or W codes.
  job = EditJob(folder / "edits", str(plane), space, num=1, steps=2, drawing=_DRAWING, **given)
  edit_codes(job, generator)
  return folder / "edits" / "codes.npy"


def _saved_by_a_job(generator, folder, space):
  private = PrivateFolder(folder, save_latents=True)
  private.describe_codes(
    {"checkpoint": {"sha256": generator.fingerprint}, "inversion": {"latent_space": space}}
  )
  codes = np.zeros(generator.code_shape(space), np.float32)
  private.write(PrivateRecord("a", {"source": "a.png"}, codes))
  return folder / "a.latent.npy"


def _generate_reads(generator, path, space, folder):
  job = SampleJob(folder, latent_space=space, latent_codes=str(path), drawing=_DRAWING)
  return generate_samples(job, generator).num


def _edit_reads(generator, path, space, folder):
  plane = generator.folder / f"smile_{'z' if space == 'Z' else 'w'}_boundary.npy"
  job = EditJob(folder, str(plane), space, latent_codes=str(path), steps=2, drawing=_DRAWING)
  return edit_codes(job, generator).codes


def _score_reads(generator, path, space, folder):
  return DrawnCodes(generator, str(path), space, _DRAWING).count


def _the_main_job_reads(generator, path, space, folder):
  return find_items(Sources(input_latents=str(path)), generator, space).count


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("written", [_inverted, _generated, _edited, _saved_by_a_job])
def test_every_reader_takes_what_every_writer_wrote(generator, tmp_path, written, space):
  path = written(generator, tmp_path / "written", space)
  count = len(np.load(path))
  for number, reads in enumerate((_generate_reads, _edit_reads, _score_reads, _the_main_job_reads)):
    assert reads(generator, path, space, tmp_path / f"read{number}") == count, reads.__name__


@pytest.mark.parametrize("written", [_inverted, _generated, _edited, _saved_by_a_job])
def test_every_reader_refuses_codes_of_another_space_or_checkpoint(generator, tmp_path, written):
  path = written(generator, tmp_path / "written", "W")
  readers = (_generate_reads, _edit_reads, _score_reads, _the_main_job_reads)
  for reads in readers:
    with pytest.raises(LatentSpaceError, match="holds W codes"):
      reads(generator, path, "Z", tmp_path / reads.__name__)
  record = path.parent / "run.json"
  values = json.loads(record.read_text())
  values["checkpoint"]["sha256"] = "0" * 64
  record.write_text(json.dumps(values))
  for reads in readers:
    with pytest.raises(LatentSpaceError, match="another checkpoint"):
      reads(generator, path, "W", tmp_path / reads.__name__)
