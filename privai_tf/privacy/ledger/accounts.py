"""The rows of the ledger: reading and writing. Callers hold the transaction."""

import dataclasses
import functools
import math
from typing import Any

from privai_tf.privacy.ledger import amounts, chain, meta, relations, rules, schema, stored_events
from privai_tf.privacy.ledger.entries import Entry
from privai_tf.privacy.ledger.errors import LedgerConflictError, LedgerCorruptError
from privai_tf.privacy.ledger.records import Account, Budget, Remaining
from privai_tf.privacy.ledger.relations import iso_time

ACCOUNT = (
  "SELECT budget_epsilon, budget_delta, composition, spent_epsilon, spent_delta, releases"
  " FROM subjects WHERE subject=?"
)
RELEASE = (
  "SELECT mechanism, scope, epsilon, delta, event, relation FROM releases"
  " WHERE subject=? AND release_id=?"
)


def read(connection: Any, subject: str) -> Account | None:
  """The subject's account; None if it has none.

  Args:
    connection: in a transaction.
    subject: its id.

  Raises:
    LedgerCorruptError: if its row cannot be read.
  """
  row = connection.execute(ACCOUNT, (subject,)).fetchone()
  if row is None:
    return None
  try:
    epsilon, delta, spent_epsilon, spent_delta = (int(row[i]) for i in (0, 1, 3, 4))
    budget = Budget(epsilon, delta, rules.check_rule(row[2]))
  except (TypeError, ValueError) as error:
    raise LedgerCorruptError(
      f"subject '{subject}': its account is unreadable; nothing was charged. Restore the last backup"
    ) from error
  return Account(subject, (budget,), spent_epsilon, spent_delta, row[5])


def tighten(account: Account | None, default: Budget | None, subject: str) -> Account:
  """The account under a run's budget: both hold, each by its own rule."""
  if account is None:
    return Account(subject, (default,))
  if default is None or default in account.budgets:
    return account
  return dataclasses.replace(account, budgets=(*account.budgets, default))


def is_closed(connection: Any) -> bool:
  """Whether charges of unknown subjects were lost, so that nobody is granted a budget by default."""
  return meta.number(connection, meta.CLOSED) is not None


def write_budget(connection: Any, subject: str, budget: Budget, moment: float) -> None:
  """Sets a budget and records the grant.

  Args:
    connection: in a transaction that writes.
    subject: its id.
    budget: the whole of it, no addition, in units of 1e-30.
    moment: seconds since 1970.

  Raises:
    LedgerConflictError: if there are releases under another composition rule.
    LedgerCorruptError: if the subject's row cannot be read.
  """
  account = read(connection, subject)
  rule = account.budgets[0].composition if account else None
  if account and account.releases and rule != budget.composition:
    raise LedgerConflictError(
      f"subject '{subject}': has {account.releases} releases under {rule} composition, which cannot "
      f"be changed afterwards; grant with --composition={rule}"
    )
  values = str(budget.epsilon), str(budget.delta), budget.composition
  connection.execute(
    "INSERT INTO subjects (subject, budget_epsilon, budget_delta, composition) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (subject) DO UPDATE SET budget_epsilon=excluded.budget_epsilon,"
    " budget_delta=excluded.budget_delta, composition=excluded.composition",
    (subject, *values),
  )
  connection.execute(
    "INSERT INTO grants (subject, time, epsilon, delta, composition) VALUES (?, ?, ?, ?, ?)",
    (subject, moment, *values),
  )
  chain.link(connection, "grant", [subject, moment, *values])


def require_not_less(connection: Any, subject: str, budget: Budget) -> None:
  """Refuses a budget below the subject's own: a mistyped one would end a job in its midst.

  Raises:
    LedgerConflictError: if its epsilon or its delta is less.
    LedgerCorruptError: if the subject's row cannot be read.
  """
  account = read(connection, subject)
  if account is None:
    return
  own = account.budgets[0]
  if budget.epsilon < own.epsilon or budget.delta < own.delta:
    raise LedgerConflictError(
      f"subject '{subject}': has the budget epsilon {amounts.text(own.epsilon)}, delta "
      f"{amounts.text(own.delta)}, which epsilon {amounts.text(budget.epsilon)}, delta "
      f"{amounts.text(budget.delta)} would lower; nothing was changed. A grant is the whole budget, no "
      "addition to it; to lower it, add --lower"
    )


def find(connection: Any, subject: str, release_id: str) -> Entry | None:
  """The charge of this release; None if there is none."""
  row = connection.execute(RELEASE, (subject, release_id)).fetchone()
  return None if row is None else Entry(*row[:2], int(row[2]), int(row[3]), *row[4:])


def is_repeated(connection: Any, subject: str, release_id: str | None, entry: Entry) -> bool:
  """Whether this very release was charged before; refuses the same id with other values.

  Raises:
    LedgerConflictError: if the id stands for another release of the subject.
  """
  known = None if release_id is None else find(connection, subject, release_id)
  if known is not None and known != entry:
    raise LedgerConflictError(
      f"release '{release_id}' of subject '{subject}' was charged before with other values; nothing "
      "was charged. A new release needs a new id"
    )
  return known is not None


