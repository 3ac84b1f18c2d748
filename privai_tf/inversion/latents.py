"""Latent codes from files, checked before anything is computed with them."""

import os

import numpy as np

from privai_tf.errors import InputError, LatentSpaceError
from privai_tf.inversion.code_record import require_stated_space
from privai_tf.runtime import outside
from privai_tf.runtime.files import shown
from privai_tf.shapes import Codes

_MAGIC = b"\x93NUMPY"


def load_latents(path: str | os.PathLike, generator, latent_space: str) -> Codes:
  """Reads codes from an `.npy` file.

  Args:
    path: the file, holding [n, d] for W and Z, [n, L, d] or, for one face, [L, d] for W+. The space
      is never guessed.
    generator: the `privai_tf.Generator` they are for: its L and d must fit.
    latent_space: "Z", "W" or "W+".

  Returns:
    float32, finite, n at least 1.

  Raises:
    InputError: if the file cannot be read, or holds something else than finite real numbers.
    LatentSpaceError: if the generator lacks the space, the shape is that of another one, or the
      record beside the file says that it is of another space or checkpoint.
  """
  wanted = generator.code_shape(latent_space)
  stated = require_stated_space(path, latent_space, generator)
  codes = _read(path)
  if codes.shape == wanted and latent_space == "W+":
    codes = codes[np.newaxis]  # One face as encoders save it.
  if latent_space == "W" and not stated:
    _require_no_layers(codes, generator, path)
  if codes.ndim != 1 + len(wanted) or codes.shape[1:] != wanted:
    shape = ", ".join(["n", *map(str, wanted)])
    raise LatentSpaceError(
      f"{shown(path)} has shape {list(codes.shape)}; {latent_space} of this generator needs "
      f"[{shape}]. Name the latent space, or the checkpoint, that the codes are from."
    )
  if len(codes) == 0:
    raise InputError(f"{shown(path)} holds no codes; give at least one.")
  # Overflow to infinity is what the next check looks for.
  with np.errstate(over="ignore"):
    result = np.array(codes, np.float32)
  broken = np.flatnonzero(~np.isfinite(result.reshape(len(result), -1)).all(axis=1))
  if len(broken):
    raise InputError(
      f"{shown(path)}: code {broken[0]} is not finite ({len(broken)} such in all); make it anew."
    )
  return result


def _require_no_layers(codes: np.ndarray, generator, path: str | os.PathLike) -> None:
  """Refuses what may be one face in W+: released as several faces in W, it would be paid so often."""
  layered = "W+" in generator.latent_spaces and codes.shape == generator.code_shape("W+")
  if layered and len(codes) > 1:
    raise LatentSpaceError(
      f"{shown(path)} has shape {list(codes.shape)}: one face in W+ (then use --latent_space=W+), or "
      f"{len(codes)} faces in W (then save them in two files)."
    )


def _read(path: str | os.PathLike) -> np.ndarray:
  """Maps the array into memory: a header that promises more than the file holds is an error then."""
  codes = outside.read_array(
    path, remedy="name an .npy file of latent codes, as numpy.save writes it"
  )
  if codes.dtype.kind not in "fiu":
    raise InputError(f"{shown(path)} holds {codes.dtype}; latent codes are real numbers.")
  return codes
