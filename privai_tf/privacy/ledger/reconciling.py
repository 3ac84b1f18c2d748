"""What to do with a ledger that this machine does not know, or that is an older copy.

- `adopt`: the file is the current one, by the owner's word; its head is kept here from now on.
- `replay`: an export of the lost ledger, made after everything that was ever seen of it, says what the
  file lacks; that is charged, whatever the budgets.
- `close`: nobody knows what is lost. Every subject is charged all that it had left (lost charges
  cannot have been more), of unknown directions; subjects that the file does not know are granted
  nothing by default any more.

After the last two the file's head is above all that were seen, so that no copy from before passes.
"""

import contextlib
import dataclasses
import datetime
import json
import os
import pathlib
import secrets
from collections.abc import Sequence
from typing import Any

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.ledger import (
  accounts,
  amounts,
  chain,
  meta,
  opening,
  relations,
  rules,
  stored_events,
)
from privai_tf.privacy.ledger.chain import Head
from privai_tf.privacy.ledger.entries import Entry
from privai_tf.privacy.ledger.errors import LedgerConflictError
from privai_tf.privacy.ledger.records import Account, Budget
from privai_tf.privacy.ledger.store import Store
from privai_tf.privacy.relation import Relation

_TIMEOUT = 10.0


def adopt(path: str | os.PathLike, state: str | os.PathLike | None = None) -> Head:
  """Makes a ledger known on this machine as the current one.

  Raises:
    LedgerRestoredError: if this machine knows better.
  """
  with _opened(path, state) as store:
    known = store.mirror.read()
    with store.transaction() as connection:
      if known is not None:
        store.require(connection, known)
      head = chain.head(connection, store.ledger)
    if known is None:
      store.mirror.register(head)
    return head


def replay(
  path: str | os.PathLike,
  export: str | os.PathLike,
  heads: Sequence[Head] = (),
  state: str | os.PathLike | None = None,
) -> int:
  """Charges what an export holds and the file lacks, and accepts the file.

  Args:
    path: the ledger.
    export: JSON of `python -m privai_tf.ledger export`, of all subjects.
    heads: seen elsewhere, as in the manifests of jobs.
    state: as in `Ledger.open`.

  Returns:
    How many charges were added.

  Raises:
    LedgerConflictError: if the export is older than what was seen, or contradicts the file.
    ConfigurationError: if it is none.
  """
  content = _Export.read(export)
  with _opened(path, state) as store:
    known = _known(store, heads)
    with store.transaction() as connection:
      moment = store.tick(connection)
      content.require_complete(connection, store, known)
      for subject, budget in content.budgets.items():
        _lower_budget(connection, subject, budget, moment)
      added = [row for row in content.releases if _replayed(connection, content, row)]
      ids = [row["release_id"] for row in added]
      chain.reconcile(connection, [*known, content.head], ["replayed", ids])
    store.mirror.register(store.reached)
  return len(added)


def close(
  path: str | os.PathLike, heads: Sequence[Head] = (), state: str | os.PathLike | None = None
) -> int:
  """Charges every subject all that it had left, and accepts the file.

  Args:
    path: the ledger.
    heads: as for `replay`.
    state: as in `Ledger.open`.

  Returns:
    How many subjects there are.
  """
  with _opened(path, state) as store:
    known = _known(store, heads)
    with store.transaction() as connection:
      moment = store.tick(connection)
      rows = connection.execute("SELECT subject FROM subjects ORDER BY subject").fetchall()
      relations.store(connection, Relation.unknown_attribute())
      for (subject,) in rows:
        account = accounts.read(connection, subject)
        accounts.write_release(
          connection, account, _all_that_is_left(account), secrets.token_hex(16), moment
        )
      meta.write(connection, meta.CLOSED, 1)
      chain.reconcile(connection, known, ["closed"])
    store.mirror.register(store.reached)
  return len(rows)


def _opened(
  path: str | os.PathLike, state: str | os.PathLike | None
) -> contextlib.AbstractContextManager[Store]:
  """A ledger that need not be recognized."""
  return contextlib.closing(opening.open_store(path, _TIMEOUT, state=state, recognize=False))


def _known(store: Store, heads: Sequence[Head]) -> list[Head]:
  """All heads of this ledger that were seen anywhere."""
  kept = store.mirror.read()
  return [head for head in (kept, *heads) if head is not None and head.ledger == store.ledger]


