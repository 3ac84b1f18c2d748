"""How long a search may still take, for who waits for it."""

import time


class Estimate:
  """Of one search, from its beginning on.

  The first steps are those that wait for what is compiled: the pace is that of those after them.

  Args:
    usual: seconds that such a search takes as a rule; counts until a pace is known.
  """

  def __init__(self, usual: float):
    self._usual = self._left = usual
    self._told = time.monotonic()
    self._done = 0
    self._first: tuple[int, float] | None = None

  def left(self, done: int, total: int) -> float:
    """Seconds, at least 0.

    Args:
      done, total: steps, as they were told last.
    """
    now = time.monotonic()
    if done > self._done:
      self._done, self._told = done, now
      if self._first is None:
        self._first = done, now
        self._left = self._usual * (1 - done / total)
      else:
        steps, began = self._first
        self._left = (now - began) / (done - steps) * (total - done)
    return max(0.0, self._left - (now - self._told))


def duration(seconds: float) -> str:
  """In words, rounded up: so many tens of seconds, or minutes.

  Args:
    seconds: at least 0.
  """
  tens = 10 * -int(-seconds // 10)
  if tens > 120:
    return f"about {-int(-seconds // 60)} minutes left"
  return f"about {tens} s left" if tens else "a moment more"
