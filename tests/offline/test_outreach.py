"""No command reaches out of this machine: the guard sees what does."""

import os
import pathlib
import subprocess
import sys

import pytest

_ASK = """
import socket
try:
  {call}
except OSError as error:
  print(error)
"""


@pytest.mark.parametrize(
  ("call", "seen"),
  [
    ("socket.getaddrinfo('privai.example', 80)", "socket.getaddrinfo privai.example"),
    ("socket.create_connection(('192.0.2.1', 80), 1)", "192.0.2.1"),
    ("socket.create_connection(('127.0.0.1', 1), 1)", None),
    ("socket.getaddrinfo('localhost', 80)", None),
  ],
)
def test_the_guard_sees_it(tmp_path, call, seen):
  record = tmp_path / "record"
  done = subprocess.run(
    [sys.executable, "-c", _ASK.format(call=call)],
    env={**os.environ, "PRIVAI_OUTREACH": str(record)},
    capture_output=True,
    text=True,
    check=True,
  )
  assert ("tests reach nothing" in done.stdout) == (seen is not None)
  assert record.exists() == (seen is not None)
  assert seen is None or seen in record.read_text()


def test_this_process_is_watched():
  import socket

  record = pathlib.Path(os.environ["PRIVAI_OUTREACH"])
  before = record.read_text() if record.exists() else ""
  with pytest.raises(OSError, match="tests reach nothing"):
    socket.getaddrinfo("privai.example", 80)
  record.write_text(before)
