"""Files are whole or absent; private folders are private; errors are one line."""

import errno
import os
import signal
import stat
import subprocess
import sys
import time

import pytest

from privai_tf.errors import ConfigurationError, OutputError
from privai_tf.runtime import files
from privai_tf.runtime.places import require_apart


def mode(path):
  return stat.S_IMODE(os.stat(path).st_mode)


@pytest.fixture
def umask():
  before = os.umask(0o022)
  yield
  os.umask(before)


def test_bytes_text_and_json(tmp_path, umask):
  files.write_bytes(tmp_path / "a", b"\0\r\n")
  files.write_text(tmp_path / "b", "ä\n")
  files.write_json(tmp_path / "c", {"b": 1, "a": [None, "ö"]})
  assert (tmp_path / "a").read_bytes() == b"\0\r\n"
  assert (tmp_path / "b").read_bytes() == "ä\n".encode()
  assert (tmp_path / "c").read_text() == '{\n  "b": 1,\n  "a": [\n    null,\n    "ö"\n  ]\n}\n'
  assert sorted(os.listdir(tmp_path)) == ["a", "b", "c"]
  assert mode(tmp_path / "a") == 0o644


def test_json_refuses_what_is_not_json(tmp_path):
  with pytest.raises(ValueError, match="JSON"):
    files.write_json(tmp_path / "a", {"psnr": float("inf")})
  assert not os.listdir(tmp_path)


def test_private_file_is_never_open_to_others(tmp_path, umask):
  with files.atomic_file(tmp_path / "a", private=True) as file:
    assert [mode(entry) for entry in tmp_path.iterdir()] == [0o600]
    file.write(b"x")
  assert mode(tmp_path / "a") == 0o600


def test_interrupted_write_leaves_the_old_file(tmp_path):
  files.write_text(tmp_path / "a", "old")

  def interrupted_by(interruption):
    with files.atomic_file(tmp_path / "a", "w") as file:
      file.write("new, but only ha")
      raise interruption

  for interruption in (KeyboardInterrupt, ValueError):
    with pytest.raises(interruption):
      interrupted_by(interruption)
  assert (tmp_path / "a").read_text() == "old"
  assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize(
  ("number", "words"), [(errno.ENOSPC, "disk is full"), (errno.EDQUOT, "quota")]
)
def test_full_disk(tmp_path, monkeypatch, number, words):
  files.write_text(tmp_path / "a.png", "old")

  def full(_):
    raise OSError(number, os.strerror(number))

  monkeypatch.setattr(os, "fsync", full)
  with pytest.raises(OutputError, match=words) as caught:
    files.write_text(tmp_path / "a.png", "new")
  assert "a.png" in str(caught.value)
  assert (tmp_path / "a.png").read_text() == "old"
  assert os.listdir(tmp_path) == ["a.png"]


def test_truly_full_disk(tmp_path, repository):
  """A limit on the file size is the nearest to a full disk that needs no privileges."""
  code = f"""
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
from privai_tf.errors import OutputError
from privai_tf.runtime.files import write_bytes
try:
  write_bytes({str(tmp_path / "a")!r}, bytes(5000))
except OutputError as error:
  sys.exit(7)
"""
  done = subprocess.run([sys.executable, "-c", code], cwd=repository, check=False)
  assert done.returncode == 7
  assert not os.listdir(tmp_path)


@pytest.mark.parametrize(
  ("name", "words"),
  [
    ("absent/a", "does not exist"),
    ("file/a", "not a folder"),
    ("folder", "folder of that name"),
    ("x" * 300, "too long"),
    ("loop/a", "loop"),
  ],
)
def test_impossible_places(tmp_path, name, words):
  (tmp_path / "file").write_text("x")
  (tmp_path / "folder").mkdir()
  (tmp_path / "loop").symlink_to(tmp_path / "loop")
  with pytest.raises(OutputError, match=words) as caught:
    files.write_text(tmp_path / name, "x")
  assert "\n" not in str(caught.value)
  assert sorted(os.listdir(tmp_path)) == ["file", "folder", "loop"]


def test_longest_name(tmp_path):
  files.write_text(tmp_path / ("x" * 255), "whole")
  assert os.listdir(tmp_path) == ["x" * 255]


def test_only_whole_files(tmp_path):
  with pytest.raises(ValueError, match="mode"), files.atomic_file(tmp_path / "a", "ab"):
    pass


