"""How the person is kept: the line to type, complete for its reader, and without the owner's paths."""

import types

import pytest

from privai_tf.inversion import faceres
from privai_tf.jobs.advice import encoder_alone
from privai_tf.jobs.parts import Recipe
from privai_tf.privacy import PrivacySpec

_RECIPE = Recipe("checkpoints/faces", ("smile", "age"), PrivacySpec(epsilon=(0.5, 2.0)))
_FACES = types.SimpleNamespace(family="mobilestylegan")


@pytest.fixture
def cache(tmp_path, monkeypatch):
  monkeypatch.setenv("PRIVAI_CACHE_DIR", str(tmp_path))
  return tmp_path / "recognizers"


def test_the_line_is_complete(cache):
  told = encoder_alone(_RECIPE, _FACES, "checkpoints/faces", "'my photos'", "out-likeness")
  line = (
    "python run_privatize.py --input='my photos' --checkpoint=checkpoints/faces --attribute=smile,age "
    "--preset=likeness --epsilon=0.5,2 --output_dir=out-likeness (about 80 s"
  )
  assert line in told
  assert "delta of 1e-06" in told
  assert f"To keep the person: {faceres.FETCHED_BY}" in told
  assert "\n" not in told


def test_what_is_there_is_not_fetched_again(cache):
  cache.mkdir()
  for name in faceres.FILES:
    (cache / name).touch()
  told = encoder_alone(_RECIPE, _FACES, "faces")
  assert "download" not in told
  assert "--input=PHOTOS" in told


def test_where_nobody_would_be_recognized_the_preset_is_not_advised(cache):
  other = types.SimpleNamespace(family="stylegan")
  assert "preset" not in encoder_alone(_RECIPE, other, "faces")
