"""The steps of a fleet without a runner: what repetition, loss and refusal do."""

import dataclasses
import json

import pytest

from privai_tf.errors import ConfigurationError
from privai_tf.fleet.state import open_state
from privai_tf.fleet.steps import Claim, Permit, Worker, pay, read_result
from privai_tf.jobs.failures import Failure
from privai_tf.jobs.job import Budget
from privai_tf.jobs.publication import PublicFolder
from privai_tf.pipeline import opened_ledger
from privai_tf.privacy.spec import PrivacySpec


def _state(job, count):
  return open_state(job.publication, count, job.batch_size)


@pytest.fixture
def state(job):
  return _state(job, 40)


@pytest.fixture
def worker(job, state):
  return Worker(job, state)


def _claims(worker, state, ledger) -> list[Claim]:
  return [claim for part in range(state.parts) for claim in worker.claims(part, ledger)]


def test_parts_hold_every_input_once(worker, state):
  names = [item.name for part in range(state.parts) for item in worker._of(part)]
  assert state.parts == 2
  assert sorted(names) == sorted(f"codes-{row}" for row in range(40))


def test_a_repeated_part_publishes_the_same_pictures(job, worker, state, published):
  first = worker.release(Permit(0))
  before = published(job.output_dir)
  second = Worker(job, state).release(Permit(0))
  assert set(first.released) == set(second.kept) == set(before)
  assert second.released == ()
  assert published(job.output_dir) == before


def test_a_part_lost_between_drawing_and_publishing_is_published_as_drawn(
  job, worker, state, published, monkeypatch
):
  """The loss is after the draw was staged: a fresh draw would be a second release for one payment."""
  drawn = {}

  def lost(self, name, picture, content):
    drawn[name] = picture
    raise KeyboardInterrupt

  monkeypatch.setattr(PublicFolder, "write", lost)
  with pytest.raises(KeyboardInterrupt):
    worker.release(Permit(0))
  monkeypatch.undo()
  Worker(job, state).release(Permit(0))
  assert drawn
  assert drawn.items() <= published(job.output_dir).items()


def test_paying_twice_costs_once_and_refusals_are_told(job, state, budget):
  job = dataclasses.replace(job, budget=budget)
  worker = Worker(job, state)
  with opened_ledger(budget) as ledger:
    claims: list[Claim | None] = list(_claims(worker, state, ledger))
    first = list(pay(ledger, worker, state, [*claims, None]))
    second = list(pay(ledger, worker, state, claims))
    assert ledger.remaining("ada").epsilon == pytest.approx(0)
  assert [permit.keys for permit in first] == [permit.keys for permit in second]
  assert sum(len(permit.keys) for permit in first) == 30
  refused = [str(failure) for permit in first for failure in permit.failures]
  assert len(refused) == 10
  assert all("codes.npy, row" in line for line in refused)


def test_what_is_finished_claims_nothing(job, state, budget):
  worker = Worker(dataclasses.replace(job, budget=budget), state)
  worker.release(Permit(0))
  with opened_ledger(budget) as ledger:
    assert list(worker.claims(0, ledger)) == []
    assert len(_claims(worker, state, ledger)) == len(list(worker._of(1)))


def test_only_what_is_paid_for_is_released(job, worker, state, published):
  names = frozenset(item.name for item in list(worker._of(1))[:3])
  refused = Failure("somebody", "somebody.png", "pay", "somebody: refused")
  result = worker.release(Permit(1, names, (refused,)))
  assert set(published(job.output_dir)) == names == set(result.released)
  assert read_result(state, 1).failures == (refused,)
  assert read_result(state, 0) is None


def test_what_cannot_be_read_claims_nothing_and_is_named(job, budget, tmp_path):
  folder = tmp_path / "photos"
  folder.mkdir()
  (folder / "broken.png").write_text("no picture")
  job = dataclasses.replace(job, input=str(folder), input_latents=None, budget=budget)
  state = _state(job, 1)
  worker = Worker(job, state)
  with opened_ledger(budget) as ledger:
    (claim,) = _claims(worker, state, ledger)
  assert claim.faces == 0
  assert "broken.png" in str(claim.failure)


def test_what_cannot_be_read_is_stood_in_for_and_paid_where_any_input_is_protected(
  job, tmp_path, published
):
  folder = tmp_path / "photos"
  folder.mkdir()
  (folder / "broken.png").write_text("no picture")
  spec = PrivacySpec(mechanism="gaussian", scope="image", epsilon=8, delta=1e-5, components=4)
  budget = Budget(tmp_path / "ledger.db", epsilon=8.0, delta=1e-5, create=True)
  job = dataclasses.replace(job, input=str(folder), input_latents=None, budget=budget, privacy=spec)
  state = _state(job, 1)
  worker = Worker(job, state)
  with opened_ledger(budget) as ledger:
    claims = _claims(worker, state, ledger)
    (permit,) = pay(ledger, worker, state, claims)
    assert len(ledger.releases()) == 1
  for one in (worker, Worker(job, state)):  # A repetition knows it as well.
    result = one.release(permit)
    assert set(published(job.output_dir)) == {"broken"}
    (failure,) = result.failures
    assert failure.stand_in
    assert read_result(state, 0) == result


def test_the_identity_is_kept_while_the_output_folder_is(job):
  first = _state(job, 40)
  again = _state(job, 40)
  assert again.identity != first.identity, "no run was begun in the folder"
  job.output_dir.mkdir()
  (job.output_dir / "run.json").write_text("{}")
  # The number of parts stays too, whatever came to the inputs: an input must not change its part.
  assert _state(job, 4000) == again
  assert not first.folder.exists()
  (job.output_dir / "run.json").unlink()
  assert _state(job, 4000).parts > again.parts


def test_a_damaged_state_is_told(job):
  state = _state(job, 40)
  job.output_dir.mkdir()
  (job.output_dir / "run.json").write_text("{}")
  path = state.folder.parent / "fleet.json"
  path.write_text(json.dumps({"id": "x"}))
  with pytest.raises(ConfigurationError, match=r"fleet\.json is damaged"):
    _state(job, 40)
