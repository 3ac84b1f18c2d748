"""The output folder is published as a whole: nothing may lie in it that the job did not make."""

import functools
import os
import pathlib
from collections.abc import Callable

from privai_tf.errors import ConfigurationError
from privai_tf.jobs.item_lists import Items
from privai_tf.jobs.publication import is_run_record
from privai_tf.jobs.record_folder import PRIVATIZED_FILE
from privai_tf.runtime import stores
from privai_tf.runtime.files import output_error, shown
from privai_tf.runtime.stores import StorePath


def refuse_what_is_not_to_be_published(items: Items, output_dir: pathlib.Path | StorePath) -> None:
  """Refuses a job whose output folder holds its inputs, or files that are no job's.

  Args:
    items: of the job.
    output_dir: its output folder, which need not exist.

  Raises:
    ConfigurationError: names the file.
    OutputError: if the folder cannot be listed.
  """
  if not output_dir.is_dir():
    return
  folder = _real(output_dir)
  real = functools.lru_cache(maxsize=1024)(_real)  # Most inputs share a few folders.
  # Record files are not looked through here: no job's files, they are refused by their names.
  for item in items if items.count is not None else ():
    if item.file is not None and _lies_in(item.file, folder, real):
      raise ConfigurationError(
        f"{item.source}: lies in --output_dir, where an output would replace it or it would be "
        "published; choose another --output_dir"
      )
  try:
    name = _foreign(output_dir)
  except OSError as error:
    raise output_error(output_dir, error) from error
  if name is not None:
    raise ConfigurationError(
      f"{shown(output_dir / name)}: no output of a job, and all of --output_dir may be "
      "published; move it away, or choose another --output_dir"
    )


def _real(path: pathlib.Path | StorePath) -> str:
  return path.url if isinstance(path, StorePath) else os.path.realpath(path)


def _lies_in(
  path: pathlib.Path | StorePath, folder: str, real: Callable[[pathlib.Path | StorePath], str]
) -> bool:
  """Whether a file, or what it is a link to, is in a folder or below it."""
  places = [real(path.parent)]
  if isinstance(path, pathlib.Path) and path.is_symlink():
    places.append(os.path.dirname(os.path.realpath(path)))
  return any(
    place == folder or place.startswith(folder.rstrip(os.sep) + os.sep) for place in places
  )


def _foreign(folder: pathlib.Path | StorePath) -> str | None:
  """The first name that no job gives to its files; hidden ones are left alone."""
  if isinstance(folder, StorePath):
    names = [name for name in stores.names_in(folder) if not name.startswith(".")]
  else:
    with os.scandir(folder) as entries:
      names = [e.name + os.sep * e.is_dir() for e in entries if not e.name.startswith(".")]
  begun = any(map(is_run_record, names))
  known = set() if begun else set(names)
  return next((name for name in sorted(names) if not _is_ours(name, known, begun)), None)


def _is_ours(name: str, known: set[str], begun: bool) -> bool:
  """Whether a job may have written a file.

  Args:
    name: the file's.
    known: all names, where the folder holds no run's record.
    begun: whether it holds one; a release may be half-written then.
  """
  if is_run_record(name) or name == "report.html" or PRIVATIZED_FILE.fullmatch(name):
    return True
  stem, suffix = os.path.splitext(name)
  if suffix not in (".png", ".json"):
    return False
  return begun or {f"{stem}.png", f"{stem}.json"} <= known
