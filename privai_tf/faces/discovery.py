"""Which files are meant, and what their outputs are called."""

import glob
import os
from collections.abc import Sequence
from pathlib import Path

from privai_tf.errors import InputError
from privai_tf.faces.signatures import is_picture
from privai_tf.runtime.files import shown

# Files of a run beside NAME.png and NAME.json; an input called so must not overwrite them.
_RESERVED = frozenset(["run", "report", "comparison", "readme"])
_LONGEST = 200  # Bytes; file systems allow 255, the extension and a number included.


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


def output_names(paths: Sequence[str | os.PathLike]) -> list[str]:
  """A name for every input's outputs, each used once.

  The file's stem; where several inputs share it, with the extension (`a.png` and `a.jpg` become
  `a-png` and `a-jpg`), and if that is not enough, a number. Case does not tell names apart, since
  some file systems ignore it.

  Args:
    paths: the inputs, in the order of the names.
  """
  stems = [_clean(Path(path).stem) for path in paths]
  counts: dict[str, int] = {}
  for stem in stems:
    counts[stem.casefold()] = counts.get(stem.casefold(), 0) + 1
  taken = {stem.casefold() for stem in stems if counts[stem.casefold()] == 1} | _RESERVED
  names = []
  for path, stem in zip(paths, stems, strict=True):
    key = stem.casefold()
    if counts[key] == 1 and key not in _RESERVED:
      names.append(stem)
      continue
    extension = _clean(Path(path).suffix[1:]) if Path(path).suffix else "file"
    first = name = f"{stem}-{extension}"
    number = 2
    while name.casefold() in taken:
      name, number = f"{first}-{number}", number + 1
    taken.add(name.casefold())
    names.append(name)
  return names


def _clean(stem: str) -> str:
  """Only what every file system, JSON and terminal takes; never empty, hidden or too long."""
  safe = "".join(c if c.isprintable() and c not in '/\\:*?"<>|' else "_" for c in stem)
  safe = safe.lstrip(".").strip() or "unnamed"
  return safe.encode()[:_LONGEST].decode(errors="ignore")
