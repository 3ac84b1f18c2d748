"""What outputs are called: by the input alone, in what every file system takes."""

import os

import pytest

from privai_tf.jobs.names import apart, plain_name


@pytest.mark.parametrize(
  ("path", "expected"),
  [
    ("x/a.png", "a"),
    ("a.jpg", "a"),
    ("A.png", "A"),
    ("a", "a"),
    ("run.png", "run-picture"),
    ("Comparison.png", "Comparison-picture"),
    ("run-00000-of-00002.png", "run-00000-of-00002-picture"),
    ("..png", "unnamed"),
    ("a:b?.png", "a_b_"),
    ("a\nb.png", "a_b"),
    ("IMG-20240101.jpg", "IMG-20240101"),
  ],
)
def test_plain_names(path, expected):
  assert plain_name(path, path) == expected


def test_nobody_has_a_name_that_was_given_to_tell_two_apart():
  taken = apart("a", "x/a.png")
  assert taken == "a~c6a5782c"
  assert plain_name(f"{taken}.png", f"{taken}.png") == apart(taken, f"{taken}.png")


def test_all_names_are_writable(tmp_path):
  for stem in ("a", "ä" * 150, "\udcff", "a/" * 3 + "b", "~00000000"):
    name = apart(plain_name(f"{stem}.png", "key"), "key", 64)
    (tmp_path / f"{name}.json").write_text("x", encoding="utf-8")
  assert len(os.listdir(tmp_path)) == 5
