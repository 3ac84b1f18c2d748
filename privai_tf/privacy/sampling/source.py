"""Random 64-bit words from the operating system, a few thousand at a time."""

import os

import numpy as np

_FIRST_BLOCK = 64
_LARGEST_BLOCK = 1 << 15


class SystemSource:
  """Words from `os.urandom`, each handed out once.

  Make one for each release and drop it: a buffer that outlived its release could be copied by
  `fork`, and two processes would then draw the same noise.
  """

  def __init__(self):
    self._block = np.zeros(0, np.uint64)
    self._used = 0
    self._size = _FIRST_BLOCK

  def words(self, count: int) -> np.ndarray:
    """Independent, uniform words.

    Args:
      count: how many, >= 0.

    Returns:
      uint64 [count].
    """
    left = len(self._block) - self._used
    if count > left:
      rest = self._block[self._used :]
      fresh = max(count - left, self._size)
      self._size = min(2 * self._size, _LARGEST_BLOCK)
      self._block = np.concatenate([rest, np.frombuffer(os.urandom(8 * fresh), np.uint64)])
      self._used = 0
    words = self._block[self._used : self._used + count]
    self._used += count
    return words
