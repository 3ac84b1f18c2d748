"""The files that a job's `--input` means, and by which keys they are known again."""

import glob
import os
import pathlib

from privai_tf.errors import InputError
from privai_tf.faces import find_inputs
from privai_tf.jobs.records import RECORD_FILE
from privai_tf.runtime import outside, stores
from privai_tf.runtime.files import shown
from privai_tf.runtime.stores import StorePath, is_url, place


def input_paths(pattern: str) -> list[pathlib.Path] | list[StorePath]:
  """The files of `--input`: a file, a folder or a glob of pictures or TFRecords, or `@FILE`.

  Raises:
    InputError: if nothing is found. What is in a list need not exist.
  """
  return _listed(pattern[1:]) if pattern.startswith("@") else _found(pattern)


def path_keys(pattern: str, paths: list[pathlib.Path | StorePath]) -> list[str]:
  """By what files are known again, whatever else is there: their places under the input's root.

  The root is a folder, a file's folder, or the part of a glob before its first wildcard; the paths of
  a list are taken as they are written.

  Args:
    pattern: `--input`.
    paths: what `input_paths` found for it.
  """
  if pattern.startswith("@"):
    return [_text(_normal(str(path))) for path in paths]
  if is_url(pattern):
    return _url_keys(pattern, paths)
  root = pathlib.Path(pattern)
  if not root.is_dir():
    root = root.parent
    while not os.path.lexists(pattern) and glob.has_magic(str(root)):
      root = root.parent
  return [_text(os.path.relpath(path, root)) for path in paths]


def _url_keys(pattern: str, paths: list[StorePath]) -> list[str]:
  root = place(pattern)
  if not root.is_dir():
    root = root.parent
    while glob.has_magic(root.url):
      root = root.parent
  return [path.url.removeprefix(f"{root}/") for path in paths]


def _normal(written: str) -> str:
  """A line of a list, so that two that mean the same are the same."""
  return place(written).url if is_url(written) else os.path.normpath(written)


def _text(path: str) -> str:
  """A path as text that can be stored: bytes that are no text are escaped."""
  return os.fsencode(pathlib.PurePath(path).as_posix()).decode("utf-8", "backslashreplace")


def _found(pattern: str) -> list[pathlib.Path] | list[StorePath]:
  if is_url(pattern):
    names = stores.names_in(place(pattern)) if not glob.has_magic(pattern) else []
    records = [place(pattern) / name for name in names if RECORD_FILE.search(name)]
    return records or find_inputs(pattern)
  folder = pathlib.Path(pattern)
  if pattern and "\0" not in pattern and folder.is_dir():
    records = sorted(path for path in folder.iterdir() if RECORD_FILE.search(path.name))
    if records:
      return records
  return find_inputs(pattern)


def _listed(path: str) -> list[pathlib.Path | StorePath]:
  """The paths in a text file, one a line; one that is written twice is one input."""
  lines = outside.read_text(place(path), remedy="name a list of paths, one a line").splitlines()
  written = dict.fromkeys(_normal(line.strip()) for line in lines if line.strip())
  paths = [place(line) for line in written]
  if not paths:
    raise InputError(f"The list {shown(path)} is empty; write one path a line.")
  return paths
