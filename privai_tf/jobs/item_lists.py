"""What a run works on: the inputs that `--input` means, found but not read."""

import dataclasses
import functools
import pathlib
from collections.abc import Callable, Iterator

from privai_tf.errors import InputError
from privai_tf.inversion import load_latents
from privai_tf.jobs.input_paths import input_paths, path_keys
from privai_tf.jobs.inputs import Code, Item, Photo, Portrait, Record
from privai_tf.jobs.names import apart, plain_name
from privai_tf.jobs.parts import Shard, Sources
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

  def of(self, shard: Shard) -> Iterator[Item]:
    """Those of one shard, in order."""
    return (item for item in self if shard.holds(item.name))


def find_items(sources: Sources, generator, latent_space: str | None) -> Items:
  """Finds the inputs of a job, all shards' together.

  Args:
    sources: where they come from.
    generator: the `Generator`, which codes must fit.
    latent_space: of such codes.

  Returns:
    The items.

  Raises:
    InputError: if nothing is found.
  """
  if sources.input_latents is not None:
    shape = load_latents(sources.input_latents, generator, latent_space).shape
    return Items(functools.partial(_codes, sources.input_latents, shape), shape[0])
  if sources.input is None:
    begin = functools.partial(_portraits, sources.num_portraits, sources.portrait_seed)
    return Items(begin, sources.num_portraits)
  return picture_items(sources.input)


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


def record_files(pattern: str | None) -> list[pathlib.Path]:
  """The TFRecord files that `--input` means, for those who share them out; none for other inputs."""
  if pattern is None:
    return []
  return [path for path in input_paths(pattern) if RECORD_FILE.search(path.name)]


def items_of_records(pattern: str, paths: list[pathlib.Path]) -> Items:
  """The items in some of the TFRecord files of `--input`, for who sees no other part of them.

  The file is in their keys and names: whether a record of another file is called the same, nobody
  could tell.
  """
  keys = path_keys(pattern, paths)
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
