"""Folders that are made beside their place and renamed into it; those of killed processes go."""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from privai_tf.runtime.files import TEMPORARY, is_abandoned, lock


@contextlib.contextmanager
def temporary_folder(parent: Path) -> Iterator[Path]:
  """A hidden folder for the block, which may rename it into its place; else nothing of it is left.

  Those that killed processes left there are removed first: they may hold gigabytes.

  Args:
    parent: where; on the same file system as the final place.
  """
  remove_abandoned(parent)
  folder = parent / f"{TEMPORARY}{secrets.token_hex(8)}"
  folder.mkdir()
  descriptor = None
  try:
    with contextlib.suppress(OSError):  # Windows opens no folders.
      descriptor = os.open(folder, os.O_RDONLY)
      lock(descriptor)
    yield folder
  finally:
    if descriptor is not None:
      os.close(descriptor)
    shutil.rmtree(folder, ignore_errors=True)


def remove_abandoned(parent: Path) -> None:
  """Removes hidden folders that nobody is writing to any more."""
  with contextlib.suppress(OSError), os.scandir(parent) as entries:
    for entry in entries:
      hidden = entry.name.startswith(TEMPORARY) and entry.is_dir(follow_symlinks=False)
      if hidden and is_abandoned(entry.path):
        shutil.rmtree(entry.path, ignore_errors=True)


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
  """Waits for other processes and threads in the same block; where there are no locks, does not."""
  descriptor = None
  try:
    with contextlib.suppress(OSError):
      descriptor = os.open(folder, os.O_RDONLY)
      lock(descriptor)
    yield
  finally:
    if descriptor is not None:
      os.close(descriptor)
