"""Tables and folders of labels: every form, and everything that is refused with its row."""

import numpy as np
import pytest
from PIL import Image

from privai_tf.errors import InputError
from privai_tf.toolkit.labelled_pictures import read_labelled
from privai_tf.toolkit.picture_store import read_pixels, square_pixels


@pytest.fixture
def folder(tmp_path):
  """Three pictures, one of them not square."""
  folder = tmp_path / "pictures"
  folder.mkdir()
  for name, size, level in (("a.png", (8, 8), 10), ("b.png", (8, 8), 90), ("c.jpg", (12, 8), 200)):
    Image.new("RGB", size, (level,) * 3).save(folder / name)
  return folder


def _table(tmp_path, text, name="labels.csv"):
  path = tmp_path / name
  path.write_text(text)
  return path


def test_csv(folder, tmp_path):
  table = _table(tmp_path, "file,smile,hat\nc.jpg,1,0\na.png,0,\nb.png,0,1\ngone.png,1,1\n")
  found = read_labelled(folder, table)
  assert [path.name for path in found.paths] == ["a.png", "b.png", "c.jpg"]
  assert found.attributes == ("smile", "hat")
  np.testing.assert_array_equal(found.present, [[0, np.nan], [0, 1], [1, 0]])
  assert found.present.dtype == np.float32
  assert found.missing == 1
  chosen = read_labelled(folder, table, ["hat"])
  np.testing.assert_array_equal(chosen.present[:, 0], [np.nan, 1, 0])


@pytest.mark.parametrize(
  "text",
  [
    "3\nSmiling Male\na.jpg -1  1\nb.jpg  1 -1\nc.jpg  1  1\n",  # CelebA's own
    "image_id,Smiling,Male\na.jpg,-1,1\nb.jpg,1,-1\nc.jpg,1,1\n",
    "\ufeffimage_id;Smiling;Male\r\na;-1;1\r\nb;1;-1\r\nc;1;1\r\n",  # a spreadsheet's
  ],
)
def test_forms_of_tables_and_names_with_another_ending(folder, tmp_path, text):
  found = read_labelled(folder, _table(tmp_path, text), ["Smiling", "Male"])
  np.testing.assert_array_equal(found.present, [[0, 1], [1, 0], [1, 1]])
  assert found.missing == 0


def test_folders(folder, tmp_path):
  for name, pictures in (("smile", "ab"), ("other", "c"), ("empty", "")):
    (folder / name).mkdir()
    for picture in pictures:
      source = next(folder.glob(f"{picture}.*"))
      source.rename(folder / name / source.name)
  found = read_labelled(folder, "folders", ["smile"])
  assert [path.parent.name for path in found.paths] == ["other", "smile", "smile"]
  np.testing.assert_array_equal(found.present, [[0], [1], [1]])
  assert read_labelled(folder, "folders").attributes == ("other", "smile")
  with pytest.raises(InputError, match="no attribute 'hat'; it has other, smile"):
    read_labelled(folder, "folders", ["hat"])
  with pytest.raises(InputError, match="0 subfolders with pictures; at least two"):
    read_labelled(folder / "smile", "folders")


@pytest.mark.parametrize(
  ("text", "words"),
  [
    ("", "has 0 lines"),
    ("file,smile\n", "has 1 lines"),
    ("file\na.png\n", "names no attributes"),
    ("file,smile,smile\na.png,1,1\n", "or one of them twice"),
    ("file,smile\na.png,1,1\n", "row 1 has 3 cells"),
    ("file,smile\na.png,1\nb.png,yes\n", r"column smile, row 2: 'yes' is none of"),
    ("file,smile\na.png,0.5\n", "'0.5' is none of"),
    ("file,smile\na.png,0\nb.png,-1\n", "has both 0 and -1"),
    ("file,smile\na.png,0\na.png,1\n", "names a.png twice"),
    ("file,smile\nx.png,0\ny.png,1\n", "None of the 2 files"),
  ],
)
def test_tables_that_are_refused(folder, tmp_path, text, words):
  with pytest.raises(InputError, match=words) as caught:
    read_labelled(folder, _table(tmp_path, text))
  assert "\n" not in str(caught.value)


def test_what_is_not_there(folder, tmp_path):
  with pytest.raises(InputError, match=r"Cannot read .*absent\.csv"):
    read_labelled(folder, tmp_path / "absent.csv")
  with pytest.raises(InputError, match="is no folder"):
    read_labelled(tmp_path / "absent", "folders")
  (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
  with pytest.raises(InputError, match="not UTF-8 text"):
    read_labelled(folder, tmp_path / "binary.csv")
  table = _table(tmp_path, "file,smile\na.png,1\n")
  with pytest.raises(InputError, match="has no attribute 'hat'; it has smile"):
    read_labelled(folder, table, ["hat"])


def test_pixels(folder, tmp_path):
  paths = sorted(folder.iterdir())
  seen = []
  store = tmp_path / "work" / "pictures.npy"
  pixels = read_pixels(paths, 4, store, lambda *progress: seen.append(progress))
  assert pixels.shape == (3, 4, 4, 3)
  assert pixels.dtype == np.uint8
  np.testing.assert_allclose(pixels.mean((1, 2, 3)), [10, 90, 200], atol=1)
  assert seen == [(3, 3)]
  assert square_pixels(paths[2]).shape == (8, 8, 3)
  # A store that is there is not made again.
  assert read_pixels([folder / "gone.png"] * 3, 4, store).shape == (3, 4, 4, 3)
  with pytest.raises(InputError, match="delete it"):
    read_pixels(paths, 8, store)
  (folder / "d.png").write_bytes(b"no picture")
  with pytest.raises(InputError, match=r"d\.png"):
    read_pixels(sorted(folder.iterdir()), 4, tmp_path / "other.npy")
  assert not (tmp_path / "other.npy").exists()
