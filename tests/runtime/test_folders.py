"""Folders that appear whole; what killed processes left is removed, what living ones write is not."""

import os
import subprocess
import sys
import time

import pytest

from privai_tf.runtime.folders import temporary_folder

_KILLED = """
import os, pathlib, sys
from privai_tf.runtime.folders import temporary_folder
with temporary_folder(pathlib.Path(sys.argv[1])) as folder:
  (folder / "large").write_bytes(bytes(1000))
  os._exit(9)
"""


def _age(folder):
  """As if it had been made a while ago."""
  os.utime(folder, (time.time() - 60,) * 2)


def test_it_is_renamed_or_gone(tmp_path):
  with temporary_folder(tmp_path) as folder:
    (folder / "a").write_text("a")
    os.replace(folder, tmp_path / "final")
  with pytest.raises(ZeroDivisionError), temporary_folder(tmp_path) as folder:
    (folder / str(1 / 0)).write_text("b")
  assert [path.name for path in tmp_path.iterdir()] == ["final"]


def test_what_a_killed_process_left_goes_at_the_next_run(tmp_path, repository):
  subprocess.run([sys.executable, "-c", _KILLED, tmp_path], cwd=repository, check=False)
  (left,) = tmp_path.iterdir()
  _age(left)
  with temporary_folder(tmp_path) as folder:
    assert list(tmp_path.iterdir()) == [folder]
  assert not list(tmp_path.iterdir())


def test_what_is_being_written_stays(tmp_path):
  with temporary_folder(tmp_path) as one:
    _age(one)
    (tmp_path / ".tmp-link").symlink_to(one)
    with temporary_folder(tmp_path) as other:
      assert one.is_dir()
      assert other.is_dir()
  assert [path.name for path in tmp_path.iterdir()] == [".tmp-link"]
