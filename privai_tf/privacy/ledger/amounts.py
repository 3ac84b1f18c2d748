"""Exact budget arithmetic: whole numbers of 1e-30, charges rounded up and budgets down.

A double such as 0.1 stands for the decimal that is printed for it, here as in every statement of a
release: ten releases of 0.1 fit a budget of 1 and an eleventh does not.
"""

import decimal
import fractions
import math

from privai_tf.errors import ConfigurationError

_UNITS = 10**30
_LARGEST_EXPONENT = 400  # Of ten; what a double holds, and more.

Amount = float | int | str | decimal.Decimal | fractions.Fraction


def exact(value: Amount) -> fractions.Fraction:
  """The number that `value` is printed as, without rounding.

  Args:
    value: a double counts as its shortest decimal (`repr`), text as it reads ("0.1", "1/3").

  Raises:
    ConfigurationError: for NaN, infinity, or text that is no number.
  """
  if isinstance(value, fractions.Fraction):
    return value
  if isinstance(value, str | decimal.Decimal | int):
    try:
      if not isinstance(value, int) and "/" not in str(value):
        # Before it becomes an integer of as many digits as its exponent says.
        value = decimal.Decimal(value)
        if value.is_finite() and value and abs(value.adjusted()) > _LARGEST_EXPONENT:
          raise OverflowError
      return fractions.Fraction(value)
    except (ArithmeticError, ValueError) as error:
      raise ConfigurationError(f"'{value}' is not a finite number") from error
  number = float(value)
  if not math.isfinite(number):
    raise ConfigurationError(f"{value} is not a finite number")
  return fractions.Fraction(repr(number))


def units_up(value: Amount) -> int:
  """`value` in units, rounded up: what a release costs.

  Args:
    value: see `exact`.

  Returns:
    Units of 1e-30.

  Raises:
    ConfigurationError: if it is no finite number.
  """
  return math.ceil(exact(value) * _UNITS)


def units_down(value: Amount) -> int:
  """`value` in units, rounded down: what a budget grants.

  Args:
    value: see `exact`.

  Returns:
    Units of 1e-30.

  Raises:
    ConfigurationError: if it is no finite number.
  """
  return math.floor(exact(value) * _UNITS)


def number_down(units: int) -> float:
  """The largest double whose printed form is not above `units`: what is left.

  Args:
    units: of 1e-30, >= 0.
  """
  value = units / _UNITS
  while units_up(value) > units:
    value = math.nextafter(value, -math.inf)
  return value


def number_up(units: int) -> float:
  """The least double whose printed form is not below `units`: what is spent.

  Args:
    units: of 1e-30, >= 0.
  """
  value = units / _UNITS
  while units_down(value) < units:
    value = math.nextafter(value, math.inf)
  return value


def text(units: int) -> str:
  """`units` as a plain decimal, exact.

  Args:
    units: of 1e-30, >= 0.

  Returns:
    Such as "0.1", with at most 30 decimals.
  """
  whole, part = divmod(units, _UNITS)
  return f"{whole}.{part:030d}".rstrip("0").rstrip(".")
