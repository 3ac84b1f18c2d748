"""Codes that a release path makes of generated pictures: public, made once, and kept.

What a release takes out of a code is fitted on them (`privai_tf.privacy.split`), and what its rest
still tells is measured on them. They are found beside the checkpoint (the demo models ship theirs),
in the user's cache, or made, which takes as long as inverting so many photos; a run that is
interrupted goes on where it was.
"""

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from privai_tf.artifacts import PublicCodes
from privai_tf.errors import InputError
from privai_tf.inversion.initialization import decided
from privai_tf.inversion.optimizer import find_codes
from privai_tf.inversion.public_code_files import (
  FOLDER,
  file_name,
  fitting,
  key_of,
  packed,
  portable,
  read_codes,
  shipped_files,
  words_of,
)
from privai_tf.inversion.spec import InversionSpec
from privai_tf.runtime import outside
from privai_tf.runtime.cache import cache_base
from privai_tf.runtime.files import make_folder, write_bytes
from privai_tf.shapes import Codes

_FROM_ENCODER, _FROM_SEARCH = 4096, 1024
_SEED = 20_001
_CHUNK = 64
_COMPARED = 16
_GREY_LEVEL = 2 / 255


def public_codes(
  generator,
  spec: InversionSpec,
  *,
  count: int | None = None,
  seed: int | None = None,
  folder: str | os.PathLike | None = None,
  progress: Callable[[int, int], None] | None = None,
) -> PublicCodes:
  """The public codes of a release path.

  Args:
    generator: a `privai_tf.Generator`.
    spec: how photos are inverted.
    count: how many to make where there are none, at least 1; None: 4,096 of an encoder alone, 1,024
      of a search.
    seed: of other pictures than those that releases are fitted on, for who measures them; None:
      those themselves. At least 2^30, so that the pictures are others.
    folder: where they are kept; None: the user's cache.
    progress: called as `progress(done, total)`.

  Returns:
    The codes of `spec.latent_space`; the first file that is found counts, however many it holds,
    unless `count` asks for more.

  Raises:
    ConfigurationError, CheckpointError: if the path cannot be used.
    OutputError: if the cache cannot be written.
  """
  spec = decided(spec, generator)
  key, words = key_of(generator, spec), words_of(generator, spec)
  name = file_name(generator, key, seed)
  cache = Path(folder) if folder is not None else cache_folder()
  for path in [*shipped_files(generator, name), cache / name]:
    found = read_codes(path, key, spec.latent_space, words)
    if found is not None and len(found.codes) >= (count or 1):
      return found
  count = count or (_FROM_SEARCH if spec.steps else _FROM_ENCODER)
  part = make_folder(cache) / f"{name}.part"
  codes = _made(generator, spec, count, _SEED if seed is None else seed, part, progress)
  made = PublicCodes(
    codes,
    words,
    spec.latent_space,
    visible_directions(generator, codes, spec.latent_space, fitting(codes.size, len(codes))),
  )
  write_bytes(cache / name, packed(made, key, exact=seed is not None))
  part.unlink(missing_ok=True)
  return read_codes(cache / name, key, spec.latent_space, words)


def cache_folder() -> Path:
  """Where codes are kept: `public_codes` in the user's cache."""
  return cache_base() / FOLDER


def public_pictures(generator, rows: np.ndarray, seed: int) -> np.ndarray:
  """The pictures of which `public_codes` makes codes.

  Args:
    generator: a `privai_tf.Generator`.
    rows: int [m], which codes.
    seed: that `public_codes` was given.

  Returns:
    float32 [m, R, R, C] in [-1, 1], of 256 levels.
  """
  rows, side = np.asarray(rows), generator.resolution
  images = np.empty((len(rows), side, side, generator.num_channels), np.float32)
  for chunk in np.unique(rows // _CHUNK):
    own = rows // _CHUNK == chunk
    within = rows[own] - chunk * _CHUNK
    images[own] = _pictures(generator, int(within.max()) + 1, seed + int(chunk) * _CHUNK)[within]
  return images


def visible_directions(generator, codes: Codes, latent_space: str, most: int | None = None) -> int:
  """How many principal directions of codes a picture needs.

  Args:
    generator: a `privai_tf.Generator`.
    codes: float32 [n, d] or [n, L, d].
    latent_space: of the codes.
    most: more are not asked for; None: as many as there are. Each number costs as many pictures as
      are compared.

  Returns:
    The least number (of 1, 2, 3, 4, 6, 8, 12, 16, ...) with which the pictures of some codes change
    by at most one grey level on average; `most`, if that is no more.
  """
  flat = codes.reshape(len(codes), -1).astype(np.float64)
  mean = flat.mean(axis=0)
  _, _, directions = np.linalg.svd(flat[:2000] - mean, full_matrices=False)
  shown_codes = flat[:_COMPARED]

  def pictures(values: np.ndarray) -> np.ndarray:
    shaped = values.astype(np.float32).reshape(-1, *codes.shape[1:])
    return np.clip(np.asarray(generator.synthesize(shaped, latent_space=latent_space)), -1, 1)

  wanted = pictures(shown_codes)
  most = min(len(directions), len(directions) if most is None else most)
  for number in _numbers(most):
    kept = directions[:number]
    change = pictures(mean + (shown_codes - mean) @ kept.T @ kept) - wanted
    if float(np.abs(change).mean()) <= _GREY_LEVEL:
      return number
  return most


def _numbers(largest: int) -> Iterator[int]:
  power = 1
  while power < largest:
    yield power
    if power > 1 and 3 * power // 2 < largest:
      yield 3 * power // 2
    power *= 2


def _made(generator, spec, count, seed, part: Path, progress) -> np.ndarray:
  spec = portable(spec)
  done = _resumed(part, generator.code_shape(spec.latent_space))
  parts = [] if done is None else [done]
  while (number := sum(map(len, parts))) < count:
    if progress:
      progress(number, count)
    pictures = _pictures(generator, min(_CHUNK, count - number), seed + number)
    parts.append(find_codes(pictures, generator, spec))
    buffer = io.BytesIO()
    np.save(buffer, np.concatenate(parts), allow_pickle=False)
    write_bytes(part, buffer.getvalue())
  if progress:
    progress(count, count)
  return np.concatenate(parts)[:count]


def _resumed(part: Path, shape: tuple[int, ...]) -> np.ndarray | None:
  """What an interrupted run had made, whole chunks; None if there is nothing usable."""
  try:
    codes = np.array(outside.read_array(part))
  except InputError:
    return None
  whole = len(codes) // _CHUNK * _CHUNK if codes.ndim else 0
  return codes[:whole] if whole and codes.shape[1:] == shape else None


def _pictures(generator, count: int, seed: int) -> np.ndarray:
  """Generated pictures as photos are: 8-bit, in [-1, 1]."""
  z = generator.sample_z(count, seed=seed)
  space = "Z"
  if "W" in generator.latent_spaces:
    size = generator.config.label_size
    classes = np.random.default_rng(seed).integers(size, size=count) if size else None
    labels = None if classes is None else np.eye(size, dtype=np.float32)[classes]
    z, space = generator.map(z, labels), "W"
  images = np.asarray(generator.synthesize(z, latent_space=space))
  levels = np.clip(np.rint((images + 1) * 127.5), 0, 255)
  return (levels / 127.5 - 1).astype(np.float32)
