"""Batches are settled beside the stages, in order, and whatever happens none is left half-done."""

import dataclasses
import threading

import pytest

from privai_tf.errors import OutputError
from privai_tf.jobs.failures import Failure
from privai_tf.jobs.inputs import Item
from privai_tf.jobs.outcomes import Outcome, Output
from privai_tf.jobs.publisher import Publisher
from privai_tf.jobs.tally import Tally
from privai_tf.privacy.ledger import BudgetExceededError

_PATIENCE = 120.0


@dataclasses.dataclass
class _Settlement:
  """Settles a batch when it is told to."""

  go: threading.Event = dataclasses.field(default_factory=threading.Event)
  begun: threading.Event = dataclasses.field(default_factory=threading.Event)
  settled: list[str] = dataclasses.field(default_factory=list)
  errors: dict[str, Exception] = dataclasses.field(default_factory=dict)

  def is_known(self, name):
    return name in self.settled

  def settle(self, outcomes):
    self.begun.set()
    assert self.go.wait(_PATIENCE)
    names = [output.name for outcome in outcomes for output in outcome.outputs]
    for name in names:
      if isinstance(self.errors.get(name), OutputError):
        raise self.errors[name]
    self.settled += names
    return [(name, self.errors.get(name)) for name in names]


def _batch(*names):
  output = Output(
    "",
    pixels=None,
    guarantee=None,
    bound=None,
    event=None,
    relation=None,
    faces=1,
    subject=None,
    records=(),
  )
  return [
    Outcome(Item(name, f"{name}.jpg"), (dataclasses.replace(output, name=name),)) for name in names
  ]


def test_the_next_batch_is_drawn_while_one_is_settled():
  settlement, tally = _Settlement(), Tally()
  with Publisher(settlement, tally) as publisher:
    publisher.publish(_batch("ada", "bob"))
    assert settlement.begun.wait(_PATIENCE)
    assert settlement.settled == []  # Here the stages would be at work on the next one.
    assert publisher.is_known("bob")
    assert not publisher.is_known("eve")
    settlement.go.set()
    publisher.publish(_batch("eve"))
    assert settlement.settled[:2] == tally.released == ["ada", "bob"]
    assert publisher.is_known("ada")
  assert tally.released == ["ada", "bob", "eve"]


def test_no_more_than_one_batch_is_under_way():
  settlement = _Settlement()
  with Publisher(settlement, Tally()) as publisher:
    publisher.publish(_batch("ada"))
    threading.Timer(0.2, settlement.go.set).start()
    publisher.publish(_batch("bob"))
    assert settlement.go.is_set()
    assert "ada" in settlement.settled


def test_refusals_name_their_input():
  settlement, tally = _Settlement(errors={"bob": BudgetExceededError("nothing is left")}), Tally()
  settlement.go.set()
  with Publisher(settlement, tally) as publisher:
    publisher.publish(_batch("ada", "bob"))
  assert tally.released == ["ada"]
  assert tally.failures == [Failure("bob", "bob.jpg", "pay", "bob.jpg: nothing is left")]


def _publish(settlement, *batches, then=lambda: None):
  with Publisher(settlement, Tally()) as publisher:
    for batch in batches:
      publisher.publish(batch)
    then()


@pytest.mark.parametrize("batches", [("ada",), ("ada", "bob")])
def test_what_cannot_be_written_ends_the_job(batches):
  settlement = _Settlement(errors={"ada": OutputError("the disk is full")})
  settlement.go.set()
  with pytest.raises(OutputError, match="the disk is full"):
    _publish(settlement, *map(_batch, batches))
  assert settlement.settled == []


def _interrupted():
  raise KeyboardInterrupt


def test_an_interruption_waits_for_the_batch_under_way():
  settlement = _Settlement()
  threading.Timer(0.2, settlement.go.set).start()
  with pytest.raises(KeyboardInterrupt):
    _publish(settlement, _batch("ada"), then=_interrupted)
  assert settlement.settled == ["ada"]


def test_of_an_interruption_and_an_error_the_first_is_told():
  settlement = _Settlement(errors={"bob": OutputError("the disk is full")})
  settlement.go.set()
  with pytest.raises(KeyboardInterrupt):
    _publish(settlement, _batch("ada"), _batch("bob"), then=_interrupted)
  assert settlement.settled == ["ada"]
