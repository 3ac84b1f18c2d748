"""The ledger's tables, how they are upgraded, and what is checked before a file is trusted."""

import pathlib
import secrets
import sqlite3
from collections.abc import Callable

from privai_tf.privacy.ledger import chain
from privai_tf.privacy.ledger.errors import (
  LedgerCorruptError,
  LedgerReadOnlyError,
  LedgerVersionError,
  translated,
)
from privai_tf.privacy.relation import Relation

# Marks the file as ours ("PrLg"), so that another program's database is not mistaken for a ledger.
APPLICATION_ID = 0x50724C67


def _relate_old_charges(connection: sqlite3.Connection) -> None:
  """Says of the charges of version 1 what they leave open, and begins the chain with all of them.

  Nothing tells which directions a charge in scope attribute was about, so only scope image may follow
  it. The first link takes in every row, so that two copies that differ do not pass for one.
  """
  for scope, relation in (
    ("image", Relation.unknown_image()),
    ("attribute", Relation.unknown_attribute()),
  ):
    condition = f"scope {'=' if scope == 'image' else '<>'} 'image' AND relation IS NULL"
    if connection.execute(f"SELECT 1 FROM releases WHERE {condition} LIMIT 1").fetchone():
      values = relation.digest, relation.to_json()
      connection.execute("INSERT INTO relations VALUES (?, ?)", values)
      connection.execute(f"UPDATE releases SET relation=? WHERE {condition}", (relation.digest,))
  connection.execute("UPDATE releases SET release_id='charge ' || id WHERE release_id IS NULL")
  rows = [
    list(row)
    for table in ("grants", "releases")
    for row in connection.execute(f"SELECT * FROM {table} ORDER BY id")
  ]
  if rows:
    chain.link(connection, "version 1", rows, after=len(rows) - 1)
  # A process of an earlier version that has the file open would go on charging without relations.
  connection.execute(
    "CREATE TRIGGER related BEFORE INSERT ON releases WHEN NEW.relation IS NULL"
    " BEGIN SELECT RAISE(ABORT, 'the ledger was upgraded; run again with this version'); END"
  )


def _tally_charges(connection: sqlite3.Connection) -> None:
  """Counts equal charges of a subject, so that a charge need not read all those before it.

  By a trigger, which also counts what a process of an earlier version charges that has the file open.
  """
  connection.execute(
    "CREATE TABLE tallies (subject TEXT NOT NULL, event TEXT NOT NULL, epsilon TEXT NOT NULL,"
    " delta TEXT NOT NULL, count INTEGER NOT NULL,"
    " PRIMARY KEY (subject, event, epsilon, delta)) WITHOUT ROWID"
  )
  connection.execute(f"INSERT INTO tallies {COUNTED_CHARGES}")
  connection.execute(
    "CREATE TRIGGER tallied AFTER INSERT ON releases BEGIN"
    " INSERT INTO tallies VALUES (NEW.subject, NEW.event, NEW.epsilon, NEW.delta, 1)"
    " ON CONFLICT DO UPDATE SET count=count+1; END"
  )


# What the table `tallies` has to hold.
COUNTED_CHARGES = (
  "SELECT subject, event, epsilon, delta, count(*) FROM releases"
  " GROUP BY subject, event, epsilon, delta"
)

# Step i brings a file from version i to i + 1; files in use have run them, so append only. Text is
# SQL; a function sees to the rows.
MIGRATIONS: list[str | Callable[[sqlite3.Connection], None]] = [
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
  """
  CREATE TABLE relations (digest TEXT PRIMARY KEY, content TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE chain (sequence INTEGER PRIMARY KEY, hash TEXT NOT NULL);
  ALTER TABLE releases ADD COLUMN relation TEXT REFERENCES relations (digest);
  CREATE INDEX subject_relations ON releases (subject, relation);
  """,
  _relate_old_charges,
  _tally_charges,
]


def connect(path: pathlib.Path, timeout: float) -> sqlite3.Connection:
  """Opens an existing file for reading and writing, checks it and upgrades it.

  Write-ahead log, which `Store` flushes after each commit: a charge is on the disk before `charge`
  returns, for one flush (a rollback journal needs four). `synchronous=NORMAL` flushes log and file
  around checkpoints, the only other moments that matter. The last process to close the file folds
  the log back into it.

  Args:
    path: of the file, which exists.
    timeout: seconds to wait for other processes, >= 0.

  Returns:
    A connection that any thread may use, which begins no transaction by itself.

  Raises:
    LedgerCorruptError: if it is empty, damaged, or another program's database.
    LedgerVersionError: if a newer version of this program wrote it.
    LedgerReadOnlyError: if it cannot be opened or written, or its folder allows no log.
    LedgerLockedError: if others held it for longer than the timeout.
    LedgerFullError: if the disk is full.
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
      version = _version(connection, path)
      if version == 0:
        raise LedgerCorruptError(
          f"{path}: is empty and no ledger; nothing was charged. Restore the last backup, or remove "
          f"the file and make a new one: python -m privai_tf.ledger create --ledger={path}"
        )
      if version < len(MIGRATIONS):
        upgrade(connection, path)
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


def upgrade(connection: sqlite3.Connection, path: pathlib.Path) -> None:
  """Runs the missing migrations in one transaction; processes that race here wait and find it done."""
  connection.execute("BEGIN IMMEDIATE")
  try:
    version = _version(connection, path)
    for step in MIGRATIONS[version:]:
      if callable(step):
        step(connection)
        continue
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
