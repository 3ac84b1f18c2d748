"""Reads arrays of codes and scores where no generator is at hand to check them against."""

import os

import numpy as np

from privai_tf.errors import InputError, LatentSpaceError
from privai_tf.runtime import outside
from privai_tf.runtime.files import shown


def read_scores(path: str | os.PathLike) -> np.ndarray:
  """Reads scores [n] or [n, 1] from an `.npy` file.

  Raises:
    InputError: if it cannot be read or holds something else than real numbers.
  """
  return np.array(_read(path, "scores"))


def read_codes(path: str | os.PathLike, latent_space: str) -> np.ndarray:
  """Reads codes for the training of a boundary.

  Args:
    path: `.npy` of [n, d].
    latent_space: "W" or "Z": what they are codes of, for messages.

  Returns:
    float32 [n, d], finite.

  Raises:
    InputError: if it cannot be read or holds something else than finite real numbers.
    LatentSpaceError: if the shape is that of W+ codes, or of no codes at all.
  """
  codes = _read(path, "latent codes")
  if codes.ndim == 3:
    raise LatentSpaceError(
      f"{shown(path)} has shape {list(codes.shape)}, as W+ codes have; boundaries are trained on "
      f"{latent_space} codes [n, d] (W+ codes are edited with W's boundary)."
    )
  if codes.ndim != 2 or 0 in codes.shape:
    raise LatentSpaceError(
      f"{shown(path)} has shape {list(codes.shape)}; {latent_space} codes have shape [n, d]."
    )
  # Overflow to infinity is what the next check looks for.
  with np.errstate(over="ignore"):
    codes = np.array(codes, np.float32)
  broken = np.flatnonzero(~np.isfinite(codes).all(axis=1))
  if len(broken):
    raise InputError(
      f"{shown(path)}: code {broken[0]} is not finite ({len(broken)} such in all); make it anew."
    )
  return codes


def _read(path: str | os.PathLike, what: str) -> np.ndarray:
  """Maps the array into memory: a header that promises more than the file holds is an error then."""
  return outside.read_array(path, remedy=f"name an .npy file of {what}, as numpy.save writes it")
