"""Signals wait for the end of what must not be cut; SIGTERM ends a command with code 143."""

import signal
import subprocess
import sys
import threading

import pytest

from privai_tf.runtime.interruption import uninterrupted

pytestmark = pytest.mark.usefixtures("interruptible")


def _signalled(times, reached):
  with uninterrupted():
    for _ in range(times):
      signal.raise_signal(signal.SIGINT)
    reached.append("the end")


def test_a_signal_is_delivered_at_the_end_of_the_block():
  reached = []
  with pytest.raises(KeyboardInterrupt):
    _signalled(1, reached)
  assert reached
  assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_whoever_asks_twice_is_not_kept_waiting():
  reached = []
  with pytest.raises(KeyboardInterrupt):
    _signalled(2, reached)
  assert not reached


def test_an_error_in_the_block_goes_first_and_handlers_come_back():
  with pytest.raises(ValueError, match="ours"), uninterrupted():
    raise ValueError("ours")
  assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_other_threads_are_left_alone():
  results = []

  def work():
    with uninterrupted():
      results.append(signal.getsignal(signal.SIGINT))

  thread = threading.Thread(target=work)
  thread.start()
  thread.join()
  assert results == [signal.default_int_handler]


def test_termination_has_its_code_and_line(repository):
  program = """
import os, signal
from privai_tf.runtime import command
def main(_):
  os.kill(os.getpid(), signal.SIGTERM)
command.run(main)
"""
  result = subprocess.run(
    [sys.executable, "-c", program], cwd=repository, capture_output=True, text=True, check=False
  )
  assert result.returncode == 143
  assert result.stderr == "Terminated: what is finished is whole; the same command goes on.\n"


def test_an_interrupted_command_is_not_taken_down_under_running_threads(repository):
  """All that Python does at exit is done, and seen; what C and C++ would do after it is not."""
  program = """
import atexit, ctypes, os, signal, sys
from privai_tf.runtime import command
def main(_):
  atexit.register(print, "done at exit")
  if len(sys.argv) > 1:
    os.kill(os.getpid(), signal.SIGTERM)
library = ctypes.CDLL(None)
library.__cxa_atexit(library.abort, None, None)  # As TensorFlow's threads would.
command.run(main, None)
"""
  told = [
    subprocess.run(
      [sys.executable, "-c", program, *more], cwd=repository, capture_output=True, check=False
    )
    for more in ([], ["stop"])
  ]
  assert [one.returncode for one in told] == [-signal.SIGABRT, 143]
  assert [one.stdout for one in told] == [b"done at exit\n"] * 2
