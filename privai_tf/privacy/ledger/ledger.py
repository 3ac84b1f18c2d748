"""`Ledger`: charges releases to subjects, atomically and durably, and refuses beyond the budget."""

import contextlib
import os
import secrets
from collections.abc import Callable
from typing import Any

import numpy as np

from privai_tf.privacy.ledger import accounts, amounts, chain, entries, meta, opening, relations
from privai_tf.privacy.ledger.attempts import tried_again
from privai_tf.privacy.ledger.chain import Head
from privai_tf.privacy.ledger.database_url import Location, location
from privai_tf.privacy.ledger.errors import BudgetExceededError, LedgerExistsError
from privai_tf.privacy.ledger.reads import reads_of_charge
from privai_tf.privacy.ledger.records import Account, Budget, Charge, Remaining
from privai_tf.privacy.ledger.store import Store
from privai_tf.privacy.ledger.subjects import check_subject, pixel_subject
from privai_tf.privacy.relation import Relation


class Ledger:
  """A ledger; safe for many processes and threads at once. Open it with `Ledger.open`."""

  def __init__(self, store: Store, default: Budget | None):
    self._store = store
    self._default = default

  @classmethod
  def open(
    cls,
    path: opening.Place,
    *,
    default_epsilon: amounts.Amount | None = None,
    default_delta: amounts.Amount = 0.0,
    composition: str = "basic",
    timeout: float = 10.0,
    clock: Callable[[], float] | None = None,
    create: bool = False,
    state: str | os.PathLike | None = None,
  ) -> "Ledger":
    """Opens a ledger and checks it.

    Args:
      path: the file, or the URL of a PostgreSQL database (postgresql://user@host/name).
      default_epsilon: budget of subjects that were granted none; None: those are refused. For a
        subject with a budget both hold, each by its own rule: a run may tighten, never widen.
      default_delta: delta of that budget.
      composition: rule of that budget, see `rules`.
      timeout: seconds to wait for other processes, and for a server.
      clock: seconds since 1970; None: of the machine that has the ledger.
      create: whether a missing one is made (a file with permissions 0600); else it is refused.
      state: folder in which the ledger's head is kept a second time, see `mirror`; None: the user's.

    Raises:
      LedgerError: a subclass for each way in which the ledger cannot be trusted.
    """
    default = None
    if default_epsilon is not None:
      default = entries.check_budget(default_epsilon, default_delta, composition)
    if create:
      opening.create(path, timeout, state)
    return cls(opening.open_store(path, timeout, clock, state), default)

  @classmethod
  def create(cls, path: opening.Place, *, timeout: float = 10.0, **settings: Any) -> "Ledger":
    """Makes a ledger and opens it; settings as for `open`.

    Raises:
      LedgerExistsError: if there is one; it is left as it is.
    """
    if not opening.create(path, timeout, settings.get("state")):
      raise LedgerExistsError(
        f"{location(path)}: exists, and nothing was changed; use it as it is, or name another one"
      )
    return cls.open(path, timeout=timeout, **settings)

  @property
  def path(self) -> Location:
    """The file, or the database."""
    return self._store.path

  @property
  def identity(self) -> str:
    """Which ledger it is, 32 hexadecimal digits; it follows from the key of `subject_of_pixels`."""
    return self._store.ledger

  @property
  def head(self) -> Head | None:
    """The last entry that this object knows to be on the disk; None before it wrote any."""
    return self._store.reached

  def require_head(self, head: Head) -> None:
    """Refuses a file that does not know an entry of it that was seen before, wherever it was kept.

    Another ledger's head says nothing about this one.

    Raises:
      LedgerRestoredError: if the file is an older copy, or went another way.
    """
    if head.ledger == self._store.ledger:
      with self._store.transaction(write=False) as connection:
        self._store.require(connection, head)

  def close(self) -> None:
    """Closes the file; the ledger cannot be used afterwards."""
    self._store.close()

  def __enter__(self) -> "Ledger":
    return self

  def __exit__(self, *unused: object) -> None:
    self.close()

  def subject_of_pixels(self, pixels: np.ndarray) -> str:
    """Subject id of a photo without one: keyed hash of uint8 [H, W, 3] pixels."""
    with self._store.transaction(write=False) as connection:
      return pixel_subject(meta.subject_key(connection), pixels)

  def together(self) -> contextlib.AbstractContextManager[None]:
    """Charges of a `with` block reach the disk together, which is many times faster than singly.

    Publish nothing before the block's end: only then are they on the disk. A refusal that is caught
    inside leaves the other charges as they are; an error that leaves the block undoes all of them.
    Other processes, and this one's other threads, wait for the block: keep it to a few hundred
    charges and nothing slow.
    """
    return self._store.joined()

  @tried_again
  def accept_clock(self) -> None:
    """Accepts the present time although the last entry has a later one."""
    self._store.accept_clock()

  @tried_again
  def grant(
    self,
    subject: str,
    epsilon: amounts.Amount,
    delta: amounts.Amount = 0.0,
    *,
    composition: str = "basic",
    lower: bool = False,
  ) -> Remaining:
    """Sets the whole budget of a subject (not an addition to it).

    Args:
      subject: the subject's id.
      epsilon: > 0, for all releases together.
      delta: in [0, 1), for all releases together.
      composition: "basic", "adaptive" or "planned", see `rules`; fixed once a release is charged.
      lower: whether the budget may be less than it was.

    Raises:
      LedgerConflictError: if it would be less, or another rule; nothing was changed.
    """
    check_subject(subject)
    budget = entries.check_budget(epsilon, delta, composition)
    with self._store.transaction() as connection:
      if not lower:
        accounts.require_not_less(connection, subject, budget)
      moment = self._store.tick(connection)
      accounts.write_budget(connection, subject, budget, moment)
      account = accounts.read(connection, subject)
      return accounts.remaining(account, accounts.spent(connection, account))

  @tried_again
  def charge(
    self,
    subject: str,
    event: Any,
    epsilon: amounts.Amount,
    delta: amounts.Amount = 0.0,
    *,
    relation: Relation | None,
    mechanism: str = "",
    release_id: str | None = None,
  ) -> Charge:
    """Charges one release; on the disk when this returns (in a `together` block, at its end).

    Call it before anything is published.

    Args:
      subject: the subject's id.
      event: the release's `dp_accounting` event or `PrivacyParameters`; None or a description in
        words if unknown (counted as the worst mechanism that meets the claim).
      epsilon, delta: the release's claim.
      relation: what the claim is about; it has to cover those of all the subject's releases. Scope
        "metric" is refused: its epsilon is one for each unit of distance, and does not add up.
      mechanism: for the record.
      release_id: if given, a second charge with the same id, cost and relation is free: for a resumed
        job that publishes the very output it had drawn. Fresh noise needs a fresh id. None: a random
        one.

    Raises:
      BudgetExceededError: says what is left.
      RelationError: names the earlier release that hid what this one could publish.
      LedgerError: the ledger cannot be used. In all cases nothing was charged.
    """
    check_subject(subject)
    if isinstance(event, str):
      mechanism, event = mechanism or event, None
    entry = entries.check_entry(event, epsilon, delta, mechanism, relation)
    wanted = reads_of_charge(subject, release_id, entry.relation)
    with self._store.transaction(reads=wanted) as connection:
      repeated = accounts.is_repeated(connection, subject, release_id, entry)
      account = self._account(connection, subject)
      release_id = release_id or secrets.token_hex(16)
      if repeated:
        spent = accounts.spent(connection, account)
      else:
        moment = self._store.tick(connection)
        if accounts.read(connection, subject) is None:
          accounts.write_budget(connection, subject, account.budgets[0], moment)
        relations.require_covered(connection, subject, relation)
        spent = self._spent_after(connection, account, entry)
        relations.store(connection, relation)
        account = accounts.write_release(connection, account, entry, release_id, moment)
    left = accounts.remaining(account, spent)
    return Charge(subject, release_id, float(epsilon), float(delta), repeated, left)

  def require_relation(self, subject: str, relation: Relation) -> None:
    """Refuses what `charge` would refuse for its relation, before any work is done for it.

    Raises:
      RelationError: names the earlier release that hid what this one could publish.
    """
    check_subject(subject)
    with self._store.transaction(write=False) as connection:
      relations.require_covered(connection, subject, relation)

  def remaining(self, subject: str) -> Remaining:
    """What is left for a subject (of the default budget if it was granted none)."""
    check_subject(subject)
    with self._store.transaction(write=False) as connection:
      account = self._account(connection, subject)
      return accounts.remaining(account, accounts.spent(connection, account))

  def subjects(self) -> list[str]:
    """All subjects with a budget, sorted."""
    with self._store.transaction(write=False) as connection:
      rows = connection.execute("SELECT subject FROM subjects ORDER BY subject").fetchall()
    return [subject for (subject,) in rows]

  def releases(self, subject: str | None = None) -> list[dict[str, Any]]:
    """All charges (of one subject), oldest first; checks the sums.

    Amounts are exact decimals, times ISO 8601, relations their digest and summary.

    Raises:
      LedgerCorruptError: the sums do not agree with the charges.
    """
    with self._store.transaction(write=False) as connection:
      accounts.verify(connection)
      return accounts.list_releases(connection, subject)

  def history(self) -> dict[str, Any]:
    """What an export needs beside the charges, so that `reconcile` can tell that it is complete."""
    with self._store.transaction(write=False) as connection:
      return {
        "ledger": self._store.ledger,
        "links": chain.hashes(connection),
        "reconciled": chain.reconciled(connection),
        "relations": relations.contents(connection),
      }

  def _account(self, connection: Any, subject: str) -> Account:
    """The subject's account under this run's default: both budgets hold."""
    account = accounts.read(connection, subject)
    if account is None and accounts.is_closed(connection):
      raise BudgetExceededError(
        f"subject '{subject}': has no budget in {self.path}, and nobody is granted one by default "
        "since what the ledger had lost was closed; if nothing was released of this subject: python "
        f"-m privai_tf.ledger grant --ledger={self.path} --subject_id={subject} --budget_epsilon=1"
      )
    if account is None and self._default is None:
      raise BudgetExceededError(
        f"subject '{subject}': has no budget in {self.path}; grant one: python -m privai_tf.ledger "
        f"grant --ledger={self.path} --subject_id={subject} --budget_epsilon=1"
      )
    return accounts.tighten(account, self._default, subject)

  def _spent_after(
    self, connection: Any, account: Account, entry: entries.Entry
  ) -> list[int | None]:
    """What is spent with this release; refuses one that would go beyond a budget."""
    after = accounts.spent(connection, account, entry)
    if accounts.affords(account, after):
      return after
    left = accounts.remaining(account, accounts.spent(connection, account))
    raise BudgetExceededError(
      f"subject '{account.subject}': this release costs epsilon {amounts.text(entry.epsilon)}, delta "
      f"{amounts.text(entry.delta)}, but epsilon {left.epsilon:g}, delta {left.delta:g} are left of "
      f"({left.budget_epsilon:g}, {left.budget_delta:g}) after {left.releases} releases "
      f"({left.composition} composition); nothing was charged. Lower --epsilon or grant more"
    )
