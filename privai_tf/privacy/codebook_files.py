"""Where the codewords of large codebooks lie, kept in the user's cache: public, and made again if lost."""

import hashlib

import numpy as np

from privai_tf.privacy.codebook import Codebook
from privai_tf.runtime.kept import Arrays, kept_arrays, key_of

FOLDER = "codebooks"
# Smaller ones are made as fast as they are read, larger files are not worth their room.
_LEAST_CODES, _MOST_NUMBERS = 1 << 15, 1 << 26


def stored_numbers(codebook: Codebook, mean: np.ndarray, axes: np.ndarray) -> np.ndarray:
  """`codebook.numbers`, read where an earlier process kept it.

  Nothing that a release promises hangs on what the file says: any table of numbers would do.

  Args:
    codebook: large ones of a generator with a fingerprint are kept, others made.
    mean: float64 [d], as for `Codebook.numbers`.
    axes: float64 [d, k].

  Returns:
    [size, k], as `Codebook.numbers` makes them.
  """
  numbers = codebook.size * axes.shape[1]
  mapped = codebook.latent_space != "Z"
  if not mapped or codebook.size < _LEAST_CODES or numbers > _MOST_NUMBERS:
    return codebook.numbers(mean, axes)
  digest = hashlib.sha256(
    np.ascontiguousarray(mean).tobytes() + np.ascontiguousarray(axes).tobytes()
  )
  book = (codebook.latent_space, codebook.size, codebook.seed, codebook.stream)

  def sound(found: Arrays) -> bool:
    kept = found["numbers"]
    shape = (codebook.size, axes.shape[1])
    return kept.shape == shape and kept.dtype == np.float32 and bool(np.isfinite(kept).all())

  return kept_arrays(
    FOLDER,
    key_of(codebook.generator, book, digest.hexdigest()),
    lambda: {"numbers": codebook.numbers(mean, axes)},
    sound,
    "numbers",
  )["numbers"]
