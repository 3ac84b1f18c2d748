"""Which files are meant."""

import glob
import os
from pathlib import Path

from privai_tf.errors import InputError
from privai_tf.faces.signatures import EXTENSIONS, is_picture
from privai_tf.runtime import stores
from privai_tf.runtime.files import shown
from privai_tf.runtime.stores import StorePath, is_url, place


def find_inputs(spec: str | os.PathLike) -> list[Path] | list[StorePath]:
  """Finds the photos that a command line means.

  Args:
    spec: a file (any extension), a folder (its pictures by name or content, such that cannot be read
      too, so that each gets its line; not its subfolders', hidden files left out), a glob pattern (`photos/*.jpg`, `**` for subfolders), or the URL
      of such in a store.

  Returns:
    Paths, sorted, at least one. Whether they can be read shows when they are: one bad file among
    many must not stop the rest.

  Raises:
    InputError: if nothing is found.
  """
  text = os.fspath(spec)
  if not text:
    raise InputError(
      "The input is empty; name a file, a folder or a pattern such as 'photos/*.jpg'."
    )
  if "\0" in text:
    raise InputError(f"{shown(text)} is not a path; name a file, a folder or a pattern.")
  if is_url(text):
    return _in_store(place(text), text)
  path = Path(text)
  if os.path.isdir(text):
    return _in_folder(path)
  if os.path.lexists(text):
    return [path]
  if glob.has_magic(text):
    found = sorted(Path(match) for match in glob.glob(text, recursive=True))
    found = [match for match in found if not match.is_dir()]
    if not found:
      raise InputError(f"Nothing matches {shown(text)}; check the pattern (quote it in the shell).")
    return found
  raise InputError(f"{shown(text)} does not exist; name a file, a folder or a pattern.")


def _in_store(path: StorePath, text: str) -> list[StorePath]:
  """Objects; what is below one that is called like a folder, told to be pictures by their names."""
  if glob.has_magic(text) and not path.exists():
    return _nothing_hidden(
      stores.matching(path), f"Nothing matches {shown(text)}; check the pattern."
    )
  if path.is_file():
    return [path]
  found = [path / name for name in stores.names_in(path) if not name.endswith("/")]
  found = [one for one in found if one.suffix.lower() in EXTENSIONS]
  return _nothing_hidden(
    found, f"{shown(path)} holds no pictures (told by name), or does not exist."
  )


def _nothing_hidden(found: list[StorePath], otherwise: str) -> list[StorePath]:
  found = sorted(path for path in found if not path.name.startswith("."))
  if not found:
    raise InputError(otherwise)
  return found


def _in_folder(folder: Path) -> list[Path]:
  try:
    entries = sorted(folder.iterdir())
  except OSError as error:
    raise InputError(f"Cannot list {shown(folder)}: {error.strerror or error}.") from error
  found = [
    entry
    for entry in entries
    if not entry.name.startswith(".") and not os.path.isdir(entry) and is_picture(entry)
  ]
  if not found:
    raise InputError(
      f"{shown(folder)} holds no pictures (told by name and content); subfolders are not searched."
    )
  return found
