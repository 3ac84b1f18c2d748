"""Pixels of picture files: one square at a time, or all of them as one array on the disk."""

import concurrent.futures
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from privai_tf.errors import InputError
from privai_tf.faces.decoding import load_image
from privai_tf.faces.loading import center_square, resized
from privai_tf.runtime import outside
from privai_tf.runtime.files import make_folder, output_error, shown
from privai_tf.runtime.progress import ProgressCallback


def square_pixels(path: Path, resolution: int | None = None) -> np.ndarray:
  """The square in the middle of a picture, uint8 [S, S, 3], scaled to a resolution if one is given.

  Args:
    path: the picture's file.
    resolution: side of the result in pixels, at least 1; None: as large as the square is.

  Raises:
    InputError: if the file cannot be used.
    ConfigurationError: `resolution` is below 1.
  """
  square = center_square(load_image(path))
  return square if resolution is None else resized(square, resolution)


def read_pixels(
  paths: Sequence[Path],
  resolution: int,
  store: Path,
  progress: ProgressCallback | None = None,
) -> np.ndarray:
  """Reads pictures into one array on the disk, which may be larger than the memory.

  Args:
    paths: the files.
    resolution: side R.
    store: the `.npy` file; one that is there already is taken as it is.
    progress: called with (read, all).

  Returns:
    uint8 [N, R, R, 3], mapped from the file.

  Raises:
    InputError: if a file cannot be used.
    OutputError: if there is no room.
  """
  shape = (len(paths), resolution, resolution, 3)
  if not store.is_file():
    make_folder(store.parent)
    partial = store.with_name("." + store.name)
    try:
      array = np.lib.format.open_memmap(partial, "w+", np.uint8, shape)
      _fill(array, paths, resolution, progress)
      array.flush()
      del array
      os.replace(partial, store)
    except OSError as error:
      if isinstance(error, InputError):
        raise
      raise output_error(store, error) from error
  array = outside.read_array(store, remedy="delete it")
  if array.shape != shape:
    raise InputError(f"{shown(store)} has shape {array.shape}, not {shape}; delete it.")
  return array


def _fill(
  array: np.ndarray, paths: Sequence[Path], resolution: int, progress: ProgressCallback | None
) -> None:
  # Pillow decodes outside of Python's lock.
  with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    for start in range(0, len(paths), 256):
      part = paths[start : start + 256]
      for row, pixels in enumerate(pool.map(lambda p: square_pixels(p, resolution), part), start):
        array[row] = pixels
      if progress is not None:
        progress(start + len(part), len(paths))
