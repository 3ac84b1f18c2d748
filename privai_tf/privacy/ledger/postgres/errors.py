"""PostgreSQL's errors in our words, with the remedy; after each of these nothing was released."""

import contextlib
from collections.abc import Iterator

import psycopg

from privai_tf.privacy.ledger.database_url import DatabaseUrl
from privai_tf.privacy.ledger.errors import (
  LedgerConflictError,
  LedgerCorruptError,
  LedgerError,
  LedgerFullError,
  LedgerLockedError,
  LedgerOvertakenError,
  LedgerReadOnlyError,
  LedgerUnreachableError,
)

# SQLSTATE codes, see the manual's appendix A.
_OVERTAKEN = ("40001", "40P01")
_LOCKED = ("55P03", "57014")
_FULL = ("53100",)
_READ_ONLY = ("25006",)
_FORBIDDEN = ("42501",)
_TOO_LONG = ("54000",)
_GONE = ("08", "57P", "25P03", "53300")
# Errors without a code, which are libpq's own.
_CONNECTION = psycopg.OperationalError, psycopg.InterfaceError
# Said of what went wrong before a commit was asked for.
NOTHING = "nothing was charged"


def one_line(error: BaseException) -> str:
  """An error's own words, without line breaks."""
  return "; ".join(line.strip() for line in str(error).splitlines() if line.strip())


@contextlib.contextmanager
def translated(url: DatabaseUrl, timeout: float, outcome: str = NOTHING) -> Iterator[None]:
  """Turns psycopg's errors inside the block into ours.

  Args:
    url: of the ledger.
    timeout: seconds that a lock was waited for.
    outcome: what is known of the charge if the connection is lost.
  """
  try:
    yield
  except psycopg.Error as error:
    raise _translation(error, url, timeout, outcome) from error


def _translation(error: Exception, url: DatabaseUrl, timeout: float, outcome: str) -> LedgerError:
  code, words = getattr(error, "sqlstate", None) or "", one_line(error)
  if code in _OVERTAKEN:
    return LedgerOvertakenError(
      f"{url}: other clients were faster, again and again ({words}); {NOTHING}. Run again"
    )
  if code in _LOCKED:
    return LedgerLockedError(
      f"{url}: another client held the ledger for over {timeout:g} s; {NOTHING}. Wait for it or end "
      "it, then run again"
    )
  if code in _FULL:
    return LedgerFullError(
      f"{url}: no space left on the server; {NOTHING}. Free some space, then run again"
    )
  if code in _READ_ONLY:
    return LedgerReadOnlyError(
      f"{url}: the server is a standby or read-only; {NOTHING}. Name the primary one"
    )
  if code in _FORBIDDEN:
    return LedgerReadOnlyError(
      f"{url}: the database's user may not do this ({words}); {NOTHING}. Grant the rights of "
      "docs/ledger_postgres.md"
    )
  if code in _TOO_LONG:
    return LedgerConflictError(
      f"{url}: a name is too long for this ledger ({words}); {NOTHING}. Use a shorter one"
    )
  if code.startswith(_GONE) or (not code and isinstance(error, _CONNECTION)):
    return LedgerUnreachableError(
      f"{url}: the connection was lost ({words}); {outcome}. Look after the server, then run again"
    )
  return LedgerCorruptError(
    f"{url}: not a ledger or damaged ({words}); {NOTHING}. Restore the last backup, or name another "
    "database"
  )
