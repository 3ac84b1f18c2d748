"""Figures that stand after "at most": rounded up, by exact arithmetic, so that the words stay true."""

import decimal
import math
from fractions import Fraction

_DIGITS = 50
# From here on a factor is printed as a power of e.
_LARGE = 20


def number_up(value: float | decimal.Decimal, digits: int = 6) -> str:
  """A positive number with at most so many significant digits, rounded up.

  Args:
    value: counts as the decimal that is printed for it, as in the ledger.
    digits: significant ones.
  """
  exact = value if isinstance(value, decimal.Decimal) else decimal.Decimal(repr(float(value)))
  return f"{float(_significant(exact, digits)):g}"


def percent_up(share: float) -> str:
  """A share in percent, rounded up to one digit, or to as many as keep it apart from 100%.

  Args:
    share: in [0, 1]; taken for exact.
  """
  exact, digits = 100 * Fraction(share), 1
  while True:
    unit = 10**digits
    tenths = math.ceil(exact * unit)
    if tenths < 100 * unit or exact == 100:
      return f"{tenths // unit}.{tenths % unit:0{digits}d}%"
    digits += 1


def factor_up(epsilon: float) -> str:
  """e^epsilon with three significant digits, rounded up; a power of e where it is large.

  Args:
    epsilon: >= 0; taken for exact.

  Returns:
    Such as "2.72" for 1, or "e^25" from 20 on.
  """
  if epsilon >= _LARGE:
    return f"e^{number_up(epsilon)}"
  with decimal.localcontext() as context:
    context.prec = _DIGITS
    factor = _significant(decimal.Decimal(epsilon).exp(), 3)
  return f"{factor:g}" if factor < 1000 else f"{factor:,.0f}"


def _significant(value: decimal.Decimal, digits: int) -> decimal.Decimal:
  """Rounded up to so many significant digits."""
  with decimal.localcontext() as context:
    context.prec, context.rounding = digits, decimal.ROUND_CEILING
    return +value


def double_up(value: Fraction) -> float:
  """The nearest double that is not below."""
  number = float(value)
  return number if Fraction(number) >= value else math.nextafter(number, math.inf)


def double_down(value: Fraction) -> float:
  """The nearest double that is not above: a share that must not exceed its part."""
  number = float(value)
  return number if Fraction(number) <= value else math.nextafter(number, 0)