def write_release(
  connection: Any,
  account: Account,
  entry: Entry,
  release_id: str,
  moment: float,
) -> Account:
  """Records a charge; whether it may be made was asked before.

  Args:
    connection: in a transaction that writes.
    account: the subject's, before it.
    entry: what is charged; its relation is stored already.
    release_id: one that the subject has no release of.
    moment: seconds since 1970.

  Returns:
    The account after it.
  """
  values = (
    account.subject,
    release_id,
    moment,
    entry.mechanism,
    entry.scope,
    str(entry.epsilon),
    str(entry.delta),
    entry.event,
    entry.relation,
  )
  connection.execute(
    "INSERT INTO releases"
    " (subject, release_id, time, mechanism, scope, epsilon, delta, event, relation)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    values,
  )
  chain.link(connection, "charge", values)
  after = dataclasses.replace(
    account,
    spent_epsilon=account.spent_epsilon + entry.epsilon,
    spent_delta=account.spent_delta + entry.delta,
    releases=account.releases + 1,
  )
  connection.execute(
    "UPDATE subjects SET spent_epsilon=?, spent_delta=?, releases=? WHERE subject=?",
    (str(after.spent_epsilon), str(after.spent_delta), after.releases, after.subject),
  )
  return after


def spent(connection: Any, account: Account, entry: Entry | None = None) -> list[int | None]:
  """epsilon of the account's releases, and of `entry` on top, by the rule of each of its budgets.

  None where no finite one holds.
  """

  @functools.cache
  def fetch() -> list[Any]:
    rows = connection.execute(
      "SELECT event, epsilon, delta, count FROM tallies WHERE subject=?", (account.subject,)
    ).fetchall()
    if entry is not None:
      rows.append((entry.event, entry.epsilon, entry.delta, 1))
    return [
      rules.as_event(stored_events.from_json(text), int(e), int(d), n) for text, e, d, n in rows
    ]

  more = (0, 0) if entry is None else (entry.epsilon, entry.delta)
  spending = rules.Spending(account.spent_epsilon + more[0], account.spent_delta + more[1], fetch)
  return [rules.spent_epsilon(budget, spending) for budget in account.budgets]


def affords(account: Account, spent_units: list[int | None]) -> bool:
  """Whether every budget holds.

  Args:
    account: the budgets.
    spent_units: epsilon by each budget's rule, in their order, in units of 1e-30, as `spent` gives
      it; None: none is finite, which no budget affords.
  """
  return all(
    units is not None and units <= budget.epsilon
    for budget, units in zip(account.budgets, spent_units, strict=True)
  )


def remaining(account: Account, spent_units: list[int | None]) -> Remaining:
  """The account as numbers to show, by the budget that leaves the least epsilon.

  Args:
    account: the sums.
    spent_units: epsilon by each budget's rule, as for `affords`.

  Returns:
    Doubles: what is left rounded down, what is spent up (infinite where none is finite).
  """
  left = [
    0 if units is None else max(0, budget.epsilon - units)
    for budget, units in zip(account.budgets, spent_units, strict=True)
  ]
  tightest = min(range(len(left)), key=left.__getitem__)
  budget, units = account.budgets[tightest], spent_units[tightest]
  delta = min(budget.delta for budget in account.budgets)
  return Remaining(
    subject=account.subject,
    epsilon=amounts.number_down(left[tightest]),
    delta=amounts.number_down(max(0, delta - account.spent_delta)),
    spent_epsilon=math.inf if units is None else amounts.number_up(units),
    spent_delta=amounts.number_up(account.spent_delta),
    budget_epsilon=amounts.number_down(budget.epsilon),
    budget_delta=amounts.number_down(delta),
    composition=budget.composition,
    releases=account.releases,
  )


def list_releases(connection: Any, subject: str | None) -> list[dict[str, Any]]:
  """All charges, oldest first, amounts as exact decimals, times in ISO 8601."""
  names = (
    *("subject", "release_id", "time", "mechanism", "scope"),
    *("epsilon", "delta", "event", "relation"),
  )
  query = f"SELECT {', '.join(names)} FROM releases"
  values: tuple[str, ...] = ()
  if subject is not None:
    query, values = f"{query} WHERE subject=?", (subject,)
  listed = []
  for row in connection.execute(f"{query} ORDER BY id", values):
    record = dict(zip(names, row, strict=True))
    record["time"] = iso_time(record["time"])
    record["epsilon"] = amounts.text(int(record["epsilon"]))
    record["delta"] = amounts.text(int(record["delta"]))
    relation = relations.read(connection, record["relation"])
    record["relation"] = {"digest": relation.digest, **relation.summary()}
    listed.append(record)
  return listed


def verify(connection: Any) -> None:
  """Refuses a ledger whose sums do not agree with its charges.

  Raises:
    LedgerCorruptError: names the first such subject.
  """
  sums: dict[str, list[int]] = {}
  for subject, epsilon, delta in connection.execute("SELECT subject, epsilon, delta FROM releases"):
    total = sums.setdefault(subject, [0, 0, 0])
    total[0] += int(epsilon)
    total[1] += int(delta)
    total[2] += 1
  tallies = "SELECT subject, event, epsilon, delta, count FROM tallies"
  counted = schema.COUNTED_CHARGES
  for one, other in ((tallies, counted), (counted, tallies)):
    row = connection.execute(f"{one} EXCEPT {other} LIMIT 1").fetchone()
    if row is not None:
      raise LedgerCorruptError(
        f"subject '{row[0]}': the counts disagree with the charges; restore the last backup"
      )
  query = "SELECT subject, spent_epsilon, spent_delta, releases FROM subjects"
  for subject, epsilon, delta, count in connection.execute(query):
    if [int(epsilon), int(delta), count] != sums.get(subject, [0, 0, 0]):
      raise LedgerCorruptError(
        f"subject '{subject}': the sums disagree with the charges; restore the last backup"
      )
