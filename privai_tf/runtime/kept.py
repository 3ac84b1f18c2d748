"""Public results that cost seconds and depend on no photo, kept in the user's cache between runs."""

import hashlib
import io
from collections.abc import Callable, Mapping

import numpy as np

from privai_tf.errors import InputError, OutputError
from privai_tf.runtime import outside
from privai_tf.runtime.cache import cache_base
from privai_tf.runtime.files import make_folder, write_bytes

Arrays = Mapping[str, np.ndarray]


def kept_arrays(
  folder: str, key: str, make: Callable[[], Arrays], sound: Callable[[Arrays], bool], *names: str
) -> Arrays:
  """What an earlier process made of the same key, or made now and kept for the next.

  Args:
    folder: of the cache, one for each kind of result.
    key: everything that decides the result, versions of its way of making included.
    make: makes the arrays, of these names.
    sound: whether arrays that were found are what `make` would make. Whatever a promise hangs on is
      checked here: anybody who can write to the cache decides what a file says.
    *names: of the arrays.

  Returns:
    The arrays. What is damaged or not sound is made again; what cannot be kept (a full disk, a
    home that cannot be written) is made by every process.
  """
  path = cache_base() / folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.npz"
  try:
    found = outside.read_arrays(path, names)
    if sound(found):
      return found
  except InputError:
    pass
  made = make()
  buffer = io.BytesIO()
  np.savez(buffer, **made)
  try:
    make_folder(path.parent)
    write_bytes(path, buffer.getvalue())
  except (OutputError, OSError):
    pass
  return made
