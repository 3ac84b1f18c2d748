"""The privacy ledger: who has been released how much, and a refusal beyond the budget.

    Ledger.create("ledger.db").close()                   # once
    with Ledger.open("ledger.db", default_epsilon=2.0) as ledger:
      # Before the image is written:
      ledger.charge("ada", prepared.event, 0.5, relation=prepared.relation)
      ledger.remaining("ada").epsilon                    # 1.5

One SQLite file, for the owner's eyes only; or, where several machines charge, a PostgreSQL database
(`Ledger.open("postgresql://privai@db.example/ledger")`). Every failure refuses: nothing is charged,
and the caller must release nothing.
"""

from privai_tf.privacy.ledger.chain import Head
from privai_tf.privacy.ledger.errors import (
  BudgetExceededError,
  LedgerClockError,
  LedgerConflictError,
  LedgerCorruptError,
  LedgerError,
  LedgerExistsError,
  LedgerFullError,
  LedgerLockedError,
  LedgerMissingError,
  LedgerOvertakenError,
  LedgerPermissionError,
  LedgerPlaceError,
  LedgerReadOnlyError,
  LedgerReplacedError,
  LedgerRestoredError,
  LedgerStateError,
  LedgerUnknownError,
  LedgerUnreachableError,
  LedgerVersionError,
  RelationError,
)
from privai_tf.privacy.ledger.ledger import Ledger
from privai_tf.privacy.ledger.records import Charge, Remaining

__all__ = [
  "BudgetExceededError",
  "Charge",
  "Head",
  "Ledger",
  "LedgerClockError",
  "LedgerConflictError",
  "LedgerCorruptError",
  "LedgerError",
  "LedgerExistsError",
  "LedgerFullError",
  "LedgerLockedError",
  "LedgerMissingError",
  "LedgerOvertakenError",
  "LedgerPermissionError",
  "LedgerPlaceError",
  "LedgerReadOnlyError",
  "LedgerReplacedError",
  "LedgerRestoredError",
  "LedgerStateError",
  "LedgerUnknownError",
  "LedgerUnreachableError",
  "LedgerVersionError",
  "RelationError",
  "Remaining",
]
