"""The type of numbers that the large convolutions of generators multiply while they are traced.

Only what is multiplied: sums, statistics of normalization, noise, skips, the demodulation of kernels
and the convolutions to colours are float32 whatever it is.
"""

import contextlib
import contextvars
from collections.abc import Iterator

# Of a thread and not of a layer: others may trace the same network meanwhile.
_type = contextvars.ContextVar("multiplied", default="float32")


def multiplied() -> str:
  """The type now."""
  return _type.get()


@contextlib.contextmanager
def multiplying(precision: str) -> Iterator[None]:
  """Convolutions called (or traced) meanwhile, in this thread, multiply numbers of another type.

  Args:
    precision: "float32" or "bfloat16".
  """
  token = _type.set(precision)
  try:
    yield
  finally:
    _type.reset(token)
