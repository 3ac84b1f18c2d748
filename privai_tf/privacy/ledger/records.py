"""The records that the ledger hands out, and one row of its accounts."""

import dataclasses

_ROUNDED = 0.999


@dataclasses.dataclass(frozen=True)
class Remaining:
  """What a subject has left and has spent, rounded so that neither flatters.

  Where the run's budget holds beside the account's own, it is by the one that leaves less.

  Attributes:
    subject: the subject.
    epsilon: what is left: budget less `spent_epsilon`. Under `basic` that is what further releases
      may cost together; under the tighter rules usually more fits.
    delta: the budget's delta less the releases' deltas, at least 0.
    spent_epsilon: of all releases together, by the budget's rule at the budget's delta; infinite if
      no finite one holds.
    spent_delta: sum of the releases' deltas.
    budget_epsilon, budget_delta: the budget; the smallest delta of both.
    composition: the budget's rule.
    releases: how many were charged.
  """

  subject: str
  epsilon: float
  delta: float
  spent_epsilon: float
  spent_delta: float
  budget_epsilon: float
  budget_delta: float
  composition: str
  releases: int

  def lacks_delta(self, wanted: float) -> bool:
    """Whether so much delta is surely not left: what is left is rounded down.

    Args:
      wanted: of one more release.
    """
    return self.delta < _ROUNDED * wanted


@dataclasses.dataclass(frozen=True)
class Charge:
  """A charge that is on the disk.

  Attributes:
    subject, epsilon, delta: as asked for.
    release_id: as asked for, or a random one.
    repeated: True if the same release had been charged before, so that nothing was added.
    remaining: what the subject has left now.
  """

  subject: str
  release_id: str
  epsilon: float
  delta: float
  repeated: bool
  remaining: Remaining


@dataclasses.dataclass(frozen=True)
class Budget:
  """A budget in units of `amounts`, and its composition rule."""

  epsilon: int
  delta: int
  composition: str


@dataclasses.dataclass(frozen=True)
class Account:
  """A subject's budgets and the sums of what was charged, in units of `amounts`.

  Attributes:
    subject: the subject.
    budgets: every one of them must hold, by its own rule over all releases; its own is the first.
    spent_epsilon, spent_delta: sums over the releases.
    releases: how many there are.
  """

  subject: str
  budgets: tuple[Budget, ...]
  spent_epsilon: int = 0
  spent_delta: int = 0
  releases: int = 0
