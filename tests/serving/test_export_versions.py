"""Folders of versions: whole or absent, and never replaced."""

import errno

import pytest
import tensorflow as tf

from privai_tf.errors import OutputError
from privai_tf.serving.versions import new_version


def _write(final, content, then):
  """Writes a version and then does something, inside the block."""
  with new_version(final) as folder:
    (folder / "saved_model.pb").write_text(content)
    then()


def _raise(error):
  raise error


def test_a_version_appears_under_its_name_at_the_end(tmp_path):
  before = []
  _write(tmp_path / "1", "whole", lambda: before.extend(tmp_path.iterdir()))
  assert [path.name[:5] for path in before] == [".tmp-"]
  assert [path.name for path in tmp_path.iterdir()] == ["1"]
  assert (tmp_path / "1" / "saved_model.pb").read_text() == "whole"


@pytest.mark.parametrize(
  ("error", "message"),
  [
    (OSError(errno.ENOSPC, "no space"), "the disk is full"),
    (OSError(errno.EROFS, "read-only"), "read-only"),
    (tf.errors.ResourceExhaustedError(None, None, "disk\nfull"), "disk full"),
    (KeyboardInterrupt(), None),
  ],
)
def test_a_failure_leaves_nothing(tmp_path, error, message):
  expected = KeyboardInterrupt if message is None else OutputError
  with pytest.raises(expected, match=message) as caught:
    _write(tmp_path / "1", "half", lambda: _raise(error))
  assert "\n" not in str(caught.value)
  assert list(tmp_path.iterdir()) == []


def test_the_slower_of_two_exports_of_a_version_is_refused(tmp_path):
  final = tmp_path / "1"
  with pytest.raises(OutputError, match="give a higher version"):
    _write(final, "second", lambda: _write(final, "first", lambda: None))
  assert [path.name for path in tmp_path.iterdir()] == ["1"]
  assert (final / "saved_model.pb").read_text() == "first"


def test_a_folder_that_is_no_folder(tmp_path):
  (tmp_path / "file").write_text("")
  with pytest.raises(OutputError, match="not a folder"):
    _write(tmp_path / "file" / "1", "", lambda: None)
