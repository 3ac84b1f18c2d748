"""The publishable folder of a job whose results go into TFRecord files."""

import json
import pathlib
import re
from collections.abc import Iterable, Iterator, Mapping

from privai_tf.errors import ConfigurationError
from privai_tf.evaluation.report import records_page
from privai_tf.jobs.job import SHARD_SUFFIX
from privai_tf.jobs.publication import PublicFolder, is_run_record
from privai_tf.jobs.records import write_records
from privai_tf.runtime import files

PRIVATIZED_FILE = re.compile(rf"privatized{SHARD_SUFFIX}-\d{{5}}\.tfrecord")


class RecordFolder(PublicFolder):
  """Like `PublicFolder`, with files of many releases in the place of `NAME.png` and `NAME.json`."""

  def is_finished(self, name: str) -> bool:
    """Never: a file that holds many does not tell; the manifest does."""
    return False

  def require_manifest(self, known: int) -> None:
    """Refuses files that the manifest knows nothing of: what is in them would be released again.

    Args:
      known: how many files the manifest knows.

    Raises:
      ConfigurationError: if its files are elsewhere, or made by another number of shards.
    """
    for path in self.path.iterdir():
      match = PRIVATIZED_FILE.fullmatch(path.name)
      if match and int(match[2] or 1) != self._shard.count:
        raise ConfigurationError(
          f"{files.shown(path)}: made with --num_shards={int(match[2] or 1)}; use that number again, "
          "or choose another --output_dir"
        )
    if known == 0 and not self._overwrite and any(self._files()):
      raise ConfigurationError(
        f"{self.path}: holds releases that --state_dir knows nothing of; name that run's --state_dir, "
        "choose another --output_dir, or release everything again with --overwrite"
      )

  def remove_all(self) -> None:
    """Removes this process's files, before they are made anew."""
    for path in self._files():
      files.remove(path)

  def write_file(self, number: int, releases: Iterable[tuple[str, bytes, Mapping]]) -> None:
    """Publishes a file of releases: name, PNG and content of each."""
    write_records(self.path / f"{self._stem}{number:05d}.tfrecord", releases)

  @property
  def _stem(self) -> str:
    return f"privatized{self._shard.suffix}-"

  def _files(self) -> Iterator[pathlib.Path]:
    name = re.compile(rf"{self._stem}\d{{5}}\.tfrecord")
    return (path for path in self.path.iterdir() if name.fullmatch(path.name))

  def _report(self, promise: Mapping | None) -> str:
    counts = [
      json.loads(path.read_text(encoding="utf-8"))["counts"]["released"]
      for path in self.path.iterdir()
      if is_run_record(path.name)
    ]
    record_files = sum(path.name.endswith(".tfrecord") for path in self.path.iterdir())
    return records_page(promise, sum(counts), record_files)
