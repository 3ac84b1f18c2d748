"""The files that a job's `--input` means."""

import pathlib

from privai_tf.errors import InputError
from privai_tf.faces import find_inputs
from privai_tf.jobs.records import RECORD_FILE
from privai_tf.runtime import outside
from privai_tf.runtime.files import shown


def input_paths(pattern: str) -> list[pathlib.Path]:
  """The files of `--input`: a file, a folder or a glob of pictures or TFRecords, or `@FILE`.

  Raises:
    InputError: if nothing is found. What is in a list need not exist.
  """
  return _listed(pattern[1:]) if pattern.startswith("@") else _found(pattern)


def _found(pattern: str) -> list[pathlib.Path]:
  folder = pathlib.Path(pattern)
  if pattern and "\0" not in pattern and folder.is_dir():
    records = sorted(path for path in folder.iterdir() if RECORD_FILE.search(path.name))
    if records:
      return records
  return find_inputs(pattern)


def _listed(path: str) -> list[pathlib.Path]:
  """The paths in a text file, one a line."""
  lines = outside.read_text(path, remedy="name a list of paths, one a line").splitlines()
  paths = [pathlib.Path(line.strip()) for line in lines if line.strip()]
  if not paths:
    raise InputError(f"The list {shown(path)} is empty; write one path a line.")
  return paths
