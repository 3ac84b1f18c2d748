"""Which files are meant."""

import glob
import os
from pathlib import Path

from privai_tf.errors import InputError
from privai_tf.faces.signatures import is_picture
from privai_tf.runtime.files import shown


def find_inputs(spec: str | os.PathLike) -> list[Path]:
  """Finds the photos that a command line means.

  Args:
    spec: a file (any extension), a folder (its pictures by name or content, such that cannot be read
      too, so that each gets its line; not its subfolders', hidden files left out) or a glob pattern (`photos/*.jpg`, `**` for subfolders).

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
