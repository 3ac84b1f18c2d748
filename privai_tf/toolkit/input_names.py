"""The names of a folder's inputs, kept beside its results: what comes later renames nothing."""

import dataclasses
import json
import pathlib
from collections.abc import Iterator

from privai_tf.errors import ConfigurationError
from privai_tf.jobs.inputs import Item
from privai_tf.jobs.item_lists import Items
from privai_tf.jobs.names import apart
from privai_tf.runtime import files

NAMES = "names.json"


def named(items: Items, folder: pathlib.Path) -> Iterator[Item]:
  """The items, each with a name of its own; an earlier run's items keep theirs.

  Args:
    items: as they are found; two may have the same plain name.
    folder: private; what the names are is written there before anything else.

  Raises:
    ConfigurationError: if what was written is damaged.
    OutputError: if it cannot be written.
  """
  if items.count is None:  # Records are known by their names alone.
    return iter(items)
  path = folder / NAMES
  names = _read(path)
  taken = {name.casefold() for name in names.values()}
  for item in items:
    if item.key not in names:
      candidates = [item.name, *(apart(item.name, item.key, digits) for digits in (8, 16, 64))]
      names[item.key] = next(name for name in candidates if name.casefold() not in taken)
      taken.add(names[item.key].casefold())
  files.write_json(path, names, private=True)
  return (dataclasses.replace(item, name=names[item.key]) for item in items)


def _read(path: pathlib.Path) -> dict[str, str]:
  try:
    names = json.loads(path.read_text(encoding="utf-8"))
    if all(isinstance(name, str) for name in names.values()):
      return names
    problem = "no names"
  except FileNotFoundError:
    return {}
  except (OSError, ValueError, AttributeError) as error:
    problem = str(error)
  raise ConfigurationError(
    f"{files.shown(path)}: damaged ({problem}); restore it, or choose another --output_dir"
  )
