"""The tables of a ledger in PostgreSQL, and what is checked before they are trusted.

The columns are those of the SQLite file (`privacy.ledger.schema`), and so are the statements that use
them. Text is compared byte by byte, as SQLite does it, in no language's order.
"""

import secrets

from privai_tf.privacy.ledger import meta
from privai_tf.privacy.ledger.database_url import DatabaseUrl
from privai_tf.privacy.ledger.errors import (
  LedgerCorruptError,
  LedgerMissingError,
  LedgerPermissionError,
  LedgerReadOnlyError,
  LedgerVersionError,
)
from privai_tf.privacy.ledger.postgres.connection import SCHEMA, Connection

VERSION = 1
_VERSION_NAME = "version"

# Who writes locks `turn` first: links of a chain come one after another, and a snapshot that is
# taken behind the lock sees all that was charged before, so that no charge has to be undone.
_TABLES = """
CREATE TABLE turn ();
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE subjects (
  subject TEXT COLLATE "C" PRIMARY KEY,
  budget_epsilon TEXT NOT NULL,
  budget_delta TEXT NOT NULL,
  composition TEXT NOT NULL,
  spent_epsilon TEXT NOT NULL DEFAULT '0',
  spent_delta TEXT NOT NULL DEFAULT '0',
  releases BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE relations (digest TEXT COLLATE "C" PRIMARY KEY, content TEXT NOT NULL);
CREATE TABLE releases (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  subject TEXT COLLATE "C" NOT NULL REFERENCES subjects (subject),
  release_id TEXT COLLATE "C" NOT NULL,
  time DOUBLE PRECISION NOT NULL,
  mechanism TEXT NOT NULL,
  scope TEXT NOT NULL,
  epsilon TEXT NOT NULL,
  delta TEXT NOT NULL,
  event TEXT COLLATE "C" NOT NULL,
  relation TEXT COLLATE "C" NOT NULL REFERENCES relations (digest),
  UNIQUE (subject, release_id)
);
CREATE INDEX subject_relations ON releases (subject, relation);
CREATE TABLE grants (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  subject TEXT COLLATE "C" NOT NULL REFERENCES subjects (subject),
  time DOUBLE PRECISION NOT NULL,
  epsilon TEXT NOT NULL,
  delta TEXT NOT NULL,
  composition TEXT NOT NULL
);
CREATE TABLE chain (sequence BIGINT PRIMARY KEY, hash TEXT NOT NULL);
CREATE TABLE tallies (
  subject TEXT COLLATE "C" NOT NULL,
  event TEXT COLLATE "C" NOT NULL,
  epsilon TEXT NOT NULL,
  delta TEXT NOT NULL,
  count BIGINT NOT NULL
);
CREATE INDEX subject_tallies ON tallies (subject);
CREATE FUNCTION tally() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  UPDATE tallies SET count = count + 1 WHERE subject = NEW.subject AND event = NEW.event
    AND epsilon = NEW.epsilon AND delta = NEW.delta;
  IF NOT FOUND THEN
    INSERT INTO tallies VALUES (NEW.subject, NEW.event, NEW.epsilon, NEW.delta, 1);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER tallied AFTER INSERT ON releases FOR EACH ROW EXECUTE FUNCTION tally();
"""

_STATE = f"""
SELECT to_regclass('{SCHEMA}.meta') IS NOT NULL, pg_is_in_recovery(),
  current_setting('server_encoding'),
  current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on'
"""
_OPEN_TO_ALL = f"""
SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE nspname = '{SCHEMA}' AND relkind = 'r'
  AND has_table_privilege('public', pg_class.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')
LIMIT 1
"""


def exists(connection: Connection) -> bool:
  """Whether the database has a ledger."""
  return connection.execute(_STATE).fetchone()[0]


def create(connection: Connection) -> None:
  """Makes the tables and the secret key, in the transaction that the connection is in."""
  query = "SELECT 1 FROM pg_namespace WHERE nspname=?"
  if connection.execute(query, (SCHEMA,)).fetchone() is None:
    connection.execute(f"CREATE SCHEMA {SCHEMA}")
  connection.execute(_TABLES.strip().removesuffix(";"))
  key = secrets.token_bytes(32)
  connection.execute("INSERT INTO meta VALUES ('subject_key', ?)", (f"\\x{key.hex()}",))
  meta.write(connection, meta.LAST_TIME, 0.0)
  meta.write(connection, _VERSION_NAME, VERSION)


def check(connection: Connection, url: DatabaseUrl) -> None:
  """Refuses a database without a ledger, and one that could lose or tell what is charged.

  Raises:
    LedgerError: a subclass for each reason.
  """
  there, standby, encoding, durable = connection.execute(_STATE).fetchone()
  if standby:
    raise LedgerReadOnlyError(f"{url}: the server is a standby; name the primary one")
  if encoding != "UTF8":
    raise LedgerCorruptError(
      f"{url}: the database's encoding is {encoding}, which cannot hold every name; make it with "
      "--encoding=UTF8"
    )
  if not durable:
    raise LedgerReadOnlyError(
      f"{url}: the server does not bring its writing to the disk (fsync or full_page_writes is off), "
      "so that charges could be lost; nothing was charged. Turn them on"
    )
  if not there:
    raise LedgerMissingError(
      f"{url}: there is no ledger in this database; nothing was charged. Mend the URL, or make one: "
      f"python -m privai_tf.ledger create --ledger={url}"
    )
  _check_version(connection, url)
  table = connection.execute(_OPEN_TO_ALL).fetchone()
  if table is not None:
    raise LedgerPermissionError(
      f"{url}: every user of the database may use the table {table[0]}, and it names subjects; "
      f"REVOKE ALL ON ALL TABLES IN SCHEMA {SCHEMA} FROM PUBLIC"
    )


def _check_version(connection: Connection, url: DatabaseUrl) -> None:
  version = meta.number(connection, _VERSION_NAME)
  if version is None:
    raise LedgerCorruptError(f"{url}: its schema version is missing; restore the last backup")
  if version > VERSION:
    raise LedgerVersionError(
      f"{url}: schema version {version:g} is newer than {VERSION}, the newest this program knows; "
      "nothing was charged. Upgrade privai-tf"
    )
