"""Whether a release could be made now: looked at once a second, told from memory."""

import logging
import threading
import time
from collections.abc import Callable

from privai_tf.errors import PrivaiError
from privai_tf.serving.gateway.refusals import one_line

_PERIOD = 1.0
_LONGEST = 5.0  # Seconds after which a look that has not ended counts as failed.
_log = logging.getLogger(__name__)


class Readiness:
  """The state of ledger and model, as a thread of its own sees it.

  However many ask, and whatever a model server does with the thread, `ready` never waits.
  """

  def __init__(self, check: Callable[[], None], period: float = _PERIOD, longest: float = _LONGEST):
    """Starts the thread; until its first look all is taken to be well, as after a checked start.

    Args:
      check: raises a `PrivaiError` if no release could be made.
      period: seconds between the end of one look and the next.
      longest: seconds that a look may take.
    """
    self._check = check
    self._period = period
    self._longest = longest
    self._well = True
    self._began: float | None = None  # Of the look under way.
    self._closed = threading.Event()
    threading.Thread(target=self._watch, name="readiness", daemon=True).start()

  @property
  def ready(self) -> bool:
    """Whether a release could be made at the last look, which has not been under way for too long."""
    began = self._began
    return self._well and (began is None or time.monotonic() - began <= self._longest)

  def close(self) -> None:
    """Ends the thread, after the look under way, which is not waited for."""
    self._closed.set()

  def _watch(self) -> None:
    while not self._closed.wait(self._period):
      self._began = time.monotonic()
      reason = self._look()
      if self._closed.is_set():  # What was closed under its hands is no news.
        return
      if self._well != (reason is None):
        # The reason names files and servers: it is for the operator.
        _log.log(logging.ERROR if reason else logging.INFO, "readiness: %s", reason or "well again")
      self._well = reason is None
      self._began = None

  def _look(self) -> str | None:
    try:
      self._check()
    except PrivaiError as error:
      return one_line(error)
    except Exception as error:  # A defect must not end the thread: that would say "well" for ever.
      return type(error).__name__
    return None