def _all_that_is_left(account: Account) -> Entry:
  """A charge that nothing can follow within the budget; under tight rules the whole budget's."""
  budget = account.budgets[0]
  epsilon, delta = budget.epsilon, budget.delta
  if budget.composition == "basic":
    # At least one unit: a charge of nothing has no event, and "nothing left" may hide directions.
    epsilon = max(1, epsilon - account.spent_epsilon)
    delta = max(0, delta - account.spent_delta)
  unknown = Relation.unknown_attribute()
  return Entry("closed by reconcile", unknown.scope, epsilon, delta, "", unknown.digest)


@dataclasses.dataclass(frozen=True)
class _Export:
  """What an export says."""

  ledger: str
  links: dict[int, str]
  reconciled: int
  budgets: dict[str, Budget]
  releases: list[dict[str, Any]]
  relations: dict[str, Relation]

  @classmethod
  def read(cls, path: str | os.PathLike) -> "_Export":
    try:
      content = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
      return cls(
        ledger=content["ledger"],
        links={int(number): str(digest) for number, digest in content["links"].items()},
        reconciled=int(content["reconciled"]),
        budgets={row["subject"]: _budget(row) for row in content["subjects"]},
        releases=content["releases"],
        relations={
          digest: Relation.from_json(text) for digest, text in content["relations"].items()
        },
      )
    except OSError as error:
      raise ConfigurationError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
      raise ConfigurationError(
        f"{path}: no export of a whole ledger ({error!r}); make one without --subject_id: python -m "
        "privai_tf.ledger export"
      ) from error

  @property
  def head(self) -> Head:
    sequence = max(self.links, default=0)
    return Head(self.ledger, sequence, self.links.get(sequence, ""))

  def require_complete(self, connection: Any, store: Store, known: Sequence[Head]) -> None:
    """Refuses an export that leaves open what was charged after it."""
    if self.ledger != store.ledger:
      raise LedgerConflictError(
        f"{store.path}: the export is of another ledger ({self.ledger}, not {store.ledger}); nothing "
        "was charged"
      )
    for head in known:
      held = self.links.get(head.sequence) == head.hash or head.sequence <= self.reconciled
      if not held and not chain.includes(connection, head):
        raise LedgerConflictError(
          f"{store.path}: the export ends at entry {self.head.sequence}, but entry {head.sequence} was "
          "seen, and what was charged since is unknown; nothing was charged. Give a newer export, or "
          "close what is lost: python -m privai_tf.ledger reconcile --close"
        )


def _budget(row: dict[str, Any]) -> Budget:
  return Budget(
    amounts.units_down(row["budget_epsilon"]),
    amounts.units_down(row["budget_delta"]),
    rules.check_rule(row["composition"]),
  )


def _lower_budget(connection: Any, subject: str, budget: Budget, moment: float) -> None:
  """Grants what the export says; of an account that the file has, the smaller budget."""
  account = accounts.read(connection, subject)
  if account is not None:
    own = account.budgets[0]
    smaller = min(own.epsilon, budget.epsilon), min(own.delta, budget.delta)
    budget = Budget(*smaller, own.composition)
  if account is None or budget != own:
    accounts.write_budget(connection, subject, budget, moment)


def _replayed(connection: Any, export: _Export, row: dict[str, Any]) -> bool:
  """Charges an exported release, unless the file knows it."""
  try:
    subject, release_id = str(row["subject"]), str(row["release_id"])
    relation = export.relations[row["relation"]["digest"]]
    entry = Entry(
      str(row["mechanism"]),
      relation.scope,
      amounts.units_up(row["epsilon"]),
      amounts.units_up(row["delta"]),
      stored_events.to_json(stored_events.from_json(row["event"])),
      relation.digest,
    )
    moment = datetime.datetime.fromisoformat(row["time"]).timestamp()
  except (ValueError, KeyError, TypeError) as error:
    raise ConfigurationError(f"the export's release {row!r} is damaged ({error!r})") from error
  known = accounts.find(connection, subject, release_id)
  if known is not None:
    if known != entry:
      raise LedgerConflictError(
        f"release '{release_id}' of subject '{subject}' has other values in the export; nothing was "
        "charged. Is it of this ledger?"
      )
    return False
  account = accounts.read(connection, subject)
  if account is None:
    raise ConfigurationError(
      f"the export lacks the account of subject '{subject}'; nothing was done"
    )
  relations.store(connection, relation)
  accounts.write_release(connection, account, entry, release_id, moment)
  return True
