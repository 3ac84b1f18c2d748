"""Jobs whose ledger is a PostgreSQL database: paid there, and its password written nowhere."""

import dataclasses

import pytest

from privai_tf import pipeline
from privai_tf.inversion.spec import InversionSpec
from privai_tf.jobs.job import Budget
from privai_tf.privacy.ledger import Ledger, LedgerUnreachableError
from privai_tf.privacy.ledger.database_url import location
from privai_tf.privacy.spec import PrivacySpec

PASSWORD = "hunter2-of-the-ledger"


@pytest.fixture
def job(job_on_codes, one_generator, new_database, tmp_path):
  """Four codes of one subject, whose budget suffices for three releases."""
  url = new_database().replace("owner@", f"owner:{PASSWORD}@")
  budget = Budget(ledger=location(url), epsilon=3.0, subject_id="ada", create=True)
  return job_on_codes(
    4,
    privacy=PrivacySpec(epsilon=1.0),
    inversion=InversionSpec(steps=2),
    batch_size=2,
    budget=budget,
    private_dir=tmp_path / "private",
    state_dir=tmp_path / "state",
  )


def run_main(job):
  return pipeline.run(job)


def run_beam(job):
  beam = pytest.importorskip("privai_tf.fleet.beam")
  return beam.run(job, ("--runner=DirectRunner",))


@pytest.mark.slow
@pytest.mark.parametrize("run", [run_main, run_beam])
def test_a_job_pays_there_and_tells_nobody_the_password(job, run, tmp_path, caplog, capfd):
  told = run(job)
  assert (len(told.released), len(told.failures)) == (3, 1)
  again = run(dataclasses.replace(job, budget=dataclasses.replace(job.budget, create=False)))
  assert (len(again.kept), len(again.released)) == (3, 0)
  with Ledger.open(job.budget.ledger) as ledger:
    assert [row["epsilon"] for row in ledger.releases("ada")] == ["1"] * 3
  written = [path for path in tmp_path.rglob("*") if path.is_file()]
  assert any(path.name == "binding.json" and b"***" in path.read_bytes() for path in written)
  for path in written:
    assert PASSWORD.encode() not in path.read_bytes(), path
  said = "".join([*capfd.readouterr(), caplog.text, repr(job), repr(told), repr(again)])
  assert PASSWORD not in said


def test_without_its_server_nothing_is_published(job, tmp_path):
  away = location(f"postgresql://ada:{PASSWORD}@/ledger?host={tmp_path}")
  job = dataclasses.replace(job, budget=dataclasses.replace(job.budget, ledger=away, create=False))
  with pytest.raises(LedgerUnreachableError, match="nothing was charged") as told:
    pipeline.run(job)
  assert PASSWORD not in str(told.value)
  assert "\n" not in str(told.value)
  assert not job.output_dir.exists()
