"""Starts TensorFlow without its page of start-up messages, so that a command's own lines are seen.

The messages (missing CUDA libraries, CPU features) come from C++ before any Python logging is set up
and ignore `TF_CPP_MIN_LOG_LEVEL` in part. They are kept back and shown if the start fails. Later ones
(an optimization that was given up, memory that was refused at first) say nothing that a user could
mend: what fails comes as a Python exception, too. Only what ends the process is written.
"""

import contextlib
import os
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator

from privai_tf.runtime.keras_settings import check_backend, settle_keras

_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
_FATAL_ONLY = "3"
_WAITING = "Starting TensorFlow ..."
# Keras 3 imports these wherever they are installed, for wrappers and plots that no command uses:
# a third of the processor time that importing TensorFlow takes.
_NOT_NEEDED = ("sklearn", "matplotlib", "pandas")
_originals: list[int] = []  # Standard error's own descriptor, while it is held back.


def start_tensorflow() -> None:
  """Imports TensorFlow and finds its devices; a terminal is told what it waits for.

  `TF_CPP_MIN_LOG_LEVEL=0` in the environment shows everything.
  """
  check_backend()
  if os.environ.setdefault(_LEVEL, _FATAL_ONLY) == "0":
    _start()
    return
  with _told(), _held_back_errors():
    _start()


def show_errors_again() -> None:
  """Ends the holding back of standard error at once: for who ends the process meanwhile."""
  if _originals:
    os.dup2(_originals[-1], 2)


def _start() -> None:
  with _taken_for_absent(_NOT_NEEDED):
    import tensorflow as tf

  settle_keras()
  tf.config.list_logical_devices()


@contextlib.contextmanager
def _taken_for_absent(packages: Iterable[str]) -> Iterator[None]:
  """Who imports one of these packages meanwhile learns that there is none; afterwards all is as ever.

  Packages that were imported before stay what they are. Beside other threads nothing is hidden: what
  they import meanwhile is their own (gradio 6 looks for matplotlib at every event).
  """
  alone = threading.active_count() == 1
  hidden = [name for name in packages if alone and name not in sys.modules]
  sys.modules.update(dict.fromkeys(hidden))
  try:
    yield
  finally:
    for name in hidden:
      del sys.modules[name]


@contextlib.contextmanager
def _told() -> Iterator[None]:
  """Says on a terminal what takes these seconds, and takes it back."""
  if not sys.stderr.isatty():
    yield
    return
  print(_WAITING, end="", file=sys.stderr, flush=True)
  try:
    yield
  finally:
    print(f"\r{' ' * len(_WAITING)}\r", end="", file=sys.stderr, flush=True)


@contextlib.contextmanager
def _held_back_errors() -> Iterator[None]:
  """Keeps back what anything, C++ included, writes to standard error; shows it on an exception."""
  sys.stderr.flush()
  original = os.dup(2)
  with tempfile.TemporaryFile() as held:
    _originals.append(original)
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
      _originals.remove(original)
      os.close(original)
