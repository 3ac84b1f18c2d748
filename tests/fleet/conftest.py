"""A job on a few codes that workers share."""

import pathlib

import numpy as np
import pytest

from privai_tf.inversion.spec import InversionSpec
from privai_tf.jobs.job import Budget, Job
from privai_tf.privacy.spec import PrivacySpec

COUNT = 40


@pytest.fixture
def job(tiny_checkpoint, tmp_path) -> Job:
  """40 codes, batches of 2, noise of a real release, no ledger."""
  codes = tmp_path / "codes.npy"
  np.save(codes, np.random.default_rng(1).normal(size=(COUNT, 16)).astype(np.float32))
  return Job(
    checkpoint=str(tiny_checkpoint),
    attributes=(str(tiny_checkpoint / "smile_w_boundary.npy"),),
    privacy=PrivacySpec(epsilon=1.0),
    inversion=InversionSpec(steps=2),
    output_dir=tmp_path / "out",
    input_latents=str(codes),
    batch_size=2,
  )


@pytest.fixture
def budget(tmp_path) -> Budget:
  """Everybody's codes are one subject's, whose budget suffices for 30 of 40 releases."""
  return Budget(ledger=tmp_path / "ledger.db", epsilon=30.0, subject_id="ada")


@pytest.fixture
def published():
  """The pictures of a folder by name."""

  def read(folder: pathlib.Path) -> dict[str, bytes]:
    return {path.stem: path.read_bytes() for path in folder.glob("*.png")}

  return read
