"""Folders of a model's versions: they appear whole, and never change."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf

from privai_tf.errors import OutputError
from privai_tf.runtime.files import output_error, shown
from privai_tf.runtime.folders import temporary_folder


def require_new(final: Path) -> None:
  """Refuses to write a version that is there already.

  Args:
    final: the version's folder.

  Raises:
    OutputError: there is something in its place.
  """
  if final.exists():
    raise OutputError(
      f"{shown(final)} exists, and a served version never changes: give a higher --version, or "
      "remove the folder."
    )


@contextlib.contextmanager
def new_version(final: Path) -> Iterator[Path]:
  """A folder beside its place, renamed into it at the end; servers skip names that are no numbers.

  Args:
    final: the version's folder, in an existing folder.

  Yields:
    Where to write. If the block raises, nothing is left.

  Raises:
    OutputError: if it cannot be written, or the version is there by now.
  """
  try:
    with temporary_folder(final.parent) as temporary:
      yield temporary
      _synchronize(temporary)
      require_new(final)
      # Another export of this version that was faster: a folder with files in it is not replaced.
      os.rename(temporary, final)
  except OSError as error:
    if isinstance(error, OutputError):
      raise
    raise output_error(final, error) from error
  except tf.errors.OpError as error:
    reason = " ".join(error.message.split())[:200].rstrip(".")
    raise OutputError(f"Cannot write {shown(final)}: {reason}.") from error


def _synchronize(folder: Path) -> None:
  """Files must be on the disk before the folder's new name is."""
  for path in folder.rglob("*"):
    if path.is_file():
      descriptor = os.open(path, os.O_RDONLY)
      try:
        os.fsync(descriptor)
      finally:
        os.close(descriptor)