def test_link_is_replaced_not_followed(tmp_path):
  (tmp_path / "target").write_text("precious")
  (tmp_path / "a").symlink_to(tmp_path / "target")
  files.write_text(tmp_path / "a", "new")
  assert (tmp_path / "target").read_text() == "precious"
  assert (tmp_path / "a").read_text() == "new"


def test_killed_while_writing(tmp_path, repository):
  """Whatever moment the process dies at, the file holds one version from end to end."""
  path = tmp_path / "a"
  code = f"""
from privai_tf.runtime.files import write_bytes
for i in range(10**6):
  write_bytes({str(path)!r}, bytes([i % 256]) * 300_000)
"""
  for attempt in range(4):
    writer = subprocess.Popen([sys.executable, "-c", code], cwd=repository)
    deadline = time.monotonic() + 120
    while not path.exists() and time.monotonic() < deadline:
      time.sleep(0.005)
    time.sleep(0.013 * (attempt + 1))
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    content = path.read_bytes()
    assert len(content) == 300_000
    assert len(set(content)) == 1
    path.unlink()


def test_folder(tmp_path):
  assert files.make_folder(tmp_path / "a" / "b") == tmp_path / "a" / "b"
  files.make_folder(tmp_path / "a" / "b")
  (tmp_path / "file").write_text("x")
  with pytest.raises(OutputError):
    files.make_folder(tmp_path / "file")
  with pytest.raises(OutputError):
    files.make_folder(tmp_path / "file" / "b")


def test_unwritable_folder(tmp_path, monkeypatch):
  monkeypatch.setattr(os, "access", lambda *_: False)  # Root may write anywhere.
  with pytest.raises(OutputError, match="permission denied"):
    files.make_folder(tmp_path)


def test_private_folder(tmp_path, umask):
  folder = files.make_private_folder(tmp_path / "x" / "private")
  assert mode(folder) == 0o700
  assert mode(folder.parent) == 0o755
  assert "do not publish" in (folder / "README.txt").read_text()
  assert mode(folder / "README.txt") == 0o600
  (folder / "codes.npy").write_text("x")
  files.make_private_folder(folder)
  assert (folder / "codes.npy").exists()


def test_open_empty_folder_is_closed(tmp_path, umask):
  (tmp_path / "a").mkdir()
  files.make_private_folder(tmp_path / "a")
  assert mode(tmp_path / "a") == 0o700


def test_own_folder_is_closed_again(tmp_path):
  folder = files.make_private_folder(tmp_path / "a")
  (folder / "comparison.html").write_text("x")
  folder.chmod(0o755)
  files.make_private_folder(folder)
  assert mode(folder) == 0o700


def test_somebody_elses_open_folder_is_refused(tmp_path, umask):
  (tmp_path / "photos").mkdir()
  (tmp_path / "photos" / "a.png").write_text("x")
  with pytest.raises(OutputError, match="chmod 700"):
    files.make_private_folder(tmp_path / "photos")
  assert mode(tmp_path / "photos") == 0o755
  assert os.listdir(tmp_path / "photos") == ["a.png"]


def test_private_folder_where_a_file_is(tmp_path):
  (tmp_path / "a").write_text("x")
  with pytest.raises(OutputError, match="file of that name"):
    files.make_private_folder(tmp_path / "a")


@pytest.mark.parametrize(
  ("output", "private"), [("a", "a"), ("a", "a/b"), ("a/b", "a"), ("a", "link"), ("a", "a/../a/c")]
)
def test_folders_inside_one_another_are_refused(tmp_path, output, private):
  (tmp_path / "a").mkdir()
  (tmp_path / "link").symlink_to(tmp_path / "a")
  with pytest.raises(ConfigurationError, match="apart"):
    require_apart(tmp_path / output, tmp_path / private)


def test_folders_apart(tmp_path):
  require_apart(tmp_path / "a", tmp_path / "ab")


def test_leftovers_of_the_dead_are_removed_and_not_the_files_of_the_living(tmp_path):
  dead, young, other = (tmp_path / name for name in (".tmp-dead", ".tmp-young", "tmp-mine"))
  for path in (dead, young, other):
    path.write_text("half")
  with files.atomic_path(tmp_path / "a") as living:
    for path in (dead, living, other):
      os.utime(path, (0, 0))
    assert files.remove_leftovers(tmp_path) == 1
    assert not dead.exists()
    assert young.exists()
    living.write_text("whole")
  assert (tmp_path / "a").read_text() == "whole"
  assert other.exists()
  assert files.remove_leftovers(tmp_path / "absent") == 0
