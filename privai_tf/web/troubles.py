"""What went wrong, in one line for who sits before the page: also what nobody expected."""

import contextlib
import sys
import traceback
from collections.abc import Iterator

from privai_tf.errors import PrivaiError
from privai_tf.serving.gateway.refusals import one_line


class ChargedError(PrivaiError):
  """The budget was charged, and no picture came of it."""


@contextlib.contextmanager
def charged() -> Iterator[None]:
  """For what follows a charge: whatever fails in the block, the budget has paid for it.

  Raises:
    ChargedError: with the reason.
  """
  try:
    yield
  except Exception as error:
    reason = one_line(explained(error)).rstrip(".")
    raise ChargedError(
      f"The budget was charged for this release, but there is no picture to show: {reason}."
    ) from error


def explained(error: Exception) -> PrivaiError:
  """What can be said of an error.

  Args:
    error: if it is a defect of ours its place goes to the log, without its words: they may hold
      something of a photo.
  """
  if isinstance(error, PrivaiError):
    return error
  name = type(error).__name__
  place = "".join(traceback.format_tb(error.__traceback__))
  print(f"{place}{name}", file=sys.stderr, flush=True)
  return PrivaiError(f"Something went wrong within the page ({name}; its log says where).")
