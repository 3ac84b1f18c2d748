"""A job that was begun in another number of shards: what those have drawn must not be drawn again."""

import pathlib
import re
from collections.abc import Iterator

from privai_tf.errors import ConfigurationError
from privai_tf.jobs.parts import SHARD_SUFFIX, Shard
from privai_tf.runtime.files import shown
from privai_tf.runtime.manifest_files import count_waiting
from privai_tf.runtime.stores import StorePath

_MANIFEST = re.compile(rf"manifest{SHARD_SUFFIX}\.db")


def manifest_files(
  folder: pathlib.Path | StorePath,
) -> Iterator[tuple[Shard, pathlib.Path | StorePath]]:
  """The manifests in a folder, with the shard that each is of, sorted."""
  for path in sorted(folder.glob("manifest*.db")):
    match = _MANIFEST.fullmatch(path.name)
    if match is not None:
      yield Shard(int(match[1]), int(match[2])) if match[1] else Shard(), path


def refuse_other_shards(folder: pathlib.Path | StorePath, shard: Shard) -> None:
  """Refuses a job while shards of another number have releases that are drawn and not published.

  Args:
    folder: of the manifests; need not exist.
    shard: of this process.

  Raises:
    ConfigurationError: says how to finish them first.
  """
  for other, path in manifest_files(folder):
    if other.count == shard.count:
      continue
    waiting = count_waiting(path)
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
