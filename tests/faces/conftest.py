"""Photos and faces that several tests use."""

import importlib.util
import pathlib

import numpy as np
import pytest

from privai_tf.faces.detection import Detection


@pytest.fixture(scope="session")
def astronaut() -> np.ndarray:
  """NASA's portrait of Eileen Collins, public domain: uint8 [512, 512, 3]."""
  return pytest.importorskip("skimage.data").astronaut()


@pytest.fixture(scope="session")
def astronaut_face() -> Detection:
  """Where the astronaut's eyes and mouth are, to a pixel, read off by eye."""
  return Detection(
    box=(181.0, 61.0, 267.0, 173.0),
    eyes=((204.0, 101.5), (247.0, 103.5)),
    mouth=((202.0, 139.0), (245.5, 141.0)),
    confidence=1.0,
  )


@pytest.fixture(scope="session")
def odd_files():
  """The module that makes a folder of odd files."""
  path = pathlib.Path(__file__).with_name("odd_files.py")
  spec = importlib.util.spec_from_file_location("odd_files", path)
  module = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(module)
  return module
