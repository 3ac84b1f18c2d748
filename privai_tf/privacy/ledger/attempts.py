"""Trying again what gave way to another client of a shared ledger, a few times."""

import functools
import random
import time
from collections.abc import Callable
from typing import Any

from privai_tf.privacy.ledger.errors import LedgerOvertakenError

ATTEMPTS = 5
_FIRST_PAUSE_SECONDS = 0.01


def tried_again(method: Callable[..., Any]) -> Callable[..., Any]:
  """Decorates a method of the ledger that is one transaction, of which nothing stays if it fails.

  Part of a larger transaction (`together`), it is not tried again: all of that is undone.
  """

  @functools.wraps(method)
  def attempted(self: Any, *values: Any, **settings: Any) -> Any:
    for attempt in range(ATTEMPTS):
      try:
        return method(self, *values, **settings)
      except LedgerOvertakenError:
        if self._store.is_joined or attempt == ATTEMPTS - 1:
          raise
      # Uneven, so that those who met do not meet again.
      time.sleep(random.uniform(0.5, 1.5) * _FIRST_PAUSE_SECONDS * 2**attempt)
    raise AssertionError("unreachable")

  return attempted
