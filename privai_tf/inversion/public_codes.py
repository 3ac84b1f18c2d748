"""Codes that a release path makes of generated pictures: public, made once, and kept.

What a release takes out of a code is fitted on them (`privai_tf.privacy.split`), and what its rest
still tells is measured on them. They are found beside the checkpoint (the demo models ship theirs),
in the user's cache, or made, which takes as long as inverting so many photos; a run that is
interrupted goes on where it was.
"""

import dataclasses
import hashlib
import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from privai_tf.artifacts import PublicCodes
from privai_tf.errors import InputError
from privai_tf.inversion.initialization import decided, encoder_for
from privai_tf.inversion.optimizer import find_codes
from privai_tf.inversion.spec import InversionSpec
from privai_tf.runtime import outside
from privai_tf.runtime.cache import cache_base
from privai_tf.runtime.files import make_folder, shown, write_bytes

FOLDER = "public_codes"
_FROM_ENCODER, _FROM_SEARCH = 4096, 1024
_SEED = 20_001
_MOST_BYTES = 8 << 30  # Of a file of codes, unpacked.
_CHUNK = 64
# What does not change a code beyond rounding.
_NOT_PART = ("batch_size", "strategy", "jit", "steps_per_call", "recompute")
_PATHS = (
  "vgg16_weights",
  "lpips_weights",
)  # Which file it is does not count, but whether there is.
_COMPARED = 16
# Every direction that is kept has a curve to be fitted, and what its error leaves a linear probe
# reads: in W+ 69% of one attribute's sides from 24 directions and 256 codes, 51% from 12.
_CODES_A_DIRECTION, _FEWEST_TO_LIMIT = 32, 256
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
  key = _key(generator, spec)
  name = f"{generator.fingerprint[:16]}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
  name += ".npz" if seed is None else f"-seed{seed}.npz"
  words = _words(spec, hashlib.sha256(key.encode()).hexdigest()[:12])
  cache = Path(folder) if folder is not None else cache_folder()
  beside = [] if generator.folder is None else [generator.folder / FOLDER / name]
  for path in [*beside, cache / name]:
    found = _read(path, key, spec.latent_space, words)
    if found is not None and len(found.codes) >= (count or 1):
      return found
  count = count or (_FROM_SEARCH if spec.steps else _FROM_ENCODER)
  part = make_folder(cache) / f"{name}.part"
  codes = _made(generator, spec, count, _SEED if seed is None else seed, part, progress)
  made = PublicCodes(
    codes,
    words,
    spec.latent_space,
    visible_directions(generator, codes, spec.latent_space, _fitting(codes.size, len(codes))),
  )
  write_bytes(cache / name, _packed(made, key, exact=seed is not None))
  part.unlink(missing_ok=True)
  return _read(cache / name, key, spec.latent_space, words)


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


def visible_directions(
  generator, codes: np.ndarray, latent_space: str, most: int | None = None
) -> int:
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


def _fitting(wanted: int, count: int) -> int:
  """As many directions as pictures need, if there are codes enough to fit them."""
  return wanted if count < _FEWEST_TO_LIMIT else min(wanted, count // _CODES_A_DIRECTION)


def _numbers(largest: int) -> Iterator[int]:
  power = 1
  while power < largest:
    yield power
    if power > 1 and 3 * power // 2 < largest:
      yield 3 * power // 2
    power *= 2


def _key(generator, spec: InversionSpec) -> str:
  """Everything that decides a code, as text."""
  values = {k: v for k, v in dataclasses.asdict(spec).items() if k not in _NOT_PART}
  values |= {name: values[name] is not None for name in _PATHS}
  del values["encoder"]  # Which file it is does not count, but what it holds.
  encoder = encoder_for(spec, generator) if spec.init == "encoder" else None
  if encoder is not None:
    values["encoder"] = encoder.digest
  if not spec.steps:  # No search: only the start counts.
    values = {name: values[name] for name in ("latent_space", "init", "encoder", "steps")}
  return json.dumps({"generator": generator.fingerprint, **values}, sort_keys=True)


def _words(spec: InversionSpec, digest: str) -> str:
  steps = f"{spec.steps} steps" if spec.steps else "no search"
  return f"{spec.latent_space} from {spec.init}, {steps}, settings {digest}"


def _made(generator, spec, count, seed, part: Path, progress) -> np.ndarray:
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


def _packed(public: PublicCodes, key: str, exact: bool) -> bytes:
  """An `.npz`: codes less their mean as float16 of unit scale; public, so their rounding is harmless.

  Exact, as they are: whoever measures leaks must see the digits that a photo's code has.
  """
  mean, scale = np.zeros(public.codes.shape[1:]), 1.0
  if not exact:
    mean = public.codes.mean(axis=0, dtype=np.float64)
    scale = float(np.abs(public.codes - mean).max()) or 1.0
  centred = public.codes - mean
  buffer = io.BytesIO()
  np.savez_compressed(
    buffer,
    mean=mean,
    scale=scale,
    codes=(centred / scale).astype(np.float32 if exact else np.float16),
    directions=public.directions,
    key=np.array(key),
  )
  return buffer.getvalue()


def _read(path: Path, key: str, latent_space: str, words: str) -> PublicCodes | None:
  if not outside.exists(path):
    return None
  damaged = InputError(f"{shown(path)} holds no public codes (damaged?); remove it.")
  with outside.damage_as(damaged):
    try:
      arrays = outside.read_arrays(path, most=_MOST_BYTES)
    except InputError as error:
      raise damaged from error
    if str(arrays["key"]) != key:
      return None
    codes = arrays["mean"] + arrays["codes"].astype(np.float64) * float(arrays["scale"])
    return PublicCodes(
      codes.astype(np.float32),
      words,
      latent_space,
      _fitting(int(arrays["directions"]), len(codes)),
    )
