"""How long a search may still take, for who waits for it."""

import time


class Estimate:
  """Of one search, from its beginning on.

  Args:
    usual: seconds that such a search takes as a rule; counts until its first steps are done.
  """

  def __init__(self, usual: float):
    self._began = self._told = time.monotonic()
    self._done, self._left = 0, usual

  def left(self, done: int, total: int) -> float:
    """Seconds, at least 0.

    Args:
      done, total: steps, as they were told last.
    """
    now = time.monotonic()
    if done > self._done:
      self._done, self._told = done, now
      self._left = (now - self._began) / done * (total - done)
    return max(0.0, self._left - (now - self._told))
