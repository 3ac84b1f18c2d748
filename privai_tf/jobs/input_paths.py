"""The files that a job's `--input` means, and by which keys they are known again."""

import glob
import os
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


def path_keys(pattern: str, paths: list[pathlib.Path]) -> list[str]:
  """By what files are known again, whatever else is there: their places under the input's root.

  The root is a folder, a file's folder, or the part of a glob before its first wildcard; the paths of
  a list are taken as they are written.

  Args:
    pattern: `--input`.
    paths: what `input_paths` found for it.
  """
  if pattern.startswith("@"):
    return [_text(os.path.normpath(path)) for path in paths]
  root = pathlib.Path(pattern)
  if not root.is_dir():
    root = root.parent
    while not os.path.lexists(pattern) and glob.has_magic(str(root)):
      root = root.parent
  return [_text(os.path.relpath(path, root)) for path in paths]


def _text(path: str) -> str:
  """A path as text that can be stored: bytes that are no text are escaped."""
  return os.fsencode(pathlib.PurePath(path).as_posix()).decode("utf-8", "backslashreplace")


def _found(pattern: str) -> list[pathlib.Path]:
  folder = pathlib.Path(pattern)
  if pattern and "\0" not in pattern and folder.is_dir():
    records = sorted(path for path in folder.iterdir() if RECORD_FILE.search(path.name))
    if records:
      return records
  return find_inputs(pattern)


def _listed(path: str) -> list[pathlib.Path]:
  """The paths in a text file, one a line; one that is written twice is one input."""
  lines = outside.read_text(path, remedy="name a list of paths, one a line").splitlines()
  written = dict.fromkeys(os.path.normpath(line.strip()) for line in lines if line.strip())
  paths = [pathlib.Path(line) for line in written]
  if not paths:
    raise InputError(f"The list {shown(path)} is empty; write one path a line.")
  return paths
