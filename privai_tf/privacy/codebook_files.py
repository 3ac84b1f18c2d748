"""Where the codewords of large codebooks lie, kept in the user's cache: public, and made again if lost."""

import hashlib
import io
from pathlib import Path

import numpy as np

from privai_tf.errors import InputError, OutputError
from privai_tf.privacy.codebook import Codebook
from privai_tf.runtime import outside
from privai_tf.runtime.cache import cache_base
from privai_tf.runtime.files import make_folder, write_bytes

FOLDER = "codebooks"
# Smaller ones are made as fast as they are read, larger files are not worth their room.
_LEAST_CODES, _MOST_NUMBERS = 1 << 15, 1 << 26


def stored_numbers(codebook: Codebook, mean: np.ndarray, axes: np.ndarray) -> np.ndarray:
  """`codebook.numbers`, read where an earlier process kept it.

  Nothing that a release promises hangs on what the file says: any table of numbers would do.
  """
  fingerprint = getattr(codebook.generator, "fingerprint", None)
  numbers = codebook.size * axes.shape[1]
  mapped = codebook.latent_space != "Z"
  if not fingerprint or not mapped or codebook.size < _LEAST_CODES or numbers > _MOST_NUMBERS:
    return codebook.numbers(mean, axes)
  digest = hashlib.sha256(
    f"{fingerprint} {codebook.latent_space} {codebook.size} {codebook.seed} {codebook.stream}".encode()
  )
  digest.update(np.ascontiguousarray(mean).tobytes() + np.ascontiguousarray(axes).tobytes())
  path = cache_base() / FOLDER / f"{fingerprint[:16]}-{digest.hexdigest()[:16]}.npy"
  kept = _read(path, (codebook.size, axes.shape[1]))
  if kept is None:
    kept = codebook.numbers(mean, axes)
    _keep(path, kept)
  return kept


def _read(path: Path, shape: tuple[int, int]) -> np.ndarray | None:
  try:
    numbers = np.array(outside.read_array(path))
  except InputError:
    return None
  sound = numbers.shape == shape and numbers.dtype == np.float32 and np.isfinite(numbers).all()
  return numbers if sound else None


def _keep(path: Path, numbers: np.ndarray) -> None:
  buffer = io.BytesIO()
  np.save(buffer, numbers, allow_pickle=False)
  try:
    make_folder(path.parent)
    write_bytes(path, buffer.getvalue())
  except (OutputError, OSError):
    pass  # A full disk or a read-only home: the next process makes them again.
