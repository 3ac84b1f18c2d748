"""A job on a few codes that workers share."""

import pathlib

import pytest

from privai_tf.inversion.spec import InversionSpec
from privai_tf.jobs.job import Budget, Job
from privai_tf.privacy.spec import PrivacySpec

COUNT = 40


@pytest.fixture
def job(job_on_codes) -> Job:
  """40 codes, batches of 2, noise of a real release, no ledger."""
  return job_on_codes(
    COUNT, privacy=PrivacySpec(epsilon=1.0), inversion=InversionSpec(steps=2), batch_size=2
  )


@pytest.fixture
def budget(tmp_path) -> Budget:
  """Everybody's codes are one subject's, whose budget suffices for 30 of 40 releases."""
  return Budget(ledger=tmp_path / "ledger.db", epsilon=30.0, subject_id="ada", create=True)


@pytest.fixture
def published():
  """The pictures of a folder by name."""

  def read(folder: pathlib.Path) -> dict[str, bytes]:
    return {path.stem: path.read_bytes() for path in folder.glob("*.png")}

  return read
