"""Public codes: made of generated pictures, kept, resumed, and bound to what made them."""

import dataclasses

import numpy as np
import pytest

from privai_tf.errors import InputError
from privai_tf.generators import load_generator
from privai_tf.inversion import InversionSpec
from privai_tf.inversion import public_codes as module
from privai_tf.inversion.public_code_files import key_of
from privai_tf.inversion.public_codes import public_codes, visible_directions

_SPEC = InversionSpec(latent_space="W", steps=2, init="mean")


@pytest.fixture(scope="module")
def generator(tiny_checkpoint):
  return load_generator(tiny_checkpoint)


def test_codes_are_made_once_and_found_again(generator, tmp_path, monkeypatch):
  told = []
  made = public_codes(
    generator, _SPEC, count=5, folder=tmp_path, progress=lambda *both: told.append(both)
  )
  assert made.codes.shape == (5, 16)
  assert made.codes.dtype == np.float32
  assert told[0] == (0, 5)
  assert told[-1] == (5, 5)
  monkeypatch.setattr(module, "find_codes", None)
  again = public_codes(generator, _SPEC, folder=tmp_path)
  assert again.digest == made.digest
  assert again.release_path == made.release_path
  assert [path.suffix for path in tmp_path.iterdir()] == [".npz"]


def test_another_path_has_codes_of_its_own(generator, tmp_path):
  first = public_codes(generator, _SPEC, count=3, folder=tmp_path)
  other = dataclasses.replace(_SPEC, learning_rate=0.2)
  second = public_codes(generator, other, count=3, folder=tmp_path)
  assert first.release_path != second.release_path
  # What only decides how fast codes come makes no other path.
  same = public_codes(generator, dataclasses.replace(_SPEC, jit="off"), count=3, folder=tmp_path)
  assert same.release_path == first.release_path
  assert len(list(tmp_path.iterdir())) == 2


def test_a_path_is_one_on_every_machine_unless_bfloat16_is_asked_for(
  generator, tmp_path, monkeypatch
):
  searched = []

  def finds(pictures, generator, spec):
    searched.append(spec.precision)
    return np.ones((len(pictures), 16), np.float32)

  monkeypatch.setattr(module, "find_codes", finds)
  monkeypatch.setattr(module, "visible_directions", lambda *_: 1)
  paths = [
    public_codes(
      generator, dataclasses.replace(_SPEC, precision=precision), count=2, folder=tmp_path
    ).release_path
    for precision in ("auto", "float32", "bfloat16")
  ]
  assert searched == ["float32", "bfloat16"]  # The second was found in the folder.
  assert paths[0] == paths[1] != paths[2]
  # Files that were made before there was a choice are found.
  assert '"precision": "auto"' in key_of(generator, _SPEC)


def test_more_are_made_where_more_are_asked_for(generator, tmp_path):
  public_codes(generator, _SPEC, count=3, folder=tmp_path)
  assert len(public_codes(generator, _SPEC, count=4, folder=tmp_path).codes) == 4


def test_an_interrupted_run_goes_on(generator, tmp_path, monkeypatch):
  monkeypatch.setattr(module, "_CHUNK", 2)
  real, calls = module.find_codes, []

  def dies(pictures, *rest):
    if len(calls) == 2:
      raise KeyboardInterrupt
    calls.append(len(pictures))
    return real(pictures, *rest)

  monkeypatch.setattr(module, "find_codes", dies)
  with pytest.raises(KeyboardInterrupt):
    public_codes(generator, _SPEC, count=6, folder=tmp_path)
  calls.clear()
  resumed = public_codes(generator, _SPEC, count=6, folder=tmp_path)
  assert calls == [2]
  monkeypatch.setattr(module, "find_codes", real)
  whole = public_codes(generator, _SPEC, count=6, folder=tmp_path / "other")
  np.testing.assert_array_equal(resumed.codes, whole.codes)


def test_a_damaged_file_is_named(generator, tmp_path):
  public_codes(generator, _SPEC, count=3, folder=tmp_path)
  (path,) = tmp_path.iterdir()
  path.write_bytes(path.read_bytes()[:100])
  with pytest.raises(InputError, match=rf"{path.name} holds no public codes.*remove it"):
    public_codes(generator, _SPEC, folder=tmp_path)


def test_visible_directions_are_those_that_pictures_need():
  """A picture that shows three numbers of eight needs three directions, whatever else varies."""

  class Shows:
    def synthesize(self, codes, latent_space):
      return np.repeat(codes[:, np.newaxis, np.newaxis, :3], 4, axis=1) / 10

  random = np.random.default_rng(0)
  codes = random.normal(size=(300, 8)) * [9, 8, 7, 0.5, 0.4, 0.3, 0.2, 0.1]
  assert visible_directions(Shows(), codes.astype(np.float32), "W") == 3
  assert visible_directions(Shows(), codes.astype(np.float32), "W", most=2) == 2


def test_few_codes_keep_few_directions(generator, tmp_path, monkeypatch):
  """One for each 32 codes, where there are enough to say so."""
  monkeypatch.setattr(module, "visible_directions", lambda *_: 15)
  monkeypatch.setattr(module, "find_codes", lambda images, *_: np.ones((len(images), 16)))
  assert public_codes(generator, _SPEC, count=255, folder=tmp_path / "a").directions == 15
  assert public_codes(generator, _SPEC, count=256, folder=tmp_path / "b").directions == 8
