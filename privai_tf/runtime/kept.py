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


def key_of(generator, *settings) -> str | None:
  """The key of what a generator's weights and some settings decide.

  Args:
    generator: a `privai_tf.Generator`.
    *settings: numbers and words.

  Returns:
    The key; None of a generator without a fingerprint: it is not one of files, but made for a test.
  """
  fingerprint = getattr(generator, "fingerprint", None)
  return " ".join(map(str, (fingerprint, *settings))) if fingerprint else None


def kept_arrays(
  folder: str,
  key: str | None,
  make: Callable[[], Arrays],
  sound: Callable[[Arrays], bool],
  *names: str,
) -> Arrays:
  """What an earlier process made of the same key, or made now and kept for the next.

  Args:
    folder: of the cache, one for each kind of result.
    key: everything that decides the result, versions of its way of making included; None keeps
      nothing, and looks for nothing.
    make: makes the arrays, of these names.
    sound: whether arrays that were found are what `make` would make. Whatever a promise hangs on is
      checked here: anybody who can write to the cache decides what a file says.
    *names: of the arrays.

  Returns:
    The arrays. What is damaged or not sound is made again; what cannot be kept (a full disk, a
    home that cannot be written) is made by every process.
  """
  if key is None:
    return make()
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
