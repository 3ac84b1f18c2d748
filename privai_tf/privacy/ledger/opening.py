"""Which kind of store a ledger's place asks for; the one of PostgreSQL is loaded only where it is asked."""

import os
from collections.abc import Callable

from privai_tf.errors import ConfigurationError
from privai_tf.privacy.ledger.creation import create_file
from privai_tf.privacy.ledger.database_url import DatabaseUrl, location
from privai_tf.privacy.ledger.file_store import FileStore
from privai_tf.privacy.ledger.store import Store
from privai_tf.runtime.extras import require_packages

Place = str | os.PathLike | DatabaseUrl


def open_store(
  path: Place,
  timeout: float,
  clock: Callable[[], float] | None = None,
  state: str | os.PathLike | None = None,
  recognize: bool = True,
) -> Store:
  """Opens a ledger's store.

  Args:
    path: a file, or the URL of a PostgreSQL database.
    timeout: seconds to wait for other processes, >= 0.
    clock: returns seconds since 1970; None: the store's own.
    state: the folder of the kept head, see `mirror`.
    recognize: whether a ledger that is not known as the current one is refused.

  Raises:
    LedgerError: if it cannot be trusted.
    ConfigurationError: if the place is none, or needs a package that is not installed.
  """
  path = location(path)
  if isinstance(path, DatabaseUrl):
    _require_driver()
    from privai_tf.privacy.ledger.postgres.store import PostgresStore

    return PostgresStore(path, timeout, clock, state, recognize)
  return FileStore(path, timeout, clock, state, recognize)


def create(path: Place, timeout: float, state: str | os.PathLike | None = None) -> bool:
  """Makes a ledger, whole from its first moment and known here.

  Args:
    path: a file, or the URL of a PostgreSQL database.
    timeout: seconds to wait for the server, >= 0; files need none.
    state: the folder of the kept head, see `mirror`.

  Returns:
    Whether it was made; False if there is one already, which is left alone.

  Raises:
    LedgerError: if it cannot be made.
    ConfigurationError: if the place is none, or needs a package that is not installed.
  """
  path = location(path)
  if isinstance(path, DatabaseUrl):
    _require_driver()
    from privai_tf.privacy.ledger.postgres.creation import create_tables

    return create_tables(path, timeout, state)
  return create_file(path, state)


def _require_driver() -> None:
  require_packages("--ledger=postgresql://...", "postgres", "psycopg")
  try:
    import psycopg  # noqa: F401
  except ImportError as error:  # The package without libpq.
    raise ConfigurationError(
      f"--ledger=postgresql://... cannot load psycopg ({str(error).splitlines()[0]}): "
      "pip install 'privai-tf[postgres]'"
    ) from error
