"""Binary digits of exp(-x) and of 1 / (1 + exp(x)), as many as asked for, certified."""

import decimal
import functools
from fractions import Fraction

_SPARE = 25  # Decimal digits beyond those asked for, so that one attempt is nearly always enough.
_GUARD = 4  # Of these, digits that no rounding reaches.


def exp_bounds(exponent: Fraction, digits: int) -> tuple[Fraction, Fraction]:
  """Bounds of exp(exponent), exponent <= 0, from correctly rounded decimal arithmetic.

  Args:
    exponent: exact.
    digits: significant decimal digits to compute with.
  """
  digits += len(str(exponent.denominator))
  with decimal.localcontext() as context:
    context.prec = digits
    value = Fraction((decimal.Decimal(exponent.numerator) / exponent.denominator).exp())
  # Two roundings of relative size 10^-digits, the first of them magnified by the exponent's size.
  margin = Fraction(2 + 2 * abs(int(exponent)), 10 ** (digits - 2))
  return value * (1 - margin), value * (1 + margin)


def exp_digits(x: Fraction, bits: int) -> int:
  """floor(2^bits exp(-x)).

  Args:
    x: > 0, exact.
    bits: how many binary digits, >= 1.
  """
  if x >= bits:  # exp(-x) < 2^-x
    return 0
  return _certified(x, bits, False)


def logistic_digits(x: Fraction, bits: int) -> int:
  """floor(2^bits / (1 + exp(x))).

  Args:
    x: >= 0, exact.
    bits: how many binary digits, >= 1.
  """
  if x >= bits:
    return 0
  return _certified(x, bits, True)


@functools.lru_cache(maxsize=4096)
def _certified(x: Fraction, bits: int, logistic: bool) -> int:
  if x == 0 and logistic:
    return 1 << (bits - 1)
  digits = bits * 302 // 1000 + _SPARE
  while True:
    with decimal.localcontext() as context:
      context.prec = digits
      value = (decimal.Decimal(-x.numerator) / x.denominator).exp()
      # Some ten roundings of relative size 10^-digits, that of the exponent magnified by its size.
      margin = decimal.Decimal(2 + int(x)).scaleb(_GUARD - digits)
      ends = value * (1 - margin), value * (1 + margin)
      if logistic:  # 1 / (1 + e^x) = y / (1 + y) with y = e^-x, which grows with y.
        ends = tuple(end / (1 + end) for end in ends)
      low, high = (int(end * (1 << bits)) for end in ends)
    if low == high:
      return low
    digits *= 2
