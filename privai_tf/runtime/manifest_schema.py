"""The tables of a manifest, and what SQLite says about its file in one line."""

import contextlib
import errno
import pathlib
import sqlite3
from collections.abc import Iterator

from privai_tf.errors import ConfigurationError, OutputError, PrivaiError
from privai_tf.runtime.files import output_error, shown

# An item's row gives its name for good; `replaced` holds what an overwriting run found published.
TABLES = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS items (
  key TEXT PRIMARY KEY, name TEXT NOT NULL, lower_name TEXT NOT NULL UNIQUE, stamp TEXT NOT NULL,
  digest TEXT NOT NULL, done INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outputs (
  name TEXT PRIMARY KEY, item TEXT NOT NULL, done INTEGER NOT NULL, file INTEGER,
  png BLOB, content TEXT, charge TEXT, stand_in TEXT, checksum TEXT
);
CREATE TABLE IF NOT EXISTS replaced (name TEXT PRIMARY KEY, item TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS replaced_files (number INTEGER PRIMARY KEY);
CREATE INDEX IF NOT EXISTS of_item ON outputs (item);
CREATE INDEX IF NOT EXISTS waiting ON outputs (done) WHERE done = 0;
"""
VERSION = 3  # 1 had no stand-ins, 2 no keys of inputs.
WAIT_SECONDS = 5.0  # For another process.
NOTE = "note "  # Begins the names of what jobs note beside their releases.
HELD = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def refuse_other_versions(connection: sqlite3.Connection, path: pathlib.Path) -> None:
  """Refuses a manifest that an earlier or later version made.

  Raises:
    ConfigurationError: then.
  """
  ((version,),) = connection.execute("PRAGMA user_version").fetchall()
  tables = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'outputs'").fetchall()
  if tables and version != VERSION:
    raise ConfigurationError(
      f"{shown(path)}: made by another version of privai_tf; finish its job with that version, or "
      "choose another --output_dir"
    )


def damage(path: pathlib.Path, reason: object) -> str:
  """What is wrong with a file that is no manifest, and what to do."""
  return (
    f"{shown(path)}: not a manifest, or damaged ({reason}); restore it, or choose another "
    "--output_dir: what it had drawn and not published is lost then, paid for or not"
  )


@contextlib.contextmanager
def told(path: pathlib.Path) -> Iterator[None]:
  """The disk's and SQLite's errors in one line each.

  Raises:
    OutputError: naming the file.
  """
  try:
    yield
  except sqlite3.OperationalError as error:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in HELD:
      raise OutputError(
        f"{shown(path)}: another process works on this job; wait for it, or give each its own "
        "--shard_index."
      ) from error
    if code == sqlite3.SQLITE_FULL:
      raise output_error(path, OSError(errno.ENOSPC, "full")) from error
    raise OutputError(f"Cannot write {shown(path)}: {error}.") from error
  except sqlite3.DatabaseError as error:
    raise OutputError(f"{damage(path, error)}.") from error
  except OSError as error:
    if isinstance(error, PrivaiError):
      raise
    raise output_error(path, error) from error
