"""The few values that a ledger keeps about itself, by name.

SQLite keeps each as what it is; PostgreSQL's column is text, into which it casts what is written.
"""

from typing import Any

from privai_tf.privacy.ledger.errors import LedgerCorruptError

LAST_TIME = "last_time"
CLOSED = "closed"  # Charges of unknown subjects were lost: nobody is granted a budget by default.
VALUE = "SELECT value FROM meta WHERE name=?"
_KEY = "subject_key"


def subject_key(connection: Any) -> bytes:
  """The 32 secret bytes of which the ledger's id and its subjects of pixels are made.

  Raises:
    LedgerCorruptError: if it is not there.
  """
  row = connection.execute(VALUE, (_KEY,)).fetchone()
  if row is None:
    raise LedgerCorruptError(
      "the ledger's key is missing; nothing was charged. Restore the last backup"
    )
  return key_bytes(row[0])


def key_bytes(value: bytes | str) -> bytes:
  """The stored key as bytes."""
  return value if isinstance(value, bytes) else bytes.fromhex(value.removeprefix("\\x"))


def number(connection: Any, name: str) -> float | None:
  """A number; None if there is none of the name."""
  row = connection.execute(VALUE, (name,)).fetchone()
  return None if row is None else float(row[0])


def write(connection: Any, name: str, value: float) -> None:
  """Sets a number.

  Args:
    connection: in a transaction that writes.
    name: such as `LAST_TIME`.
    value: in the name's own unit (seconds since 1970 there).
  """
  connection.execute(
    "INSERT INTO meta (name, value) VALUES (?, ?)"
    " ON CONFLICT (name) DO UPDATE SET value=excluded.value",
    (name, value),
  )
