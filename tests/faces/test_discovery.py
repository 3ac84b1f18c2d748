"""Which files are found."""

import os

import pytest
from PIL import Image

from privai_tf.errors import InputError
from privai_tf.faces import find_inputs


@pytest.fixture
def folder(tmp_path):
  for name in ["b.png", "a.JPG", "c.webp", "notes.txt", ".hidden.png", "d.npy"]:
    (tmp_path / name).write_bytes(b"x")
  (tmp_path / "deeper").mkdir()
  (tmp_path / "deeper" / "e.png").write_bytes(b"x")
  (tmp_path / "folder.png").mkdir()
  return tmp_path


def names(paths):
  return [path.name for path in paths]


def test_folder_gives_its_pictures_sorted(folder):
  assert names(find_inputs(folder)) == ["a.JPG", "b.png", "c.webp"]


def test_no_picture_in_a_folder_is_passed_over(tmp_path):
  """Such as cannot be read too: whoever reads them names them."""
  image = Image.new("RGB", (4, 4))
  for name, kind in [("a.jfif", "JPEG"), ("b", "PNG"), ("c.dat", "BMP"), ("d.x", "WEBP")]:
    image.save(tmp_path / name, format=kind)
  expected = ["a.jfif", "b", "c.dat", "d.x", "e.HEIC", "f.nef", "g.upload", "h.jxl"]
  (tmp_path / "e.HEIC").write_bytes(b"?")
  (tmp_path / "f.nef").write_bytes(b"?")
  (tmp_path / "g.upload").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
  (tmp_path / "h.jxl").write_bytes(b"")
  for name, content in [("notes.txt", b"BM is no bitmap"), ("codes.npy", b"\x93NUMPY"), ("e", b"")]:
    (tmp_path / name).write_bytes(content)
  os.mkfifo(tmp_path / "pipe")
  assert names(find_inputs(tmp_path)) == sorted(expected)


def test_file_is_taken_whatever_its_extension(folder):
  assert find_inputs(folder / "notes.txt") == [folder / "notes.txt"]


def test_glob(folder):
  assert names(find_inputs(f"{folder}/*.png")) == ["b.png"]
  assert names(find_inputs(f"{folder}/**/*.png")) == ["b.png", "e.png"]
  assert names(find_inputs(f"{folder}/[ab].*")) == ["a.JPG", "b.png"]


def test_name_with_brackets_is_a_file_first(tmp_path):
  (tmp_path / "photo[1].png").write_bytes(b"x")
  assert names(find_inputs(tmp_path / "photo[1].png")) == ["photo[1].png"]


def test_broken_links_are_found_so_that_they_get_their_line(tmp_path):
  (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
  assert names(find_inputs(tmp_path)) == ["loop.png"]
  assert names(find_inputs(tmp_path / "loop.png")) == ["loop.png"]


@pytest.mark.parametrize(
  ("spec", "message"),
  [
    ("", "empty"),
    ("absent.png", "does not exist"),
    ("absent/", "does not exist"),
    ("*.xyz", "matches"),
    ("a\0b", "not a path"),
    ("deeper/empty", "no pictures"),
  ],
)
def test_nothing_found(folder, monkeypatch, spec, message):
  (folder / "deeper" / "empty").mkdir()
  monkeypatch.chdir(folder)
  with pytest.raises(InputError, match=message) as caught:
    find_inputs(spec)
  assert "\n" not in str(caught.value)
