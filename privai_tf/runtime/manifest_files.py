"""Looking into the manifests of other processes, see `manifest`."""

import pathlib
import sqlite3

from privai_tf.errors import ConfigurationError
from privai_tf.runtime.files import shown

WAITING = "SELECT count(*) FROM outputs WHERE done = 0"
WAIT_SECONDS = 5.0
HELD = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
NOTE = "note "  # Begins the names of what jobs note beside their releases.


def count_waiting(path: pathlib.Path) -> int | None:
  """How many releases wait in another process's manifest; None while that process holds it.

  Raises:
    ConfigurationError: if the file is damaged.
  """
  try:
    return _read(path, WAITING)[0][0]
  except sqlite3.OperationalError as error:
    # Else its process was killed before the tables were made.
    return None if error.sqlite_errorcode & 0xFF in HELD else 0


def read_note(path: pathlib.Path, name: str) -> str | None:
  """What is noted in a manifest that no process holds; None if nothing is.

  Raises:
    ConfigurationError: if the file is damaged or in use.
  """
  try:
    rows = _read(path, "SELECT value FROM meta WHERE name = ?", NOTE + name)
  except sqlite3.OperationalError as error:
    if error.sqlite_errorcode & 0xFF in HELD:
      raise ConfigurationError(f"{shown(path)}: in use; end its job, then run again") from error
    return None
  return rows[0][0] if rows else None


def _read(path: pathlib.Path, query: str, *values: str) -> list[tuple]:
  """The answer of a manifest that another process made."""
  connection = sqlite3.connect(path, timeout=WAIT_SECONDS, isolation_level=None)
  try:
    # As `Manifest` opens it: a killed one left a log that has to be read.
    connection.execute("PRAGMA locking_mode=EXCLUSIVE")
    return connection.execute(query, values).fetchall()
  except sqlite3.OperationalError:
    raise
  except sqlite3.DatabaseError as error:
    raise ConfigurationError(damage(path, error)) from error
  finally:
    connection.close()


def damage(path: pathlib.Path, error: sqlite3.DatabaseError) -> str:
  """What is wrong with a file that is no manifest, and what to do."""
  return (
    f"{shown(path)}: not a manifest, or damaged ({error}); restore it, or choose another "
    "--state_dir: what it had drawn and not published is lost then, paid for or not"
  )
