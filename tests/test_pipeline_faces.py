"""Several faces a photo: each is paid for, and a frame is published with all of them or not at all."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

from privai_tf import pipeline
from privai_tf.artifacts import AlignedFace, Placement
from privai_tf.errors import ConfigurationError
from privai_tf.faces.spec import FaceSpec
from privai_tf.inversion.spec import InversionSpec
from privai_tf.jobs import inputs
from privai_tf.jobs.job import Budget
from privai_tf.privacy.ledger import Ledger
from privai_tf.privacy.spec import PrivacySpec

pytestmark = pytest.mark.usefixtures("one_generator")

_PLACES = (((20.0, 20.0), (16.0, 0.0)), ((60.0, 20.0), (16.0, 0.0)))


def _privacy(**settings):
  return PrivacySpec(**{"epsilon": 0.5, "calibration_count": 100, **settings})


@pytest.fixture
def job(job_on_codes, tmp_path, monkeypatch):
  """A job on one photo with two faces, under a real guarantee."""
  pixels = np.random.default_rng(1).integers(0, 256, (40, 80, 3), dtype=np.uint8)
  (tmp_path / "in").mkdir()
  Image.fromarray(pixels).save(tmp_path / "in" / "pair.png")

  def find_faces(frame, resolution, spec, *, name, source):
    chosen = range(2) if spec.faces == "all" else [int(spec.faces)]
    return [
      AlignedFace(
        name=f"{name}-face{index}" if spec.faces == "all" else name,
        source=source,
        image=np.zeros((resolution, resolution, 3), np.float32) + index / 2,
        index=index,
        count=2,
        placement=Placement(*_PLACES[index], frame=(40, 80)),
      )
      for index in chosen
    ]

  monkeypatch.setattr(inputs, "find_faces", find_faces)
  return job_on_codes(
    0,
    input_latents=None,
    inversion=InversionSpec(steps=2, steps_per_call=2, perceptual="none"),
    privacy=_privacy(),
    input=str(tmp_path / "in"),
    faces=FaceSpec(faces="all"),
    budget=Budget(tmp_path / "ledger.db", epsilon=1.0, subject_id="family", create=True),
  )


def test_all_faces_of_a_photo_and_each_is_paid_for(job):
  summary = pipeline.run(job)
  assert summary.released == ("pair-face0", "pair-face1")
  with Ledger.open(job.budget.ledger) as ledger:
    assert ledger.remaining("family").epsilon == 0
  again = pipeline.run(job)
  assert (again.released, again.kept, again.failures) == ((), ("pair",), ())


def test_faces_go_back_into_their_frame(job, tmp_path):
  job = dataclasses.replace(job, privacy=_privacy(pasted_back=True))
  assert job.faces.paste_back
  summary = pipeline.run(job)
  assert summary.released == ("pair",)
  assert "frame around the face is the original one" in summary.statement
  assert "every other face in it" in summary.statement
  before = np.asarray(Image.open(tmp_path / "in" / "pair.png"), int)
  after = np.asarray(Image.open(job.output_dir / "pair.png"), int)
  assert after.shape == before.shape
  assert np.array_equal(after[:, 38:42], before[:, 38:42])
  for (x, y), _ in _PLACES:
    window = np.s_[int(y) - 4 : int(y) + 4, int(x) - 4 : int(x) + 4]
    assert np.abs(after[window] - before[window]).mean() > 10
  with Ledger.open(job.budget.ledger) as ledger:
    (release,) = ledger.releases()
    assert float(release["epsilon"]) == 1.0
    assert ledger.remaining("family").epsilon == 0


def test_a_frame_is_paid_for_with_all_its_faces_or_not_published(job):
  job = dataclasses.replace(job, privacy=_privacy(epsilon=0.75, pasted_back=True))
  summary = pipeline.run(job)
  (line,) = summary.failures
  assert "pair.png" in line
  assert "costs epsilon 1.5" in line
  assert not list(job.output_dir.glob("*.png"))
  # What was drawn and refused is not kept either, not even in unused pages.
  (manifest,) = job.manifest_dir.glob("manifest.db*")
  assert b"IDAT" not in manifest.read_bytes()


def test_scope_image_refuses_frames():
  with pytest.raises(ConfigurationError, match="Pasting the face back"):
    PrivacySpec(mechanism="gaussian", scope="image", delta=1e-5, pasted_back=True)
