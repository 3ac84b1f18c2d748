"""How many requests are let in; the others are told to come again."""

import collections
import contextlib
from collections.abc import Iterator

from privai_tf.serving.gateway.refusals import Refusal, Unavailable


class Admission:
  """Places for requests that hold a body or wait for the model. For the event loop's thread only."""

  def __init__(self, most: int, most_per_caller: int, retry_after: int):
    """Args: places in all, places of one caller, seconds that the refused are told to wait."""
    self._most = most
    self._most_per_caller = most_per_caller
    self._retry_after = retry_after
    self._places: collections.Counter[str] = collections.Counter()

  @property
  def taken(self) -> int:
    """Places taken now."""
    return self._places.total()

  @contextlib.contextmanager
  def place(self, caller: str) -> Iterator[None]:
    """Holds one place for the block.

    Raises:
      Unavailable: if all are taken.
      Refusal: 429, if the caller has all of theirs.
    """
    if self._places[caller] >= self._most_per_caller:
      raise Refusal(
        429,
        f"{caller} has {self._most_per_caller} requests under way, the limit; wait for one.",
        {"Retry-After": str(self._retry_after)},
      )
    if self.taken >= self._most:
      raise Unavailable("All places are taken; come again.", self._retry_after)
    self._places[caller] += 1
    try:
      yield
    finally:
      self._places[caller] -= 1
      if not self._places[caller]:
        del self._places[caller]
