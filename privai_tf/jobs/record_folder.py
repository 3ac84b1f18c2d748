"""The publishable folder of a job whose results go into TFRecord files."""

import json
import pathlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from privai_tf.errors import ConfigurationError
from privai_tf.evaluation.report import records_page
from privai_tf.jobs.parts import SHARD_SUFFIX
from privai_tf.jobs.publication import PublicFolder, is_run_record
from privai_tf.jobs.records import write_records
from privai_tf.runtime import files
from privai_tf.runtime.manifest_files import Known

PRIVATIZED_FILE = re.compile(rf"privatized{SHARD_SUFFIX}-\d{{5}}\.tfrecord")


class RecordFolder(PublicFolder):
  """Like `PublicFolder`, with files of many releases in the place of `NAME.png` and `NAME.json`."""

  def is_emptied(self, known: Known) -> bool:
    """Whether somebody removed everything that this process had published, its record included."""
    return not self._begun and not any(self._files())

  def require_shards(self) -> None:
    """Refuses files that were made by another number of shards: they cannot be shared out anew.

    Raises:
      ConfigurationError: then.
    """
    for path in self.path.iterdir():
      match = PRIVATIZED_FILE.fullmatch(path.name)
      if match and int(match[2] or 1) != self.shard.count:
        raise ConfigurationError(
          f"{files.shown(path)}: made with --num_shards={int(match[2] or 1)}; use that number again, "
          "or choose another --output_dir"
        )

  def write_file(self, number: int, releases: Iterable[tuple[str, bytes, Mapping]]) -> None:
    """Publishes a file of releases: name, PNG and content of each."""
    write_records(self.path / f"{self.record_stem}{number:05d}.tfrecord", releases)

  def _files(self) -> Iterator[pathlib.Path]:
    name = re.compile(rf"{self.record_stem}\d{{5}}\.tfrecord")
    return (path for path in self.path.iterdir() if name.fullmatch(path.name))

  def _report(self, promise: Mapping | None, notes: Sequence[str]) -> Iterator[str]:
    counts = [
      json.loads(path.read_text(encoding="utf-8"))["counts"]["released"]
      for path in self.path.iterdir()
      if is_run_record(path.name)
    ]
    record_files = sum(path.name.endswith(".tfrecord") for path in self.path.iterdir())
    return records_page(promise, sum(counts), record_files, notes)
