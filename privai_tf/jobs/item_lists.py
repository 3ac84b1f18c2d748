"""What a run works on: the inputs that `--input` means, found but not read."""

import dataclasses
import functools
import pathlib
from collections.abc import Callable, Iterator

from privai_tf.errors import InputError
from privai_tf.inversion import load_latents
from privai_tf.jobs.input_paths import input_paths, path_keys
from privai_tf.jobs.inputs import Code, Item, Photo, Portrait, Record
from privai_tf.jobs.job import Job
from privai_tf.jobs.names import apart, plain_name
from privai_tf.jobs.records import RECORD_FILE, read_records
from privai_tf.runtime import outside
from privai_tf.runtime.files import shown


@dataclasses.dataclass(frozen=True)
class Items:
  """The inputs of a job, found but not read; may be gone through again.

  Attributes:
    begin: gives the items from the first on, made one by one.
    count: how many there are; None where only reading tells (TFRecords).
  """

  begin: Callable[[], Iterator[Item]]
  count: int | None

  def __iter__(self) -> Iterator[Item]:
    return self.begin()


def find_items(job: Job, generator) -> Items:
  """Finds the inputs of a job, all shards' together.

  Args:
    job: the job.
    generator: the `Generator`, which codes must fit.

  Returns:
    The items.

  Raises:
    InputError: if nothing is found.
  """
  if job.input_latents is not None:
    shape = load_latents(job.input_latents, generator, job.inversion.latent_space).shape
    return Items(functools.partial(_codes, job.input_latents, shape), shape[0])
  if job.input is None:
    begin = functools.partial(_portraits, job.num_portraits, job.portrait_seed)
    return Items(begin, job.num_portraits)
  return picture_items(job.input)


def picture_items(pattern: str) -> Items:
  """The items of pictures or TFRecords.

  Args:
    pattern: a picture, a folder or a glob; a TFRecord file, or a folder or glob of such; or `@FILE`.

  Raises:
    InputError: if nothing is found.
  """
  paths = input_paths(pattern)
  records = [path for path in paths if RECORD_FILE.search(path.name)]
  if not records:
    return Items(functools.partial(_photos, paths, path_keys(pattern, paths)), len(paths))
  if len(records) < len(paths):
    raise InputError(
      f"{shown(pattern)} mixes TFRecords and pictures; give one kind, for example '*.tfrecord'."
    )
  return Items(functools.partial(_records, records), None)


def record_files(job: Job) -> list[pathlib.Path]:
  """The TFRecord files of a job, for those who share them out; none for other inputs."""
  if job.input is None:
    return []
  return [path for path in input_paths(job.input) if RECORD_FILE.search(path.name)]


def items_of_records(job: Job, paths: list[pathlib.Path]) -> Items:
  """The items in some of a job's TFRecord files, for who sees no other part of them.

  The file is in their keys and names: whether a record of another file is called the same, nobody
  could tell.
  """
  keys = path_keys(job.input, paths)
  return Items(functools.partial(_records_apart, paths, keys), None)


def _photos(paths: list[pathlib.Path], keys: list[str]) -> Iterator[Item]:
  for path, key in zip(paths, keys, strict=True):
    yield Photo(plain_name(path, key), shown(path), path, key=key)


def _records(paths: list[pathlib.Path]) -> Iterator[Item]:
  for path in paths:
    for name, source, data in read_records(path):
      yield Record(name, source, data)


def _records_apart(paths: list[pathlib.Path], keys: list[str]) -> Iterator[Item]:
  for path, key in zip(paths, keys, strict=True):
    for item in _records([path]):
      own = f"{key}/{item.key}"
      yield dataclasses.replace(item, name=apart(item.name, own, 16), key=own)


def _codes(path: str, shape: tuple[int, ...]) -> Iterator[Item]:
  stem = plain_name(path, "codes")
  codes = outside.read_array(path).reshape(shape)
  for row in range(shape[0]):
    # No zeros before the number: how many would depend on the other rows.
    yield Code(f"{stem}-{row}", f"{shown(path)}, row {row}", codes[row])


def _portraits(count: int, seed: int) -> Iterator[Item]:
  for row in range(count):
    yield Portrait(f"portrait-{row}", f"portrait {row}", row, count, seed)
