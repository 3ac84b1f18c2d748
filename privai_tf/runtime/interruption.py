"""Stopping politely: a machine that is taken away sends SIGTERM, a person presses Ctrl-C.

Work between two safe points runs inside `uninterrupted()`; a signal that comes there is delivered
at its end. (A `kill -9` asks nobody: the manifest is for that.)
"""

import atexit
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType


class Terminated(KeyboardInterrupt):
  """SIGTERM, as an exception: what cleans up after Ctrl-C cleans up after it too."""


def raise_on_termination() -> None:
  """From now on SIGTERM raises `Terminated` in the main thread, as Ctrl-C raises its own."""
  signal.signal(signal.SIGTERM, _terminate)


def _terminate(number: int, frame: FrameType | None) -> None:
  raise Terminated


class FinalEnd:
  """Ends an interrupted process after everything that Python does at exit, and before C++ does.

  A signal may leave other threads within TensorFlow's code, under which its globals must not be taken
  down: that ends in "terminate called" and another exit code. To be made before anything else registers
  with `atexit`, which calls the first one last.
  """

  def __init__(self) -> None:
    self._code: int | None = None
    atexit.register(self._end)

  def with_code(self, code: int) -> int:
    """The process was interrupted, and is to end with this code; gives it back."""
    self._code = code
    return code

  def _end(self) -> None:
    if self._code is None:
      return
    for stream in (sys.stdout, sys.stderr):
      with contextlib.suppress(OSError, ValueError):  # Nobody reads it, or it is closed.
        stream.flush()
    os._exit(self._code)


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
  """Holds back SIGINT and SIGTERM until the block ends; a second one is not waited for.

  Outside the main thread, which signals never interrupt, it does nothing.
  """
  if threading.current_thread() is not threading.main_thread():
    yield
    return
  held: list[int] = []
  before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

  def hold(number: int, frame: FrameType | None) -> None:
    held.append(number)
    if len(held) > 1:  # Whoever asks twice means it.
      restore()
      signal.raise_signal(number)

  def restore() -> None:
    for number, handler in before.items():
      # None: a handler that Python did not install, and cannot put back.
      if handler is not None:
        signal.signal(number, handler)

  for number, handler in before.items():
    if handler is not None:
      signal.signal(number, hold)
  try:
    yield
  finally:
    restore()
  if held:
    signal.raise_signal(held[0])
