"""The folder that may be published.

`privacy.md`, section 8: everything computed from a photo besides the release is a release too. So
`PublicFolder` is only ever handed the privatized image and public configuration, and whatever else
is worth keeping goes through `private_folder.PrivateFolder`.
"""

import dataclasses
import json
import os
import pathlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from privai_tf.artifacts import Guarantee
from privai_tf.errors import ConfigurationError, InputError
from privai_tf.evaluation.report import read_entries, report_page
from privai_tf.jobs.parts import SHARD_SUFFIX, Shard
from privai_tf.jobs.release_facts import promised, versions
from privai_tf.runtime import files, outside, store_files, stores
from privai_tf.runtime.manifest_files import Known
from privai_tf.runtime.stores import StorePath

_WHOLE = Shard()
REPORT = "report.html"
_RUN_RECORD = re.compile(rf"run{SHARD_SUFFIX}\.json")


def is_run_record(name: str) -> bool:
  """Whether a file is a run's own record and no release's."""
  return _RUN_RECORD.fullmatch(name) is not None


def holds_releases(folder: pathlib.Path | StorePath) -> bool:
  """Whether a publishable folder holds a release at all; looks no further than the first."""
  names = stores.names_in(folder) if isinstance(folder, StorePath) else _names(folder)
  return any(
    name.endswith(".tfrecord") or (name.endswith(".json") and not is_run_record(name))
    for name in names
  )


def _names(folder: pathlib.Path) -> Iterator[str]:
  with os.scandir(folder) as entries:
    yield from (entry.name for entry in entries)


