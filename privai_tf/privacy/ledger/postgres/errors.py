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
# What is known of a charge: before its commit is asked for, while nobody answers, and afterwards.
NOTHING = "nothing was charged"
UNKNOWN = "the charge may have been made or not, so release nothing"
UNSURE = "the charge was made, but may be lost, so release nothing"


def one_line(error: BaseException) -> str:
  """An error's own words, without line breaks."""
  return "; ".join(line.strip() for line in str(error).splitlines() if line.strip())


@contextlib.contextmanager
def translated(
  url: DatabaseUrl, timeout: float, outcome: str = NOTHING, lost: str | None = None
) -> Iterator[None]:
  """Turns psycopg's errors inside the block into ours.

  Args:
    url: of the ledger.
    timeout: seconds that a lock was waited for.
    outcome: what is known of the charge if the server refuses.
    lost: what is known of it if the connection is lost; None: the same.

  Raises:
    LedgerError: of the class that the error's SQLSTATE asks for.
  """
  try:
    yield
  except psycopg.Error as error:
    raise _translation(error, url, timeout, outcome, lost or outcome) from error


def _translation(
  error: Exception, url: DatabaseUrl, timeout: float, outcome: str, lost: str
) -> LedgerError:
  code, words = getattr(error, "sqlstate", None) or "", one_line(error)
  if code in _OVERTAKEN:
    return LedgerOvertakenError(
      f"{url}: other clients were faster, again and again ({words}); {outcome}. Run again"
    )
  if code in _LOCKED:
    return LedgerLockedError(
      f"{url}: another client held the ledger for over {timeout:g} s; {outcome}. Wait for it or end "
      "it, then run again"
    )
  if code in _FULL:
    return LedgerFullError(
      f"{url}: no space left on the server; {outcome}. Free some space, then run again"
    )
  if code in _READ_ONLY:
    return LedgerReadOnlyError(
      f"{url}: the server is a standby or read-only; {outcome}. Name the primary one"
    )
  if code in _FORBIDDEN:
    return LedgerReadOnlyError(
      f"{url}: the database's user may not do this ({words}); {outcome}. Grant the rights of "
      "docs/ledger_postgres.md"
    )
  if code in _TOO_LONG:
    return LedgerConflictError(
      f"{url}: a name is too long for this ledger ({words}); {outcome}. Use a shorter one"
    )
  if code.startswith(_GONE) or (not code and isinstance(error, _CONNECTION)):
    return LedgerUnreachableError(
      f"{url}: the connection was lost ({words}); {lost}. Look after the server, then run again"
    )
  return LedgerCorruptError(
    f"{url}: not a ledger or damaged ({words}); {outcome}. Restore the last backup, or name another "
    "database"
  )
