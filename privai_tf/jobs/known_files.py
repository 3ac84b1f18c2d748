"""What lies in the output folder is what the manifests know, or nothing is done.

A file that no manifest knows is somebody's, and would be published with the rest; or the manifest
was lost or put back from a copy, and what it knew would be drawn, and paid for, again.
"""

import pathlib

from privai_tf.errors import ConfigurationError
from privai_tf.evaluation.report import read_entries
from privai_tf.jobs.other_shards import manifest_files
from privai_tf.jobs.publication import PublicFolder
from privai_tf.runtime.files import shown
from privai_tf.runtime.manifest import Manifest
from privai_tf.runtime.manifest_files import Known, read_known
from privai_tf.runtime.stores import StorePath


def require_known_files(
  public: PublicFolder, folder: pathlib.Path | StorePath, own: Manifest | None
) -> None:
  """Refuses an output folder with files that no manifest knows, or records that cannot be read.

  Args:
    public: the output folder.
    folder: of the manifests.
    own: this process's manifest, which is open; None if it has none.

  Raises:
    ConfigurationError: names the file.
  """
  public.require_shards()
  # First the files: what a process that begins meanwhile publishes is in its manifest before.
  present = sorted(path.name for path in public.path.iterdir() if not path.name.startswith("."))
  names: set[str] = set()
  record_files: set[str] = set()
  for shard, path in manifest_files(folder):
    known: Known | None = own.known() if own and path == own.path else read_known(path)
    if known is None:
      return  # Its process is at work, and has looked here itself; nobody else knows its files.
    names |= known.names
    record_files |= {f"privatized{shard.suffix}-{file:05d}.tfrecord" for file in known.files}
  foreign = public.foreign(present, names, record_files)
  if foreign is not None:
    raise ConfigurationError(
      f"{shown(public.path / foreign)}: what this job remembers ({shown(folder)}) does not know this "
      "file, which would be published with its own; move it away, put back what was remembered, or "
      "choose another --output_dir"
    )
  for _ in read_entries(public.path):
    pass


def take_over(public: PublicFolder, folder: pathlib.Path | StorePath, own: Manifest) -> None:
  """Lets a manifest know what shards of another number have published in the folder.

  Args:
    public: the output folder, which holds their records.
    folder: of the manifests.
    own: this process's.
  """
  count = public.shard.count
  for shard, path in manifest_files(folder):
    if shard.count != count and (public.path / f"run{shard.suffix}.json").exists():
      known = read_known(path)
      if known is not None:
        own.adopt(known)
