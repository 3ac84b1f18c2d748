"""The rows of the ledger: reading and writing. Callers hold the transaction."""

import dataclasses
import math
import sqlite3
from typing import Any

from privai_tf.privacy.ledger import amounts, rules, stored_events
from privai_tf.privacy.ledger.entries import Entry
from privai_tf.privacy.ledger.errors import LedgerConflictError, LedgerCorruptError
from privai_tf.privacy.ledger.records import Account, Budget, Remaining


def read(connection: sqlite3.Connection, subject: str) -> Account | None:
  """The subject's account; None if it has none."""
  row = connection.execute(
    "SELECT budget_epsilon, budget_delta, composition, spent_epsilon, spent_delta, releases"
    " FROM subjects WHERE subject=?",
    (subject,),
  ).fetchone()
  if row is None:
    return None
  try:
    epsilon, delta, spent_epsilon, spent_delta = (int(row[i]) for i in (0, 1, 3, 4))
    budget = Budget(epsilon, delta, rules.check_rule(row[2]))
  except (TypeError, ValueError) as error:
    raise LedgerCorruptError(
      f"subject '{subject}': its account is unreadable; nothing was charged. Restore the last backup"
    ) from error
  return Account(subject, budget, spent_epsilon, spent_delta, row[5])


def tighten(account: Account | None, default: Budget | None, subject: str) -> Account:
  """The account with the smaller of its own and the default budget; its own rule stays."""
  if account is None:
    return Account(subject, default)
  if default is None:
    return account
  own = account.budget
  smaller = min(own.epsilon, default.epsilon), min(own.delta, default.delta)
  return dataclasses.replace(account, budget=Budget(*smaller, own.composition))


def write_budget(
  connection: sqlite3.Connection, subject: str, budget: Budget, moment: float
) -> None:
  """Sets a budget and records the grant."""
  account = read(connection, subject)
  if account and account.releases and account.budget.composition != budget.composition:
    raise LedgerConflictError(
      f"subject '{subject}': has {account.releases} releases under {account.budget.composition} "
      f"composition, which cannot be changed afterwards; grant with "
      f"--composition={account.budget.composition}"
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


def find(connection: sqlite3.Connection, subject: str, release_id: str) -> Entry | None:
  """The charge of this release; None if there is none."""
  row = connection.execute(
    "SELECT mechanism, scope, epsilon, delta, event FROM releases WHERE subject=? AND release_id=?",
    (subject, release_id),
  ).fetchone()
  return None if row is None else Entry(row[0], row[1], int(row[2]), int(row[3]), row[4])


def write_release(
  connection: sqlite3.Connection,
  account: Account,
  entry: Entry,
  release_id: str | None,
  moment: float,
) -> Account:
  """Records a charge; returns the account after it."""
  connection.execute(
    "INSERT INTO releases (subject, release_id, time, mechanism, scope, epsilon, delta, event)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    (
      account.subject,
      release_id,
      moment,
      entry.mechanism,
      entry.scope,
      str(entry.epsilon),
      str(entry.delta),
      entry.event,
    ),
  )
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


def spent(
  connection: sqlite3.Connection, account: Account, entry: Entry | None = None
) -> int | None:
  """epsilon of the account's releases, and of `entry` on top, by its rule; None: none is finite."""

  def fetch() -> list[tuple[Any, int, int]]:
    rows = connection.execute(
      "SELECT event, epsilon, delta FROM releases WHERE subject=?", (account.subject,)
    ).fetchall()
    if entry is not None:
      rows.append((entry.event, entry.epsilon, entry.delta))
    return [(stored_events.from_json(text), int(e), int(d)) for text, e, d in rows]

  more = (0, 0) if entry is None else (entry.epsilon, entry.delta)
  spending = rules.Spending(account.spent_epsilon + more[0], account.spent_delta + more[1], fetch)
  return rules.spent_epsilon(account.budget, spending)


def remaining(account: Account, spent_units: int | None) -> Remaining:
  """The account as numbers to show."""
  budget = account.budget
  left = 0 if spent_units is None else max(0, budget.epsilon - spent_units)
  return Remaining(
    subject=account.subject,
    epsilon=amounts.number_down(left),
    delta=amounts.number_down(max(0, budget.delta - account.spent_delta)),
    spent_epsilon=math.inf if spent_units is None else amounts.number_up(spent_units),
    spent_delta=amounts.number_up(account.spent_delta),
    budget_epsilon=amounts.number_down(budget.epsilon),
    budget_delta=amounts.number_down(budget.delta),
    composition=budget.composition,
    releases=account.releases,
  )


def list_releases(connection: sqlite3.Connection, subject: str | None) -> list[dict[str, Any]]:
  """All charges, oldest first, amounts as exact decimals."""
  query = "SELECT subject, release_id, time, mechanism, scope, epsilon, delta, event FROM releases"
  values: tuple[str, ...] = ()
  if subject is not None:
    query, values = f"{query} WHERE subject=?", (subject,)
  names = ("subject", "release_id", "time", "mechanism", "scope", "epsilon", "delta", "event")
  listed = []
  for row in connection.execute(f"{query} ORDER BY id", values):
    record = dict(zip(names, row, strict=True))
    record["epsilon"] = amounts.text(int(record["epsilon"]))
    record["delta"] = amounts.text(int(record["delta"]))
    listed.append(record)
  return listed


def verify(connection: sqlite3.Connection) -> None:
  """Refuses a ledger whose sums do not agree with its charges."""
  sums: dict[str, list[int]] = {}
  for subject, epsilon, delta in connection.execute("SELECT subject, epsilon, delta FROM releases"):
    total = sums.setdefault(subject, [0, 0, 0])
    total[0] += int(epsilon)
    total[1] += int(delta)
    total[2] += 1
  query = "SELECT subject, spent_epsilon, spent_delta, releases FROM subjects"
  for subject, epsilon, delta, count in connection.execute(query):
    if [int(epsilon), int(delta), count] != sums.get(subject, [0, 0, 0]):
      raise LedgerCorruptError(
        f"subject '{subject}': the sums disagree with the charges; restore the last backup"
      )
