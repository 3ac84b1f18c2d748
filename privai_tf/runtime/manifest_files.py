"""Looking into the manifests of other processes, see `manifest`."""

import dataclasses
import pathlib
import sqlite3

from privai_tf.errors import ConfigurationError
from privai_tf.runtime.files import shown
from privai_tf.runtime.manifest_log import LoggedConnection, replayed
from privai_tf.runtime.manifest_schema import (
  HELD,
  NOTE,
  WAIT_SECONDS,
  damage,
  refuse_other_versions,
)
from privai_tf.runtime.stores import StorePath

WAITING = "SELECT count(*) FROM outputs WHERE done = 0"


@dataclasses.dataclass(frozen=True)
class Known:
  """What a manifest knows.

  Attributes:
    items: rows (key, name, lower_name, stamp, digest, done).
    outputs: rows (name, item, done, stand_in) of what is staged or done.
    replaced: names of outputs that were published before an overwriting run.
    files: numbers of the files that outputs were assigned to.
  """

  items: tuple[tuple, ...] = ()
  outputs: tuple[tuple, ...] = ()
  replaced: tuple[str, ...] = ()
  files: frozenset[int] = frozenset()

  @property
  def names(self) -> set[str]:
    """Of all outputs that are in the folder, or may be."""
    return {row[0] for row in self.outputs} | set(self.replaced)


def count_waiting(path: pathlib.Path | StorePath) -> int | None:
  """How many releases wait in another process's manifest; None while that process holds it.

  In a store nobody holds one. That process is stopped there, at its next commit, before anything is counted.

  Raises:
    ConfigurationError: if the file is damaged.
  """
  if isinstance(path, StorePath):
    stopping = LoggedConnection(path)
    stopping.execute("BEGIN")
    stopping.execute("CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
    stopping.execute("COMMIT")
    stopping.close()
  answer = _read(path, WAITING)
  return None if answer is None else answer[0][0][0] if answer[0] else 0


def read_known(path: pathlib.Path) -> Known | None:
  """What another process's manifest knows; None while that process holds it.

  Raises:
    ConfigurationError: if the file is damaged.
  """
  answer = _read(
    path,
    "SELECT key, name, lower_name, stamp, digest, done FROM items",
    "SELECT name, item, done, stand_in FROM outputs",
    "SELECT name FROM replaced",
    "SELECT file FROM outputs WHERE file IS NOT NULL UNION SELECT number FROM replaced_files",
  )
  if answer is None:
    return None
  items, outputs, replaced, numbers = (tuple(rows) for rows in answer)
  names = tuple(name for (name,) in replaced)
  return Known(items, outputs, names, frozenset(number for (number,) in numbers))


def read_note(path: pathlib.Path, name: str) -> str | None:
  """What is noted in a manifest that no process holds; None if nothing is.

  Raises:
    ConfigurationError: if the file is damaged or in use.
  """
  answer = _read(path, "SELECT name, value FROM meta")
  if answer is None:
    raise ConfigurationError(f"{shown(path)}: in use; end its job, then run again")
  return dict(answer[0]).get(NOTE + name)


def _read(path: pathlib.Path, *queries: str) -> list[list[tuple]] | None:
  """The answers of a manifest that another process made; None while that process holds it."""
  if isinstance(path, StorePath):
    connection, *_ = replayed(path)
  else:
    connection = sqlite3.connect(path, timeout=WAIT_SECONDS, isolation_level=None)
  try:
    # As `Manifest` opens it: a killed one left a log that has to be read.
    connection.execute("PRAGMA locking_mode=EXCLUSIVE")
    connection.execute("BEGIN")
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'outputs'").fetchall():
      return [[] for _ in queries]  # Its process was killed before the tables were made.
    refuse_other_versions(connection, path)
    return [connection.execute(query).fetchall() for query in queries]
  except sqlite3.OperationalError as error:
    if error.sqlite_errorcode & 0xFF in HELD:
      return None
    raise ConfigurationError(damage(path, error)) from error
  except sqlite3.DatabaseError as error:
    raise ConfigurationError(damage(path, error)) from error
  finally:
    connection.close()
