"""Codes that were stored coarsely are refused: their digits tell the coordinate.

A code rounded to half precision, or to four decimals, lies on a lattice. Its rest, `w - mu - m(a)`,
lies on the lattice moved by `m(a)`: whoever tries all `a` finds the one that moves it back. The noise
of the rest hides that only where it covers the spacing.
"""

import math

import numpy as np

from privai_tf.errors import InputError

_MOST_DECIMALS = 9
_FEWEST_NUMBERS = 8  # Fewer could lie on a lattice by chance.


def refuse_coarse_codes(latents: np.ndarray, rho: float) -> None:
  """Refuses codes that were rounded by more than the noise of the rest covers.

  Args:
    latents: float64 [n, ...].
    rho: what neighbours may differ by, latent units, > 0: rounding that moves a code by no more is
      covered.

  Raises:
    InputError: naming the first such code and the remedy.
  """
  rows = latents.reshape(len(latents), -1)
  if rows.shape[1] < _FEWEST_NUMBERS:
    return
  # Rounding to a spacing s moves a code by up to s / 2 a number.
  spacing = 2 * rho / math.sqrt(rows.shape[1])
  with np.errstate(over="ignore"):  # Beyond half precision: not equal.
    half = rows == rows.astype(np.float16)
  _refuse(half.all(axis=1), "half precision")
  for decimals in range(_MOST_DECIMALS):
    step = 10.0**-decimals
    if step <= spacing:
      return
    steps = rows / step
    # A decimal in float32 is off by up to 2^-24 of itself.
    tolerance = np.abs(steps) * 2.0**-23 + 1e-9
    if float(np.median(tolerance)) > 0.1:
      return  # float32 has no more digits than that.
    on_lattice = np.abs(steps - np.rint(steps)) <= tolerance
    _refuse(on_lattice.all(axis=1), f"{decimals} decimals")


def _refuse(coarse: np.ndarray, what: str) -> None:
  found = np.flatnonzero(coarse)
  if found.size:
    raise InputError(
      f"Latent {found[0]} is rounded to {what} ({found.size} such in all), and its digits would tell "
      "what is hidden; give the codes as the inversion made them, in float32."
    )