class PublicFolder:
  """The publishable folder: `NAME.png`, `NAME.json`, `run.json`, `report.html`.

  Attributes:
    path: the folder.
    shard: of this process.
  """

  def __init__(
    self,
    path: pathlib.Path | StorePath,
    configuration: Mapping,
    overwrite: bool = False,
    shard: Shard = _WHOLE,
    begin: bool = True,
    precision: str = "float32",
  ):
    """Opens the folder.

    Args:
      path: created if missing; or its URL, where pictures and their JSON are put once.
      configuration: everything public that decides what a release is; JSON values.
      overwrite: whether results of another configuration, or finished ones, may be replaced.
      shard: of this process; processes that share the folder keep apart by it.
      begin: whether to record the run at once; else call `begin`.
      precision: in which this process draws, "float32" or "bfloat16"; another one's may differ.

    Raises:
      ConfigurationError: if the folder holds releases made with another configuration.
      OutputError: if it cannot be written.
    """
    self.path = files.make_folder(path)
    if not isinstance(path, StorePath):
      files.remove_leftovers(self.path)
    self.shard = shard
    self._run = self.path / f"run{shard.suffix}.json"
    self._begun = self._run.exists()
    # As it reads back, so that it can be compared with an earlier run's.
    self._configuration = json.loads(json.dumps(configuration))
    self._versions, self._precision = versions(), precision
    self._overwrite = overwrite
    self._check_configuration()
    if begin:
      self.begin()

  def begin(self) -> None:
    """Records that a run has begun."""
    self.write_run(released=None)

  def _check_configuration(self) -> None:
    if self._overwrite:
      return
    runs = sorted(self.path.glob("run*.json"))
    if not runs or not holds_releases(self.path):
      return
    for run in [path for path in runs if is_run_record(path.name)]:
      self._compare(run)

  def _compare(self, run: pathlib.Path) -> None:
    try:
      earlier = dict(outside.read_json(run)["configuration"])
    except (InputError, ValueError, KeyError, TypeError) as error:
      raise ConfigurationError(
        f"{run}: not a run's record; choose another --output_dir, or replace with --overwrite"
      ) from error
    if earlier != self._configuration:
      changed = sorted(
        key
        for key in {*earlier, *self._configuration}
        if earlier.get(key) != self._configuration.get(key)
      )
      raise ConfigurationError(
        f"{self.path}: holds releases made with other settings ({', '.join(changed)}); "
        "choose another --output_dir, or replace them with --overwrite"
      )

  def is_emptied(self, known: Known) -> bool:
    """Whether somebody removed everything that this process had published, its record included.

    Args:
      known: of its manifest.
    """
    return not self._begun and not any(self._has(name) for name in known.names)

  def foreign(self, present: Iterable[str], names: set[str], record_files: set[str]) -> str | None:
    """The first of the folder's files that no manifest knows; None if there is none.

    Args:
      present: names of files.
      names: of all known outputs.
      record_files: names of all known TFRecord files.
    """
    for file in present:
      stem, suffix = os.path.splitext(file)
      known = stem in names if suffix in (".png", ".json") else file in record_files
      if not known and not is_run_record(file) and file != REPORT:
        return file
    return None

  def require_shards(self) -> None:
    """Refuses files that cannot be shared out anew; pictures can."""

  def _has(self, name: str) -> bool:
    return any((self.path / f"{name}{suffix}").exists() for suffix in (".png", ".json"))

  def remove_release(self, name: str) -> None:
    """Removes an earlier release; its JSON first, so that it promises nothing for a moment."""
    for suffix in (".json", ".png"):
      files.remove(self.path / f"{name}{suffix}")

  def remove_record_files(self, keep: set[int]) -> None:
    """Removes this process's TFRecord files, but for those of these numbers."""
    for path in self.path.glob("privatized*.tfrecord"):
      number = path.name.removesuffix(".tfrecord").removeprefix(self.record_stem)
      if re.fullmatch(r"\d{5}", number) and int(number) not in keep:
        files.remove(path)

  @property
  def record_stem(self) -> str:
    """Begins the names of this process's TFRecord files."""
    return f"privatized{self.shard.suffix}-"

  def content(self, name: str, guarantee: Guarantee, bound: float | None) -> dict:
    """What `NAME.json` says.

    Args:
      name: file name without extension.
      guarantee: the promise.
      bound: the attacker bound in [0.5, 1], None where there is none.
    """
    return {"output": f"{name}.png", **self.promise(guarantee, bound)}

  def promise(self, guarantee: Guarantee, bound: float | None) -> dict:
    """The part of `content` that all releases of a run share."""
    return promised(guarantee, bound, self._configuration["checkpoint"], self._precision)

  def write(self, name: str, picture: bytes, content: Mapping) -> None:
    """Publishes one image; its JSON comes last and marks it as complete.

    Args:
      name: file name without extension.
      picture: the privatized image as PNG.
      content: see `content`.
    """
    if isinstance(self.path, StorePath):
      text = json.dumps(dict(content), indent=2, ensure_ascii=False, allow_nan=False)
      store_files.put_once(self.path / f"{name}.png", picture)
      store_files.put_once(self.path / f"{name}.json", f"{text}\n".encode())
      return
    files.remove(self.path / f"{name}.json")
    files.write_bytes(self.path / f"{name}.png", picture)
    files.write_json(self.path / f"{name}.json", dict(content))

  def write_run(self, released: int | None) -> None:
    """Writes `run.json`; the count is None while the run goes on. Failures are the owner's."""
    content = {
      "configuration": self._configuration,
      "counts": {"released": released},
      "precision": self._precision,
      "versions": self._versions,
    }
    files.write_json(self._run, content)

  def finish(
    self,
    released: int | None = None,
    promise: Mapping | None = None,
    notes: Sequence[str] = (),
  ) -> pathlib.Path | StorePath:
    """Writes the counts, and the report once every process that shares the folder is done.

    Args:
      released: images of this process, those of earlier runs included; None: all in the folder.
      promise: the part of `content` that all releases share.
      notes: lines that the report says of how the releases were made, nothing private in them.

    Returns:
      The path of `report.html`, or of the folder while others are at work.
    """
    if released is None:
      released = sum(1 for _ in read_entries(self.path))
    self.write_run(released)
    if not self._all_finished():
      return self.path
    report = self.path / REPORT
    with files.atomic_file(report, "w") as file:
      file.writelines(self._report(promise, notes))
    return report

  def _report(self, promise: Mapping | None, notes: Sequence[str]) -> Iterator[str]:
    return report_page(self.path, notes)

  def _all_finished(self) -> bool:
    """Whether every shard has written its counts; the last one to do so sees that it was the last."""
    for index in range(self.shard.count):
      path = self.path / f"run{dataclasses.replace(self.shard, index=index).suffix}.json"
      try:
        if json.loads(path.read_text(encoding="utf-8"))["counts"]["released"] is None:
          return False
      except (OSError, ValueError, KeyError, TypeError):
        return False
    return True
