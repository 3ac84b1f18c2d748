"""The privacy ledger: who has been released how much, and a refusal beyond the budget.

    with Ledger.open("ledger.db", default_epsilon=2.0) as ledger:
      ledger.charge("ada", release.event, epsilon=0.5)   # before the image is written
      ledger.remaining("ada").epsilon                    # 1.5

One SQLite file, for the owner's eyes only. Every failure refuses: nothing is charged, and the caller
must release nothing.
"""

from privai_tf.privacy.ledger.errors import (
  BudgetExceededError,
  LedgerClockError,
  LedgerConflictError,
  LedgerCorruptError,
  LedgerError,
  LedgerFullError,
  LedgerLockedError,
  LedgerPermissionError,
  LedgerReadOnlyError,
  LedgerReplacedError,
  LedgerVersionError,
)
from privai_tf.privacy.ledger.ledger import Ledger
from privai_tf.privacy.ledger.records import Charge, Remaining

__all__ = [
  "BudgetExceededError",
  "Charge",
  "Ledger",
  "LedgerClockError",
  "LedgerConflictError",
  "LedgerCorruptError",
  "LedgerError",
  "LedgerFullError",
  "LedgerLockedError",
  "LedgerPermissionError",
  "LedgerReadOnlyError",
  "LedgerReplacedError",
  "LedgerVersionError",
  "Remaining",
]
