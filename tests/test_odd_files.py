"""Odd files of every format, to every reader: one line of ours or success, and nothing left behind."""

import collections
import contextlib
import os
import resource
import time

import numpy as np
import pytest

from privai_tf.errors import PrivaiError
from tests import odd


def _numbers(content) -> None:
  """Reads the tensors of a PyTorch file."""
  if isinstance(content, dict):
    for value in content.values():
      _numbers(value)
  elif hasattr(content, "storage"):
    np.asarray(content)


def _read_torch(folder):
  from privai_tf.converters.pytorch import read_torch_file

  _numbers(read_torch_file(folder / "a.pth").content)


def _read_pickle(folder):
  from privai_tf.converters.reading import read_any_file

  read_any_file(folder / "a.pkl")


def _read_openvino(folder):
  from privai_tf.converters.openvino_ir import read_ir

  read_ir(folder / "a.xml", folder / "a.bin")


def _read_picture(folder):
  from privai_tf.faces import load_image

  load_image(folder / "a.picture")


def _content(path) -> bytes:
  """What a request brings; pipes do not travel."""
  return path.read_bytes() if path.is_file() else b""


def _read_upload(folder):
  from privai_tf.serving.gateway.pictures import decode_upload

  decode_upload(_content(folder / "a.picture"), 1_000_000)


def _read_form(folder):
  from privai_tf.serving.gateway.uploads import image_of_form

  image_of_form(_content(folder / "a.form"), "multipart/form-data; boundary=B")


def _read_latent_body(folder):
  from privai_tf.serving.gateway.release_routes import _latent
  from privai_tf.serving.gateway.schemas import latent_model

  _latent(_content(folder / "a.json"), latent_model((16,)))


def _read_array(folder):
  from privai_tf.attributes.arrays import read_codes

  read_codes(folder / "codes.npy", "W")


def _read_boundary(folder):
  from privai_tf.attributes.boundary import Boundary

  Boundary.load(folder / "smile_w_boundary.npy", latent_space="W")


def _read_subspace(folder):
  from privai_tf.attributes.subspaces import AttributeSubspace

  AttributeSubspace.load(folder / "s.npz", "W")


def _read_checkpoint(folder):
  from privai_tf.generators import load_generator

  load_generator(folder)


def _read_encoder(folder):
  from privai_tf.inversion.encoder import load_encoder

  load_encoder(folder)


def _read_classifier(folder):
  from privai_tf.attributes.classifier import load_classifier

  load_classifier(folder)


def _read_records(folder):
  from privai_tf.faces import decode_image
  from privai_tf.jobs.records import read_records

  (path,) = folder.iterdir()
  for _, source, data in read_records(path):
    if isinstance(data, PrivaiError):
      raise data
    decode_image(data, source)


def _read_list(folder):
  from privai_tf.jobs.input_paths import input_paths

  input_paths(f"@{folder / 'list.txt'}")


def _read_labels(folder):
  from privai_tf.toolkit.labelled_pictures import read_labelled

  read_labelled(folder, folder / "labels.csv")


def _read_tokens(folder):
  from privai_tf.serving.gateway.tokens import read_callers

  read_callers(folder / "tokens.json")


@pytest.fixture
def readers(small_codes_generator):
  """By format: what reads it, given the folder it lies in."""

  def latents(folder):
    from privai_tf.inversion import load_latents

    load_latents(folder / "codes.npy", small_codes_generator, "W")

  pictures = ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP", "PPM")
  return {
    **dict.fromkeys(pictures, _read_picture),
    "upload": _read_upload,
    "form": _read_form,
    "latent body": _read_latent_body,
    "latents": latents,
    "array": _read_array,
    "boundary": _read_boundary,
    "subspace": _read_subspace,
    "checkpoint": _read_checkpoint,
    "encoder": _read_encoder,
    "classifier": _read_classifier,
    "records": _read_records,
    "compressed records": _read_records,
    "list": _read_list,
    "labels": _read_labels,
    "pickle": _read_pickle,
    "stream": _read_torch,
    "zip": _read_torch,
    "openvino": _read_openvino,
    "tokens": _read_tokens,
  }


@pytest.fixture
def small_codes_generator(tiny_checkpoint):
  """The tiny generator."""
  import privai_tf

  return privai_tf.load_generator(tiny_checkpoint)


def _try_all(count: int, seed: int, readers, folder) -> collections.Counter:
  """Reads so many odd files; fails at the first that gives anything but success or one line."""
  outcomes: collections.Counter = collections.Counter()
  before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
  for number, case in enumerate(odd.cases(count, seed)):
    place = folder / f"{number}"
    place.mkdir()
    case.write(place)
    words = f"case {number} of seed {seed} ({case.format}, {case.change})"
    began = time.process_time()
    try:
      readers[case.format](place)
      outcomes["read"] += 1
      message = "read"
    except PrivaiError as error:
      outcomes["refused"] += 1
      message = str(error)
    except Exception as error:
      raise AssertionError(words) from error
    assert "\n" not in message, words
    assert 0 < len(message) < 3000, words
    assert time.process_time() - began < 10, words
    assert {path.name for path in place.iterdir()} == set(case.files), words
    for name in case.files:
      (place / name).unlink()
    place.rmdir()
  assert os.listdir(folder) == []
  grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
  assert grown < 1_500_000, f"{grown} kB more"
  return outcomes


def test_every_format_is_read_when_it_is_sound(readers, tmp_path):
  """Or refused for what the small samples lack: weights, networks."""
  assert set(readers) == set(odd.FORMATS)
  lacking = set()
  for number, (name, make) in enumerate(odd.FORMATS.items()):
    folder = tmp_path / str(number)
    folder.mkdir()
    odd.Case(name, "none", make()).write(folder)
    try:
      readers[name](folder)
    except PrivaiError:
      lacking.add(name)
  assert lacking <= {"openvino", "pickle"}


def test_odd_files(readers, tmp_path):
  outcomes = _try_all(312, 16, readers, tmp_path)
  assert outcomes["refused"] > 150
  assert outcomes["read"] > 20


@pytest.mark.very_slow
def test_many_odd_files(readers, tmp_path):
  with contextlib.suppress(KeyError):
    print(os.environ["ODD_SEED"])
  seed = int(os.environ.get("ODD_SEED", "1"))
  began = time.process_time()
  outcomes = _try_all(5000, seed, readers, tmp_path)
  peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
  print(
    f"5000 files: {dict(outcomes)}, {time.process_time() - began:.0f} s, peak {peak // 1000} MB"
  )
