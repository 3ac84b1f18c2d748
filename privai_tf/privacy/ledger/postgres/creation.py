"""Making a ledger's tables: once, whole, and known here from their first moment."""

import contextlib
import os

from psycopg import errors

from privai_tf.privacy.ledger import chain, meta
from privai_tf.privacy.ledger.database_url import DatabaseUrl
from privai_tf.privacy.ledger.mirror import Mirror
from privai_tf.privacy.ledger.postgres import schema
from privai_tf.privacy.ledger.postgres.connection import Connection
from privai_tf.privacy.ledger.postgres.errors import translated

_THERE = errors.DuplicateSchema, errors.DuplicateTable, errors.UniqueViolation


def create_tables(url: DatabaseUrl, timeout: float, state: str | os.PathLike | None = None) -> bool:
  """Makes a ledger in a database that has none.

  Args:
    url: of the database, whose user may create schemas in it.
    timeout: seconds to wait for the server.
    state: folder in which it is made known before anybody can open it, see `mirror`.

  Returns:
    Whether it was made; False if there is one already, which is left alone.
  """
  with translated(url, timeout), contextlib.closing(Connection(url, timeout)) as connection:
    if schema.exists(connection):  # Seen without the right to make one.
      return False
    connection.execute("BEGIN")
    try:
      schema.create(connection)
      ledger = chain.ledger_id(meta.subject_key(connection))
    except _THERE:  # The second one: of two at once, it waited for the first.
      return False
    Mirror(state, ledger).register(chain.head(connection, ledger))
    connection.commit()
  return True
