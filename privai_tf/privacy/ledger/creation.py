"""Making a ledger's file: once, whole, and known here from its first moment."""

import contextlib
import os
import pathlib
import sqlite3
from collections.abc import Iterator

from privai_tf.privacy.ledger import chain, meta, place, schema
from privai_tf.privacy.ledger.errors import (
  LedgerExistsError,
  LedgerReadOnlyError,
  translated,
)
from privai_tf.privacy.ledger.mirror import Mirror
from privai_tf.runtime import files

try:
  import fcntl
except ImportError:  # Windows: of two processes that make one ledger at once, one may fail.
  fcntl = None


def create_file(path: pathlib.Path, state: str | os.PathLike | None = None) -> bool:
  """Makes a ledger that is whole from its first moment, and readable by the owner only.

  Args:
    path: where; through symbolic links.
    state: folder in which it is made known before anybody can open it, see `mirror`.

  Returns:
    Whether it was made; False if there is a file already, which is left alone.

  Raises:
    LedgerExistsError: if the log of a ledger lies there whose file is gone.
    LedgerReadOnlyError: if the file cannot be made.
    LedgerFullError: if the disk is full.
    LedgerStateError: if the state folder cannot be used; nothing was made then.
  """
  path = place.resolved(path)
  try:
    with _one_at_a_time(path.parent):
      if os.path.lexists(path):
        return False
      if os.path.lexists(f"{path}-wal"):
        raise LedgerExistsError(
          f"{path}-wal: is what is left of a ledger whose file is gone; put {path} back, or if both "
          "are done with, remove this one too"
        )
      with files.atomic_path(path, private=True) as temporary, translated(path, timeout=0):
        connection = sqlite3.connect(temporary, isolation_level=None)
        try:
          schema.upgrade(connection, temporary)
          _register(connection, state)
        finally:
          connection.close()
  except OSError as error:
    reason = error.strerror or str(error)
    raise LedgerReadOnlyError(
      f"{path}: cannot be created ({reason}); name a file in a folder that exists and is writable"
    ) from error
  return True


@contextlib.contextmanager
def _one_at_a_time(folder: pathlib.Path) -> Iterator[None]:
  """Processes that would make a ledger in a folder take turns: the later one finds it."""
  descriptor = os.open(folder, os.O_RDONLY)
  try:
    if fcntl is not None:
      fcntl.flock(descriptor, fcntl.LOCK_EX)
    yield
  finally:
    os.close(descriptor)


def _register(connection: sqlite3.Connection, state: str | os.PathLike | None) -> None:
  ledger = chain.ledger_id(meta.subject_key(connection))
  Mirror(state, ledger).register(chain.head(connection, ledger))
