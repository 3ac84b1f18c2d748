"""Pictures with labels: which files, and which attributes they have."""

import csv
import dataclasses
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from privai_tf.errors import InputError
from privai_tf.faces.signatures import is_picture
from privai_tf.runtime import outside
from privai_tf.runtime.files import shown

FOLDERS = "folders"
_UNKNOWN = ("", "nan", "?")


@dataclasses.dataclass(frozen=True, eq=False)
class LabelledPictures:
  """Pictures and what is known of them.

  Attributes:
    paths: the files, [N].
    attributes: names of the columns.
    present: float32 [N, attributes], 1 present, 0 absent, NaN unknown.
    missing: labels without a picture, left out.
  """

  paths: tuple[Path, ...]
  attributes: tuple[str, ...]
  present: np.ndarray
  missing: int = 0


def read_labelled(
  images: str | os.PathLike, labels: str | os.PathLike, attributes: Sequence[str] | None = None
) -> LabelledPictures:
  """Finds pictures and their labels.

  Args:
    images: the pictures' folder.
    labels: "folders": an attribute is present in the pictures of the subfolder of its name, and absent
      in the others'; or a table: CelebA's `list_attr_celeba.txt`, or a CSV file whose first row names
      the columns and whose first column names the files. In a table 1 is present, 0 or -1 (CelebA's)
      absent, an empty cell unknown.
    attributes: which; None: all.

  Returns:
    The pictures in the order of their names.

  Raises:
    InputError: naming the file, the row and what is wrong there.
  """
  folder = Path(images)
  if not folder.is_dir():
    raise InputError(f"{shown(folder)} is no folder; name the folder of the labelled pictures.")
  if str(labels) == FOLDERS:
    return _from_folders(folder, attributes)
  names, columns, rows = _read_table(Path(labels))
  wanted = _wanted(columns, attributes, shown(labels))
  present = np.stack(
    [_column([row[i] for row in rows], f"{shown(labels)}, column {columns[i]}") for i in wanted], 1
  )
  found = _Files(folder)
  paths = [found.path(name) for name in names]
  there = [i for i, path in enumerate(paths) if path is not None]
  if not there:
    raise InputError(
      f"None of the {len(names)} files that {shown(labels)} names, such as {shown(names[0])}, is in "
      f"{shown(folder)}; check both."
    )
  there.sort(key=lambda i: paths[i])
  return LabelledPictures(
    tuple(paths[i] for i in there),
    tuple(columns[i] for i in wanted),
    present[there],
    len(names) - len(there),
  )


def _from_folders(folder: Path, attributes: Sequence[str] | None) -> LabelledPictures:
  classes = {
    sub.name: [p for p in sorted(sub.iterdir()) if is_picture(p)]
    for sub in sorted(folder.iterdir())
    if sub.is_dir() and not sub.name.startswith(".")
  }
  classes = {name: paths for name, paths in classes.items() if paths}
  if len(classes) < 2:
    raise InputError(
      f"{shown(folder)} has {len(classes)} subfolders with pictures; at least two are needed, such as "
      "smile/ and other/ (--attribute=smile)."
    )
  names = list(classes)
  wanted = [names[i] for i in _wanted(names, attributes, shown(folder))]
  paths = [path for group in classes.values() for path in group]
  present = [
    [float(name == attribute) for attribute in wanted] for name, g in classes.items() for _ in g
  ]
  return LabelledPictures(tuple(paths), tuple(wanted), np.array(present, np.float32))


def _wanted(columns: Sequence[str], attributes: Sequence[str] | None, source: str) -> list[int]:
  if attributes is None:
    return list(range(len(columns)))
  for name in attributes:
    if name not in columns:
      some = ", ".join(columns[:40])
      raise InputError(f"{source} has no attribute '{name}'; it has {some}.")
  return [columns.index(name) for name in attributes]


def _read_table(path: Path) -> tuple[list[str], list[str], list[list[str]]]:
  """File names, names of the other columns, and their cells."""
  lines = outside.read_text(path).splitlines()
  lines = [line for line in lines if line.strip()]
  if len(lines) < 2:
    raise InputError(f"{shown(path)} has {len(lines)} lines; it needs a row of names and labels.")
  if lines[0].strip().isdecimal():  # CelebA's: the count, the attributes, then the files.
    columns = lines[1].split()
    rows = [line.split() for line in lines[2:]]
  else:
    delimiter = max(",;\t", key=lines[0].count)
    header, *rows = csv.reader(lines, delimiter=delimiter)
    columns = [cell.strip() for cell in header[1:]]
  if not columns or len(set(columns)) < len(columns):
    raise InputError(
      f"{shown(path)} names no attributes, or one of them twice; check its first row."
    )
  names = []
  for number, row in enumerate(rows, start=1):
    if len(row) != len(columns) + 1:
      raise InputError(
        f"{shown(path)}: row {number} has {len(row)} cells; a file name and {len(columns)} labels are "
        "expected."
      )
    names.append(row[0].strip())
  if len(set(names)) < len(names):
    twice = next(name for name in names if names.count(name) > 1)
    raise InputError(f"{shown(path)} names {shown(twice)} twice; keep one of its rows.")
  return names, columns, [row[1:] for row in rows]


def _column(cells: Iterable[str], place: str) -> np.ndarray:
  values = []
  for number, cell in enumerate(cells, start=1):
    text = cell.strip().lower()
    try:
      value = np.nan if text in _UNKNOWN else float(text)
    except ValueError:
      value = 2.0
    if value not in (1, 0, -1) and not np.isnan(value):
      raise InputError(f"{place}, row {number}: {cell.strip()!r} is none of 1, 0, -1 and empty.")
    values.append(value)
  column = np.array(values, np.float32)
  if (column == 0).any() and (column == -1).any():
    raise InputError(
      f"{place} has both 0 and -1, which could mean 'absent' and 'unknown'; leave unknown cells empty "
      "and use one of them for absent."
    )
  column[column == -1] = 0
  return column


class _Files:
  """The pictures of a folder by name, or else by name without ending (CelebA-HQ's are often PNGs)."""

  def __init__(self, folder: Path):
    self._folder = folder
    self._stems: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
      if is_picture(path):
        self._stems.setdefault(path.stem, path)

  def path(self, name: str) -> Path | None:
    path = self._folder / name
    return path if path.is_file() else self._stems.get(Path(name).stem)
