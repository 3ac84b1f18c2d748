"""The ledger behind the gateway: every caller's account, charged before any noise is drawn."""

import contextlib
import re
import threading
from collections.abc import Iterator
from typing import Any

from privai_tf.artifacts import Guarantee
from privai_tf.privacy.ledger import BudgetExceededError, Ledger, RelationError, Remaining
from privai_tf.privacy.ledger.opening import Place
from privai_tf.privacy.relation import Relation
from privai_tf.serving.gateway.refusals import Refusal
from privai_tf.serving.gateway.tokens import Caller

SUBJECT_PATTERN = r"^[A-Za-z0-9._@:-]{1,200}$"
_SUBJECT = re.compile(r"[A-Za-z0-9._@:-]{1,200}")


class Budgets:
  """Accounts of callers; safe for many threads, and beside other processes on the same ledger, on
  other machines too if it is a database's.

  An account is called `CALLER`, or `CALLER/SUBJECT` where each subject has a budget of its own. The
  budget is the one in the tokens file; where the ledger knows another one, both hold.
  """

  def __init__(self, path: Place, timeout: float = 10.0, create: bool = False):
    """Opens the ledger.

    Args:
      path: its file, or the URL of its database.
      timeout: seconds to wait for other processes.
      create: whether a missing file is made; else it is refused.

    Raises:
      LedgerError: if it cannot be trusted.
    """
    self._path = path
    self._timeout = timeout
    self._lock = threading.Lock()
    # With a budget only so that `check` may ask for an account that was never granted one.
    self._plain = Ledger.open(path, default_epsilon=1, timeout=timeout, create=create)
    self._by_budget: dict[tuple, Ledger] = {}

  def remaining(self, caller: Caller, subject: str | None) -> Remaining:
    """What an account has left."""
    return self._ledger(caller).remaining(account(caller, subject))

  def require(
    self, caller: Caller, subject: str | None, guarantee: Guarantee, relation: Relation
  ) -> None:
    """Refuses what an account can surely not pay, before any work is done for it."""
    with _own_words(account(caller, subject), relation):
      self._ledger(caller).require_relation(account(caller, subject), relation)
    left = self.remaining(caller, subject)
    # The tight rules may allow more than what is left by plain addition; `charge` decides.
    lacking = left.epsilon < guarantee.epsilon or left.lacks_delta(guarantee.delta)
    if left.composition == "basic" and lacking:
      raise _exceeded(left, guarantee)

  def charge(
    self,
    caller: Caller,
    subject: str | None,
    guarantee: Guarantee,
    event: Any,
    relation: Relation,
  ) -> Remaining:
    """Pays for one release; on the disk when this returns.

    Raises:
      BudgetExceededError: nothing was charged.
      Refusal: an earlier release of the account hid what this one could publish; nothing was charged.
      LedgerError: nothing was charged.
    """
    name = account(caller, subject)
    try:
      with _own_words(name, relation):
        charge = self._ledger(caller).charge(
          name,
          event,
          guarantee.epsilon,
          guarantee.delta,
          relation=relation,
          mechanism=guarantee.mechanism,
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


@contextlib.contextmanager
def _own_words(name: str, relation: Relation) -> Iterator[None]:
  """A refusal for the relation in words for the caller: the ledger's speak of flags."""
  try:
    yield
  except RelationError:
    raise Refusal(
      409,
      f"An earlier release of {name} hid what this one ({relation.describe()}) could publish; nothing "
      "was charged or released. Hide the same as then, or use scope image.",
    ) from None


def _exceeded(left: Remaining, guarantee: Guarantee) -> BudgetExceededError:
  return BudgetExceededError(
    f"The budget of {left.subject} does not allow epsilon {guarantee.epsilon:g}, delta "
    f"{guarantee.delta:g}: epsilon {left.epsilon:g}, delta {left.delta:g} are left of "
    f"({left.budget_epsilon:g}, {left.budget_delta:g}); nothing was charged or released."
  )
