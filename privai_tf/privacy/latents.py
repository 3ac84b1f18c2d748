"""Latents are checked before anything is computed with them: a refused batch releases nothing."""

from typing import Any

import numpy as np

from privai_tf.errors import InputError, LatentSpaceError

# The largest number that a code may hold, public and the same for every code. Z codes are standard
# normal numbers, those of W lie within tens of their mean; a search leaves neither by a factor of a
# hundred. Beyond, float32 is coarser than the 2^-10 steps that still mean the same face: such a code's own
# rounding would tell more than a release allows for.
_LARGEST = {"Z": 1e3, "W": 1e4, "W+": 1e4}


def check_latents(latents: Any, code_shape: tuple[int, ...], latent_space: str) -> np.ndarray:
  """Latents as float64, or an error; nothing of a refused batch is released.

  Args:
    latents: what the caller gave.
    code_shape: shape of one code.
    latent_space: "Z", "W" or "W+", whose public bound holds.

  Returns:
    float64 [n, *code_shape].

  Raises:
    LatentSpaceError: for another shape.
    InputError: for no code at all, what is no number, NaN, infinity, or a number beyond the bound;
      names the first such code.
  """
  latents = np.asarray(latents)
  if latents.dtype.kind not in "fiu":
    raise InputError(f"The latents are {latents.dtype}; they must be real numbers.")
  if latents.shape[1:] != code_shape or latents.ndim != 1 + len(code_shape):
    wanted = ", ".join(["n", *map(str, code_shape)])
    raise LatentSpaceError(
      f"The latents have shape {list(latents.shape)} and {latent_space} of this generator needs "
      f"[{wanted}]; name the latent space that they are from."
    )
  if len(latents) == 0:
    raise InputError("There are no latents to release; give at least one.")
  latents = latents.astype(np.float64)
  broken = np.flatnonzero(~np.isfinite(latents.reshape(len(latents), -1)).all(axis=1))
  if broken.size:
    raise InputError(
      f"Latent {broken[0]} holds NaN or infinity ({broken.size} such in all): nothing was released; "
      "invert its photo again."
    )
  largest = _LARGEST[latent_space]
  far = np.flatnonzero((np.abs(latents) > largest).reshape(len(latents), -1).any(axis=1))
  if far.size:
    raise InputError(
      f"Latent {far[0]} holds a number beyond +-{largest:g} ({far.size} such in all), far outside what "
      f"{latent_space} holds: nothing was released; invert its photo again."
    )
  return latents
