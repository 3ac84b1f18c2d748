"""A job that was begun in another number of shards: what those have drawn must not be drawn again."""

import pathlib
import re
import sqlite3

from privai_tf.errors import ConfigurationError
from privai_tf.jobs.job import Shard
from privai_tf.runtime.files import shown

_MANIFEST = re.compile(r"manifest(?:-(\d{5})-of-(\d{5}))?\.db")
_WAIT_SECONDS = 5.0


def refuse_other_shards(folder: pathlib.Path, shard: Shard) -> None:
  """Refuses a job while shards of another number have releases that are drawn and not published.

  Args:
    folder: of the manifests; need not exist.
    shard: of this process.

  Raises:
    ConfigurationError: says how to finish them first.
  """
  for path in sorted(folder.glob("manifest*.db")):
    match = _MANIFEST.fullmatch(path.name)
    if match is None:
      continue
    other = Shard(int(match[1]), int(match[2])) if match[1] else Shard()
    if other.count == shard.count:
      continue
    waiting = _waiting(path)
    flags = f"--num_shards={other.count} --shard_index={other.index}"
    if waiting is None:
      raise ConfigurationError(
        f"{shown(path)}: a process with {flags} is at work on this job; let it finish, or use its "
        "number of shards"
      )
    if waiting:
      raise ConfigurationError(
        f"{shown(path)}: {waiting} releases are drawn, and perhaps paid for, but not published; run "
        f"once more with {flags} before another number of shards"
      )


def _waiting(path: pathlib.Path) -> int | None:
  """How many releases wait in a manifest; None while a process holds it."""
  connection = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)
  try:
    # As `Manifest` opens it: a killed one left a log that has to be read.
    connection.execute("PRAGMA locking_mode=EXCLUSIVE")
    return connection.execute("SELECT count(*) FROM outputs WHERE done = 0").fetchone()[0]
  except sqlite3.OperationalError as error:
    if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
      return None
    return 0  # Not yet made, when its process was killed.
  except sqlite3.DatabaseError as error:
    raise ConfigurationError(
      f"{shown(path)}: not a manifest, or damaged ({error}); restore it, or choose another "
      "--state_dir: what it had drawn and not published is lost then, paid for or not"
    ) from error
  finally:
    connection.close()
