"""The open SQLite file of a manifest: one process, whose threads take turns, and durable commits."""

import contextlib
import os
import pathlib
import sqlite3
import threading
from collections.abc import Iterator

from privai_tf.runtime.files import make_private_folder
from privai_tf.runtime.manifest_log import LoggedConnection
from privai_tf.runtime.manifest_schema import TABLES, VERSION, refuse_other_versions, told
from privai_tf.runtime.stores import StorePath


class ManifestBase:
  """Opens and prepares the file; see `manifest.Manifest`.

  Args:
    folder: the private folder, or its URL; made if need be.
    suffix: tells apart the processes that share the folder.
    timeout: seconds to wait for another process.

  Attributes:
    path: the file.
  """

  def __init__(self, folder: pathlib.Path | StorePath, suffix: str, timeout: float):
    self.path = make_private_folder(folder) / f"manifest{suffix}.db"
    self._lock = threading.RLock()
    with self._told():
      self._connection = self._opened(timeout)
      try:
        self._prepare_file()
      except BaseException:
        self._connection.close()
        raise

  def _opened(self, timeout: float) -> sqlite3.Connection | LoggedConnection:
    if isinstance(self.path, StorePath):
      return LoggedConnection(self.path)
    os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
    return sqlite3.connect(
      self.path, timeout=timeout, isolation_level=None, check_same_thread=False
    )

  def _prepare_file(self) -> None:
    # One process holds the file from here on, without a file of shared memory, which network file
    # systems lack. Commits are on the disk when they return.
    for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL"):
      self._connection.execute(f"PRAGMA {pragma}")
    # Draws that were refused must not survive in unused pages.
    self._connection.execute("PRAGMA secure_delete=ON")
    with self._transaction():
      refuse_other_versions(self._connection, self.path)
      for statement in filter(str.strip, TABLES.split(";")):
        self._connection.execute(statement)
      self._connection.execute(f"PRAGMA user_version={VERSION}")

  def _meta(self, name: str) -> str | None:
    rows = self._ask("SELECT value FROM meta WHERE name = ?", name)
    return rows[0][0] if rows else None

  def _set(self, name: str, value: str) -> None:
    self._connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

  def _ask(self, query: str, *values: str) -> list[tuple]:
    with self._lock:
      return self._connection.execute(query, values).fetchall()

  @contextlib.contextmanager
  def _told(self) -> Iterator[None]:
    with told(self.path), self._lock:
      yield

  @contextlib.contextmanager
  def _transaction(self) -> Iterator[None]:
    self._connection.execute("BEGIN IMMEDIATE")
    try:
      yield
      self._connection.execute("COMMIT")
    except BaseException:
      if self._connection.in_transaction:
        self._connection.execute("ROLLBACK")
      raise
