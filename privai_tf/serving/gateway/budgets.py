"""The ledger behind the gateway: every caller's account, charged before any noise is drawn."""

import os
import re
import threading
from typing import Any

from privai_tf.artifacts import Guarantee
from privai_tf.privacy.ledger import BudgetExceededError, Ledger, Remaining
from privai_tf.serving.gateway.refusals import Refusal
from privai_tf.serving.gateway.tokens import Caller

SUBJECT_PATTERN = r"^[A-Za-z0-9._@:-]{1,200}$"
_SUBJECT = re.compile(r"[A-Za-z0-9._@:-]{1,200}")


class Budgets:
  """Accounts of callers; safe for many threads, and beside other processes on the same ledger.

  An account is called `CALLER`, or `CALLER/SUBJECT` where each subject has a budget of its own. The
  budget is the one in the tokens file; where the ledger knows another one, the smaller holds.
  """

  def __init__(self, path: str | os.PathLike, timeout: float = 10.0):
    """Opens the ledger, making it if need be.

    Raises:
      LedgerError: if it cannot be trusted.
    """
    self._path = path
    self._timeout = timeout
    self._lock = threading.Lock()
    # With a budget only so that `check` may ask for an account that was never granted one.
    self._plain = Ledger.open(path, default_epsilon=1, timeout=timeout)
    self._by_budget: dict[tuple, Ledger] = {}

  def remaining(self, caller: Caller, subject: str | None) -> Remaining:
    """What an account has left."""
    return self._ledger(caller).remaining(account(caller, subject))

  def require(self, caller: Caller, subject: str | None, guarantee: Guarantee) -> None:
    """Refuses what an account can surely not pay, before any work is done for it."""
    left = self.remaining(caller, subject)
    # The tight rules may allow more than what is left by plain addition; `charge` decides.
    if left.composition == "basic" and left.epsilon < guarantee.epsilon:
      raise _exceeded(left, guarantee)

  def charge(
    self, caller: Caller, subject: str | None, guarantee: Guarantee, event: Any
  ) -> Remaining:
    """Pays for one release; on the disk when this returns.

    Raises:
      BudgetExceededError: nothing was charged.
      LedgerError: nothing was charged.
    """
    name = account(caller, subject)
    try:
      charge = self._ledger(caller).charge(
        name,
        event,
        guarantee.epsilon,
        guarantee.delta,
        mechanism=guarantee.mechanism,
        scope=guarantee.scope,
      )
    except BudgetExceededError:
      # Our own words: the ledger's are for its owner, and speak of flags.
      raise _exceeded(self.remaining(caller, subject), guarantee) from None
    return charge.remaining

  def check(self) -> None:
    """Raises `LedgerError` if the ledger cannot be read now."""
    self._plain.remaining("readiness")

  def close(self) -> None:
    """Closes the ledger."""
    with self._lock:
      for ledger in (self._plain, *self._by_budget.values()):
        ledger.close()
      self._by_budget.clear()

  def _ledger(self, caller: Caller) -> Ledger:
    """The ledger as it grants this caller's budget; callers with equal budgets share it."""
    key = (caller.epsilon, caller.delta, caller.composition)
    with self._lock:
      if key not in self._by_budget:
        self._by_budget[key] = Ledger.open(
          self._path,
          default_epsilon=caller.epsilon,
          default_delta=caller.delta,
          composition=caller.composition,
          timeout=self._timeout,
          create=False,
        )
      return self._by_budget[key]


def account(caller: Caller, subject: str | None) -> str:
  """The ledger's subject.

  Raises:
    Refusal: if a subject is missing or is not one.
  """
  if subject is not None and not _SUBJECT.fullmatch(subject):
    raise Refusal(422, "The subject must be 1 to 200 letters, digits or any of . _ @ : -")
  if not caller.each_subject:
    return caller.name
  if subject is None:
    raise Refusal(
      422, f"{caller.name} has a budget for each subject: name it in the header Privai-Subject."
    )
  return f"{caller.name}/{subject}"


def _exceeded(left: Remaining, guarantee: Guarantee) -> BudgetExceededError:
  return BudgetExceededError(
    f"The budget of {left.subject} does not allow epsilon {guarantee.epsilon:g}, delta "
    f"{guarantee.delta:g}: epsilon {left.epsilon:g}, delta {left.delta:g} are left of "
    f"({left.budget_epsilon:g}, {left.budget_delta:g}); nothing was charged or released."
  )
