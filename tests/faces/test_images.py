"""Photos as arrays: what a notebook takes."""

import types

import numpy as np
import pytest
from PIL import Image

from privai_tf.errors import ConfigurationError, InputError
from privai_tf.faces.images import load_images
from privai_tf.faces.spec import FaceSpec


def _generator(resolution=16, num_channels=3):
  return types.SimpleNamespace(resolution=resolution, num_channels=num_channels)


@pytest.fixture
def folder(tmp_path):
  for name, value in (("b.png", 255), ("a.png", 0)):
    Image.new("RGB", (16, 16), (value,) * 3).save(tmp_path / name)
  return tmp_path


def test_in_the_order_of_names_as_the_generator_draws(folder):
  images = load_images(folder, _generator())
  assert (images.shape, images.dtype) == ((2, 16, 16, 3), np.float32)
  assert (images[0] == -1).all()
  assert (images[1] == 1).all()
  grey = load_images(str(folder / "b*.png"), _generator(num_channels=1))
  assert grey.shape == (1, 16, 16, 1)
  cut = load_images(folder, _generator(resolution=8), FaceSpec(align="none"))
  assert cut.shape == (2, 8, 8, 3)


def test_what_cannot_be_read_is_named(folder):
  (folder / "c.png").write_text("no picture")
  with pytest.raises(InputError, match=r"c\.png"):
    load_images(folder, _generator())
  with pytest.raises(InputError):
    load_images(folder / "none", _generator())
  with pytest.raises(ConfigurationError, match="paste back"):
    load_images(folder, _generator(), FaceSpec(paste_back=True))
