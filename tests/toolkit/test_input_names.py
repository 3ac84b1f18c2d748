"""Inverted photos keep their names, whatever comes beside them."""

import pytest

from privai_tf.errors import ConfigurationError
from privai_tf.jobs.item_lists import picture_items
from privai_tf.jobs.names import apart
from privai_tf.toolkit.input_names import NAMES, named


def test_a_newcomer_renames_nothing(tmp_path):
  folder = tmp_path / "in"
  folder.mkdir()
  (folder / "b.png").touch()
  assert [item.name for item in named(picture_items(str(folder)), tmp_path)] == ["b"]
  (folder / "b.jpg").touch()
  (folder / "a.png").touch()
  found = {item.path.name: item.name for item in named(picture_items(str(folder)), tmp_path)}
  assert found == {"a.png": "a", "b.png": "b", "b.jpg": apart("b", "b.jpg")}
  for text in ("{", "[]", '{"a.png": 1}'):
    (tmp_path / NAMES).write_text(text)
    with pytest.raises(ConfigurationError, match="damaged"):
      named(picture_items(str(folder)), tmp_path)
