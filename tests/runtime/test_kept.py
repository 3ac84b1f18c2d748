"""What is kept between processes is what would be made, or is made again."""

import types

import numpy as np
import pytest

from privai_tf.runtime.kept import kept_arrays, key_of


@pytest.fixture
def cache(tmp_path, monkeypatch):
  monkeypatch.setenv("PRIVAI_CACHE_DIR", str(tmp_path / "cache"))
  return tmp_path / "cache"


def _counted(made: list, key: str = "a", sound=lambda arrays: True) -> float:
  def make():
    made.append(key)
    return {"value": np.array(float(len(made)))}

  return float(kept_arrays("kind", key, make, sound, "value")["value"])


def test_made_once_for_each_key(cache):
  made = []
  assert [_counted(made), _counted(made), _counted(made, "b"), _counted(made)] == [1, 1, 2, 1]
  assert made == ["a", "b"]
  assert len(list(cache.glob("kind/*.npz"))) == 2


def test_nothing_is_kept_without_a_key(cache):
  made = []
  assert [_counted(made, None), _counted(made, None)] == [1, 2]
  assert not cache.exists()


def test_a_generator_s_key_says_its_weights_and_the_settings():
  one = types.SimpleNamespace(fingerprint="0a1b")
  assert key_of(one, 4096, "W", 0.999, (1, 2)) == "0a1b 4096 W 0.999 (1, 2)"
  assert key_of(types.SimpleNamespace(fingerprint=None), 4096) is None
  assert key_of(object()) is None


@pytest.mark.parametrize("harm", [lambda data: data[:-30], lambda data: b"", lambda data: b"text"])
def test_what_is_damaged_is_made_again_and_mended(cache, harm):
  made = []
  _counted(made)
  (path,) = cache.glob("kind/*.npz")
  path.write_bytes(harm(path.read_bytes()))
  assert _counted(made) == 2
  assert _counted(made) == 2
  assert len(made) == 2


def test_what_is_not_sound_is_made_again(cache):
  made = []
  assert _counted(made) == 1
  assert _counted(made, sound=lambda arrays: arrays["value"] > 1) == 2
  assert _counted(made) == 2


def test_a_cache_that_cannot_be_written_costs_time_only(tmp_path, monkeypatch):
  (tmp_path / "file").write_text("")
  monkeypatch.setenv("PRIVAI_CACHE_DIR", str(tmp_path / "file" / "cache"))
  made = []
  assert [_counted(made), _counted(made)] == [1, 2]


def test_errors_of_making_pass(cache):
  def make():
    raise ValueError("no such table")

  with pytest.raises(ValueError, match="no such table"):
    kept_arrays("kind", "a", make, lambda arrays: True, "value")
  assert not list(cache.glob("kind/*"))
