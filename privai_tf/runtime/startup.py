"""Starts TensorFlow without its page of start-up messages, so that a command's own lines are seen.

The messages (missing CUDA libraries, CPU features) come from C++ before any Python logging is set up
and ignore `TF_CPP_MIN_LOG_LEVEL` in part. They are kept back and shown if the start fails.
"""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator

_LEVEL = "TF_CPP_MIN_LOG_LEVEL"


def start_tensorflow() -> None:
  """Imports TensorFlow and finds its devices.

  `TF_CPP_MIN_LOG_LEVEL=0` in the environment shows everything.
  """
  if os.environ.setdefault(_LEVEL, "2") == "0":
    _start()
    return
  with _held_back_errors():
    _start()


def _start() -> None:
  import tensorflow as tf

  tf.config.list_logical_devices()


@contextlib.contextmanager
def _held_back_errors() -> Iterator[None]:
  """Keeps back what anything, C++ included, writes to standard error; shows it on an exception."""
  sys.stderr.flush()
  original = os.dup(2)
  with tempfile.TemporaryFile() as held:
    os.dup2(held.fileno(), 2)
    try:
      yield
    except BaseException:
      sys.stderr.flush()
      held.seek(0)
      os.write(original, held.read())
      raise
    finally:
      sys.stderr.flush()
      os.dup2(original, 2)
      os.close(original)
