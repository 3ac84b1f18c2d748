"""The ledger's tables, how they are upgraded, and what is checked before a file is trusted."""

import contextlib
import os
import pathlib
import secrets
import sqlite3
import stat

from privai_tf.privacy.ledger.errors import (
  LedgerCorruptError,
  LedgerPermissionError,
  LedgerReadOnlyError,
  LedgerVersionError,
  translated,
)

# Marks the file as ours ("PrLg"), so that another program's database is not mistaken for a ledger.
APPLICATION_ID = 0x50724C67

# Step i brings a file from version i to i + 1; files in use have run them, so append only.
MIGRATIONS: list[str] = [
  """
  CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
  CREATE TABLE subjects (
    subject TEXT PRIMARY KEY,
    budget_epsilon TEXT NOT NULL,
    budget_delta TEXT NOT NULL,
    composition TEXT NOT NULL,
    spent_epsilon TEXT NOT NULL DEFAULT '0',
    spent_delta TEXT NOT NULL DEFAULT '0',
    releases INTEGER NOT NULL DEFAULT 0
  ) WITHOUT ROWID;
  CREATE TABLE releases (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    subject TEXT NOT NULL REFERENCES subjects (subject),
    release_id TEXT,
    time REAL NOT NULL,
    mechanism TEXT NOT NULL,
    scope TEXT NOT NULL,
    epsilon TEXT NOT NULL,
    delta TEXT NOT NULL,
    event TEXT NOT NULL,
    UNIQUE (subject, release_id)
  );
  CREATE TABLE grants (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    subject TEXT NOT NULL REFERENCES subjects (subject),
    time REAL NOT NULL,
    epsilon TEXT NOT NULL,
    delta TEXT NOT NULL,
    composition TEXT NOT NULL
  );
  """,
]


def create_file(path: pathlib.Path) -> None:
  """Makes the empty file, readable by the owner only from its first moment; leaves existing ones."""
  try:
    with contextlib.suppress(FileExistsError):
      os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
  except OSError as error:
    raise LedgerReadOnlyError(
      f"{path}: cannot be created ({error.strerror}); name a file in a folder that exists and is "
      "writable"
    ) from error


def check_file(path: pathlib.Path) -> tuple[int, int]:
  """Refuses files of others' reach or without write permission; returns the file's identity."""
  try:
    status = os.stat(path)
  except OSError as error:
    raise LedgerReadOnlyError(f"{path}: cannot be opened ({error.strerror})") from error
  if not stat.S_ISREG(status.st_mode):
    raise LedgerCorruptError(f"{path}: not a file; name the ledger's file")
  if not status.st_mode & stat.S_IWUSR:
    raise LedgerReadOnlyError(
      f"{path}: is read-only, so no release can be charged; make it writable (chmod 600)"
    )
  if os.name == "posix" and status.st_mode & 0o077:
    raise LedgerPermissionError(
      f"{path}: others may read or write it, and it names subjects; restrict it (chmod 600)"
    )
  return status.st_dev, status.st_ino


def connect(path: pathlib.Path, timeout: float) -> sqlite3.Connection:
  """Opens an existing file for reading and writing, checks it and upgrades it.

  Write-ahead log, which `Store` flushes after each commit: a charge is on the disk before `charge`
  returns, for one flush (a rollback journal needs four). `synchronous=NORMAL` flushes log and file
  around checkpoints, the only other moments that matter. The last process to close the file folds
  the log back into it.
  """
  with translated(path, timeout):
    connection = sqlite3.connect(
      f"{path.absolute().as_uri()}?mode=rw",
      uri=True,
      timeout=timeout,
      isolation_level=None,
      check_same_thread=False,
    )
    try:
      connection.execute("PRAGMA foreign_keys=ON")
      connection.execute("PRAGMA synchronous=NORMAL")
      connection.execute("PRAGMA trusted_schema=OFF")
      if _version(connection, path) < len(MIGRATIONS):
        _upgrade(connection, path)
      (mode,) = connection.execute("PRAGMA journal_mode=WAL").fetchone()
      (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
      if mode != "wal":
        raise LedgerReadOnlyError(
          f"{path}: its folder does not allow a write-ahead log (a network drive?); use a local disk"
        )
      if verdict != "ok":
        raise LedgerCorruptError(f"{path}: damaged ({verdict}); restore the last backup")
    except BaseException:
      connection.close()
      raise
    return connection


def _version(connection: sqlite3.Connection, path: pathlib.Path) -> int:
  """The file's schema version; 0 for a new, empty file."""
  (application,) = connection.execute("PRAGMA application_id").fetchone()
  (version,) = connection.execute("PRAGMA user_version").fetchone()
  (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
  if application != APPLICATION_ID and (application or version or tables):
    raise LedgerCorruptError(f"{path}: a database, but not a ledger; name another file")
  if application == APPLICATION_ID and not (version and tables):
    raise LedgerCorruptError(f"{path}: its tables are missing; restore the last backup")
  if version > len(MIGRATIONS):
    raise LedgerVersionError(
      f"{path}: schema version {version} is newer than {len(MIGRATIONS)}, the newest this program "
      "knows; nothing was charged. Upgrade privai-tf"
    )
  return version


def _upgrade(connection: sqlite3.Connection, path: pathlib.Path) -> None:
  """Runs the missing migrations in one transaction; processes that race here wait and find it done."""
  connection.execute("BEGIN IMMEDIATE")
  try:
    version = _version(connection, path)
    for step in MIGRATIONS[version:]:
      for statement in filter(str.strip, step.split(";")):
        connection.execute(statement)
    if version == 0:
      connection.execute(
        "INSERT INTO meta VALUES ('subject_key', ?), ('last_time', 0.0)", (secrets.token_bytes(32),)
      )
      connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version={len(MIGRATIONS)}")
    connection.execute("COMMIT")
  except BaseException:
    if connection.in_transaction:
      connection.execute("ROLLBACK")
    raise
