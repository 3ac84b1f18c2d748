"""Grey and transparent networks: photos in, pictures out."""

import numpy as np
import pytest

from privai_tf.errors import ConfigurationError
from privai_tf.generators.channels import from_rgb, to_rgb


def test_grey_is_brightness_and_back_it_is_grey():
  images = np.array([[[1, -1, -1], [-1, 1, -1], [-1, -1, 1], [0.5, 0.5, 0.5]]], np.float32)
  grey = from_rgb(images, 1)
  np.testing.assert_allclose(grey[0, :, 0], [-0.402, 0.174, -0.772, 0.5], atol=1e-6)
  assert grey.dtype == np.float32
  assert to_rgb(np.full((2, 2, 1), 7, np.uint8)).tolist() == [[[7] * 3] * 2] * 2


def test_colours_stay():
  images = np.random.default_rng(0).uniform(-1, 1, (2, 4, 4, 3)).astype(np.float32)
  assert np.array_equal(from_rgb(images, 3), images)
  assert np.array_equal(from_rgb(images, 4)[..., :3], images)
  assert (from_rgb(images, 4)[..., 3] == 1).all()
  pixels = np.random.default_rng(1).integers(0, 256, (4, 4, 3), np.uint8)
  assert np.array_equal(to_rgb(pixels), pixels)


def test_what_is_transparent_is_white():
  pixels = np.array([[[10, 20, 30, 255], [10, 20, 30, 0], [0, 0, 0, 51]]], np.uint8)
  assert to_rgb(pixels).tolist() == [[[10, 20, 30], [255] * 3, [204] * 3]]


@pytest.mark.parametrize("channels", [2, 5])
def test_other_numbers_are_no_pictures(channels):
  with pytest.raises(ConfigurationError, match=f"have {channels} channels"):
    from_rgb(np.zeros((1, 3)), channels)
  with pytest.raises(ConfigurationError, match=f"have {channels} channels"):
    to_rgb(np.zeros((1, channels), np.uint8))
