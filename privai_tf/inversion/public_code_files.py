"""Files of public codes: what they are called, where they may lie, what they hold."""

import dataclasses
import hashlib
import io
import json
from pathlib import Path

import numpy as np

from privai_tf.artifacts import PublicCodes
from privai_tf.errors import InputError
from privai_tf.inversion.initialization import decided, encoder_for
from privai_tf.inversion.shipped import beside_boundaries
from privai_tf.inversion.spec import LATER_FIELDS, InversionSpec
from privai_tf.runtime import outside
from privai_tf.runtime.files import shown

FOLDER = "public_codes"
_MOST_BYTES = 8 << 30  # Of a file of codes, unpacked.
# What does not change a code beyond rounding.
_NOT_PART = ("batch_size", "strategy", "jit", "steps_per_call", "recompute")
_PATHS = (
  "vgg16_weights",
  "lpips_weights",
)  # Which file it is does not count, but whether there is.
# Every direction that is kept has a curve to be fitted, and what its error leaves a linear probe
# reads: in W+ 69% of one attribute's sides from 24 directions and 256 codes, 51% from 12.
_CODES_A_DIRECTION, _FEWEST_TO_LIMIT = 32, 256


def served_path(generator, spec: InversionSpec, count: int | None = None) -> InversionSpec:
  """How photos are inverted where codes shall be at hand, and the settings leave the search open.

  A search has codes of its own, which take as long to make as a thousand photos. So where only codes
  of the encoder alone are shipped, a release takes that path, on every machine, whatever its cache holds.

  Args:
    generator: a `privai_tf.Generator`.
    spec: the settings, their latent space decided.
    count: how many codes are needed at least; None: any; 0: none, and any path will do.

  Returns:
    `spec`; without a search if no search is asked for, there is an encoder, and codes are shipped for
    it alone.

  Raises:
    ConfigurationError, CheckpointError: if the encoder cannot be used.
  """
  if spec.steps is not None or count == 0 or decided(spec, generator).init != "encoder":
    return spec
  alone = dataclasses.replace(spec, steps=0)
  # The second is not read where the first is there.
  own = _ships(generator, spec, count or 1)
  return alone if not own and _ships(generator, alone, count or 1) else spec


def portable(spec: InversionSpec) -> InversionSpec:
  """How a release path searches: in float32 where nobody chose, whatever the machine is fast at.

  A bfloat16 search ends at other codes, further off than what a guarantee takes for rounding: it is
  another path, with public codes of its own. Which one it is must not hang on the machine.

  Args:
    spec: the settings.
  """
  return dataclasses.replace(spec, precision="float32") if spec.precision == "auto" else spec


def _ships(generator, spec: InversionSpec, count: int) -> bool:
  spec = decided(spec, generator)
  key, words = key_of(generator, spec), words_of(generator, spec)
  paths = shipped_files(generator, file_name(generator, key, None))
  found = [read_codes(path, key, spec.latent_space, words) for path in paths]
  return any(codes is not None and len(codes.codes) >= count for codes in found)


def shipped_files(generator, name: str) -> list[Path]:
  beside = [] if generator.folder is None else [generator.folder / FOLDER]
  return [folder / name for folder in [*beside, *beside_boundaries(generator, FOLDER)]]


def file_name(generator, key: str, seed: int | None) -> str:
  """The name of a file of public codes.

  Args:
    generator: a `privai_tf.Generator`, whose fingerprint begins the name.
    key: of `key_of`.
    seed: of the pictures, >= 0; None: those that releases are fitted on.
  """
  name = f"{generator.fingerprint[:16]}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
  return name + (".npz" if seed is None else f"-seed{seed}.npz")


def fitting(wanted: int, count: int) -> int:
  """As many directions as pictures need, if there are codes enough to fit them.

  Args:
    wanted: directions that pictures need, >= 1.
    count: codes that they are fitted on, >= 1.
  """
  return wanted if count < _FEWEST_TO_LIMIT else min(wanted, count // _CODES_A_DIRECTION)


def key_of(generator, spec: InversionSpec) -> str:
  """Everything that decides a code, as text."""
  values = {k: v for k, v in dataclasses.asdict(spec).items() if k not in _NOT_PART}
  values |= {name: values[name] is not None for name in _PATHS}
  if portable(spec).precision == "float32":
    values["precision"] = "auto"  # As it was called before there was anything else.
  for name, without in LATER_FIELDS.items():
    if values[name] == without:
      del values[name]
  del values["encoder"]  # Which file it is does not count, but what it holds.
  encoder = encoder_for(spec, generator) if spec.init == "encoder" else None
  if encoder is not None:
    values["encoder"] = encoder.digest
  if not spec.steps:  # No search: only the start counts.
    values = {name: values[name] for name in ("latent_space", "init", "encoder", "steps")}
  return json.dumps({"generator": generator.fingerprint, **values}, sort_keys=True)


def words_of(generator, spec: InversionSpec) -> str:
  digest = hashlib.sha256(key_of(generator, spec).encode()).hexdigest()[:12]
  steps = f"{spec.steps} steps" if spec.steps else "no search"
  return f"{spec.latent_space} from {spec.init}, {steps}, settings {digest}"


def packed(public: PublicCodes, key: str, exact: bool) -> bytes:
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


def read_codes(path: Path, key: str, latent_space: str, words: str) -> PublicCodes | None:
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
      fitting(int(arrays["directions"]), len(codes)),
    )
