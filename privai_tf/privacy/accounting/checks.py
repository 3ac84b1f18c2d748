"""Refusals for numbers that no accounting can use."""

import math

from privai_tf.errors import ConfigurationError


def check_epsilon(epsilon: float, allow_zero: bool = False) -> float:
  """Returns `epsilon` as a float; refuses NaN, infinite, negative and (unless allowed) zero.

  Args:
    epsilon: a number, or what `float` makes one of.
    allow_zero: whether 0 will do.

  Raises:
    ConfigurationError: naming the value and the range.
  """
  value = float(epsilon)
  if not math.isfinite(value) or value < 0 or (value == 0 and not allow_zero):
    kind = "finite and not negative" if allow_zero else "finite and positive"
    raise ConfigurationError(f"epsilon is {epsilon}: must be {kind}, for example 1.0")
  return value


def check_delta(delta: float, allow_zero: bool = True) -> float:
  """Returns `delta` as a float; refuses what is outside [0, 1) (or (0, 1)).

  Args:
    delta: a number, or what `float` makes one of.
    allow_zero: whether 0 will do.

  Raises:
    ConfigurationError: naming the value and the range.
  """
  value = float(delta)
  if not 0 <= value < 1 or (value == 0 and not allow_zero):
    interval = "[0, 1)" if allow_zero else "(0, 1)"
    raise ConfigurationError(f"delta is {delta}: must be in {interval}, for example 1e-5")
  return value


def check_positive(name: str, value: float) -> float:
  """Returns `value` as a float; refuses NaN, infinite, zero and negative.

  Args:
    name: of the value, for the message.
    value: a number, or what `float` makes one of.

  Raises:
    ConfigurationError: naming the value.
  """
  number = float(value)
  if not math.isfinite(number) or number <= 0:
    raise ConfigurationError(f"{name} is {value}: must be finite and positive")
  return number


def check_releases(releases: int) -> int:
  """Returns the number of releases; refuses less than one and fractions.

  Args:
    releases: a whole number of any type, such as 3 or 3.0.

  Raises:
    ConfigurationError: naming the number.
  """
  if int(releases) != releases or releases < 1:
    raise ConfigurationError(f"releases is {releases}: must be a whole number, at least 1")
  return int(releases)
