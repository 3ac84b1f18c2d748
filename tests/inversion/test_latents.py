"""Latent codes from files: the right ones pass, all others get one line."""

import json

import numpy as np
import pytest

from privai_tf.errors import InputError, LatentSpaceError
from privai_tf.inversion import load_latents


@pytest.fixture
def save(tmp_path):
  def write(values, **options):
    np.save(tmp_path / "codes.npy", values, **options)
    return tmp_path / "codes.npy"

  return write


@pytest.mark.parametrize(("space", "shape"), [("W", (4, 8)), ("Z", (1, 8)), ("W+", (2, 3, 8))])
@pytest.mark.parametrize("kind", ["float16", "float32", "float64", "int32", ">f4"])
def test_good_files(tiny, save, space, shape, kind):
  values = np.arange(np.prod(shape)).reshape(shape).astype(kind)
  found = load_latents(save(values), tiny, space)
  assert found.dtype == np.float32
  assert found.flags.writeable
  assert not isinstance(found, np.memmap)
  np.testing.assert_array_equal(found, values.astype(np.float32))


@pytest.mark.parametrize(
  ("space", "shape"),
  [("W", (8,)), ("W", (2, 9)), ("W", (2, 3, 8)), ("W+", (2, 8)), ("W+", (2, 4, 8)), ("Z", ())],
)
def test_shape_of_another_space(tiny, save, space, shape):
  with pytest.raises(LatentSpaceError, match=r"codes\.npy has shape") as caught:
    load_latents(save(np.zeros(shape, np.float32)), tiny, space)
  assert "\n" not in str(caught.value)


def test_unknown_space(tiny, save):
  with pytest.raises(LatentSpaceError, match="S"):
    load_latents(save(np.zeros((1, 8))), tiny, "S")


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_not_finite(tiny, save, value):
  values = np.zeros((5, 8))
  values[3, 2] = value
  with pytest.raises(InputError, match="code 3 is not finite"):
    load_latents(save(values), tiny, "W")


def test_no_codes(tiny, save):
  with pytest.raises(InputError, match="no codes"):
    load_latents(save(np.zeros((0, 8), np.float32)), tiny, "W")


@pytest.mark.parametrize("values", [np.zeros((1, 8), complex), np.full((1, 8), "x"), [[True] * 8]])
def test_not_numbers(tiny, save, values):
  with pytest.raises(InputError, match="real numbers"):
    load_latents(save(values), tiny, "W")


class Bomb:
  def __reduce__(self):
    return (print, ("executed",))


def test_objects_are_never_unpickled(tiny, save, capsys):
  path = save(np.array([Bomb()], dtype=object), allow_pickle=True)
  with pytest.raises(InputError, match="Python objects"):
    load_latents(path, tiny, "W")
  assert "executed" not in capsys.readouterr().out


@pytest.mark.parametrize(
  ("content", "words"),
  [
    (b"", "not an .npy file"),
    (b"1 2 3\n", "not an .npy file"),
    (b"PK\x03\x04 an npz file", "not an .npy file"),
    (b"\x93NUMPY", "damaged"),
    (b"\x93NUMPY\x01\x00\xff\xff{", "damaged"),
    (b"\x93NUMPY\x09\x00\x10\x00{}", "damaged"),
  ],
)
def test_not_an_array(tiny, tmp_path, content, words):
  (tmp_path / "codes.npy").write_bytes(content)
  with pytest.raises(InputError, match=words) as caught:
    load_latents(tmp_path / "codes.npy", tiny, "W")
  assert "\n" not in str(caught.value)


def test_header_that_promises_a_terabyte(tiny, tmp_path):
  header = (
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (40000000000, 8), }".ljust(117) + b"\n"
  )
  content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(64)
  (tmp_path / "codes.npy").write_bytes(content)
  with pytest.raises(InputError, match="damaged"):
    load_latents(tmp_path / "codes.npy", tiny, "W")


def test_truncated(tiny, save):
  path = save(np.zeros((100, 8), np.float32))
  path.write_bytes(path.read_bytes()[:-50])
  with pytest.raises(InputError, match="damaged"):
    load_latents(path, tiny, "W")


def test_places(tiny, tmp_path):
  for path, words in ((tmp_path, "not a file"), (tmp_path / "absent.npy", "No such file")):
    with pytest.raises(InputError, match=words):
      load_latents(path, tiny, "W")


def test_one_face_as_encoders_save_it(tiny, tmp_path):
  """[L, d] is one face in W+, and never L people in W."""
  layers, width = tiny.code_shape("W+")
  code = np.random.default_rng(0).normal(size=(layers, width)).astype(np.float32)
  path = tmp_path / "face.npy"
  np.save(path, code)
  np.testing.assert_array_equal(load_latents(path, tiny, "W+"), code[np.newaxis])
  with pytest.raises(LatentSpaceError, match=rf"one face in W\+ .*, or {layers} faces in W"):
    load_latents(path, tiny, "W")
  # What says that it is W is W.
  record = {"codes": {"face.npy": "W"}, "checkpoint": {}}
  (tmp_path / "run.json").write_text(json.dumps(record))
  assert load_latents(path, tiny, "W").shape == (layers, width)
