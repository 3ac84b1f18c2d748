"""Public faces by index: made again from seed and size, kept where that takes long."""

import numpy as np
import pytest

from privai_tf.privacy import codebook as codebooks
from privai_tf.privacy import codebook_files
from privai_tf.privacy.codebook import SAMPLES, Codebook
from privai_tf.privacy.codebook_files import stored_numbers

_MEAN, _AXES = np.full(16, 0.25), np.random.default_rng(0).normal(size=(16, 3))


@pytest.mark.parametrize("space", ["Z", "W", "W+"])
@pytest.mark.parametrize("size", [2, 256, 5000])
def test_a_codeword_is_made_again_from_its_index(generator, space, size):
  codebook = Codebook(generator, space, size, 5)
  whole = np.concatenate(list(codebook.blocks()))
  assert whole.shape == (size, 16)
  indices = np.array([size - 1, 0, size // 2, 0])
  np.testing.assert_allclose(codebook.codes(indices), whole[indices], atol=1e-6)
  assert codebook.codes(indices).dtype == np.float32


def test_codewords_follow_the_generators_distribution(generator):
  whole = np.concatenate(list(Codebook(generator, "W", 20_000, 0).blocks()))
  np.testing.assert_allclose(whole.mean(axis=0), generator.center, atol=0.08)
  deviations = np.sqrt(np.linalg.eigvalsh(np.cov(whole, rowvar=False)))[::-1]
  np.testing.assert_allclose(deviations, generator.deviations, rtol=0.05)


def test_seeds_and_streams_have_codes_of_their_own(generator):
  books = [
    Codebook(generator, "Z", 300, seed, stream) for seed in (0, 1) for stream in (0, SAMPLES)
  ]
  firsts = {book.codes(np.array([7])).tobytes() for book in books}
  assert len(firsts) == 4


def test_labels_are_public_classes(make_generator, monkeypatch):
  generator = make_generator(16, 4)
  generator.config = type("Config", (), {"label_size": 3})
  seen = []
  monkeypatch.setattr(generator, "map", lambda z, labels: seen.append(labels) or z)
  Codebook(generator, "W", 500, 0).numbers(_MEAN, _AXES)
  labels = np.concatenate(seen)
  assert labels.shape == (500, 3)
  assert (labels.sum(axis=1) == 1).all()
  assert labels.sum(axis=0).min() > 100
  Codebook(generator, "W", 500, 0).codes(np.array([333]))
  np.testing.assert_array_equal(seen[-1][0], labels[333])


@pytest.mark.parametrize("in_bytes", [False, True])
def test_numbers_are_where_the_codewords_lie(generator, monkeypatch, in_bytes):
  if in_bytes:
    monkeypatch.setattr(codebooks, "_LARGEST_FLOATS", 10)
  codebook = Codebook(generator, "W", 700, 5)
  numbers = codebook.numbers(_MEAN, _AXES)
  exact = (np.concatenate(list(codebook.blocks())) - _MEAN) @ _AXES
  if in_bytes:
    assert numbers.dtype == np.int8
    np.testing.assert_allclose(numbers * (8 / 127), np.clip(exact, -8, 8), atol=4.1 / 127)
  else:
    assert numbers.dtype == np.float32
    np.testing.assert_allclose(numbers, exact, atol=1e-5)


@pytest.fixture
def cached(tmp_path, monkeypatch):
  monkeypatch.setenv("PRIVAI_CACHE_DIR", str(tmp_path))
  monkeypatch.setattr(codebook_files, "_LEAST_CODES", 100)
  return tmp_path / codebook_files.FOLDER


def test_numbers_are_kept_for_the_next_process(generator, cached, monkeypatch):
  codebook = Codebook(generator, "W", 300, 5)
  first = stored_numbers(codebook, _MEAN, _AXES)
  with monkeypatch.context() as patch:
    patch.setattr(Codebook, "numbers", lambda *_: pytest.fail("made again"))
    np.testing.assert_array_equal(stored_numbers(codebook, _MEAN, _AXES), first)
  # Whatever decides the numbers decides the file.
  stored_numbers(codebook, _MEAN, 2 * _AXES)
  stored_numbers(Codebook(generator, "W", 300, 6), _MEAN, _AXES)
  assert len(list(cached.iterdir())) == 3


def test_a_damaged_file_is_made_again(generator, cached):
  codebook = Codebook(generator, "W", 300, 5)
  first = stored_numbers(codebook, _MEAN, _AXES)
  (path,) = cached.iterdir()
  whole = path.read_bytes()
  nothing = np.full((300, 3), np.nan, np.float32)
  for damage in (b"", b"letter", whole[:200]):
    path.write_bytes(damage)
    np.testing.assert_array_equal(stored_numbers(codebook, _MEAN, _AXES), first)
    assert path.read_bytes() == whole
  np.save(path, nothing)
  np.testing.assert_array_equal(stored_numbers(codebook, _MEAN, _AXES), first)


def test_a_cache_that_cannot_be_written_costs_time_only(generator, tmp_path, monkeypatch):
  (tmp_path / "file").write_text("no folder")
  monkeypatch.setenv("PRIVAI_CACHE_DIR", str(tmp_path / "file"))
  monkeypatch.setattr(codebook_files, "_LEAST_CODES", 100)
  codebook = Codebook(generator, "W", 300, 5)
  np.testing.assert_array_equal(
    stored_numbers(codebook, _MEAN, _AXES), codebook.numbers(_MEAN, _AXES)
  )


def test_codes_of_z_and_small_codebooks_are_not_kept(generator, cached):
  stored_numbers(Codebook(generator, "Z", 300, 5), _MEAN, _AXES)
  stored_numbers(Codebook(generator, "W", 99, 5), _MEAN, _AXES)
  assert not cached.exists()
