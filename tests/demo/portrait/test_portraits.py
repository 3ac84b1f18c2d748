"""The renderer of 256 pixels: the same factors are the same portrait, each factor has its place."""

import subprocess
import sys

import numpy as np
import pytest

from privai_tf.demo import portrait
from privai_tf.demo.factors import NAMES, sample_factors
from privai_tf.demo.portrait import render
from privai_tf.demo.portrait.look import Look

_PALETTES = {
  "skin": "skin",
  "hair_color": "hair",
  "eye_color": "iris",
  "background_hue": "background",
  "background_brightness": "background",
}


@pytest.fixture(scope="module")
def portraits():
  factors = sample_factors(8, seed=3)
  return factors, render(factors, 128)


def test_shape_range_and_type(portraits):
  _, images = portraits
  assert images.shape == (8, 128, 128, 3)
  assert images.dtype == np.float32
  assert images.min() >= -1
  assert images.max() <= 1
  assert images.std() > 0.3
  assert render(sample_factors(1, seed=3)).shape == (1, 256, 256, 3)
  assert render(np.empty((0, len(NAMES)))).shape == (0, 256, 256, 3)


def test_same_factors_same_portrait_whatever_the_batch(portraits):
  factors, images = portraits
  np.testing.assert_array_equal(render(factors[5:6], 128), images[5:6])
  np.testing.assert_array_equal(portrait.portraits(8, seed=3, resolution=128)[5:6], images[5:6])


@pytest.mark.parametrize("resolution", [64, 256])
def test_every_size_is_the_same_picture(portraits, resolution):
  factors, images = portraits
  large, small = sorted((images[:2], render(factors[:2], resolution)), key=lambda i: -i.shape[1])
  side, scale = small.shape[1], large.shape[1] // small.shape[1]
  averaged = large.reshape(2, side, scale, side, scale, 3).mean((2, 4))
  np.testing.assert_allclose(averaged, small, atol=1e-5)


@pytest.mark.parametrize(("factor", "color"), _PALETTES.items())
def test_palettes_are_straight_lines(factor, color):
  """A colour goes as far from 1 to 2 deviations as from -1 to 0, and stays a colour beyond."""
  rows = np.zeros((7, len(NAMES)))
  rows[:, NAMES.index("age")] = -6  # No grey hair.
  rows[:, NAMES.index(factor)] = (-9, -2, -1, 0, 1, 2, 9)
  colors = np.stack([getattr(Look.of(row), color) for row in rows])
  steps = np.diff(colors[1:-1], axis=0)
  np.testing.assert_allclose(steps, np.tile(steps[:1], (4, 1)), atol=1e-6)
  assert np.abs(steps).max() > 0.05
  assert colors.min() > 0
  assert colors.max() < 1.1
  assert np.abs(np.diff(colors, axis=0)[[0, -1]]).max() < np.abs(steps).max()


def _change(factor):
  """Mean absolute change from -2 to 2 deviations, [64, 64]."""
  factors = sample_factors(6, seed=4)
  factors[:, NAMES.index("beard")] = -2
  two = []
  for value in (-2.0, 2.0):
    factors[:, NAMES.index(factor)] = value
    two.append(render(factors, 64))
  return np.abs(two[1] - two[0]).mean(axis=(0, 3))


@pytest.mark.parametrize(
  ("factor", "rows", "columns"),
  [
    ("smile", slice(40, 52), slice(22, 42)),  # The mouth.
    ("eyeglasses", slice(24, 37), slice(12, 52)),  # The eyes.
    ("eye_color", slice(26, 34), slice(20, 44)),
    ("background_hue", slice(0, 20), slice(0, 8)),  # A corner.
    ("background_brightness", slice(0, 20), slice(56, 64)),
    ("hair_color", slice(6, 16), slice(20, 44)),  # The top of the head.
    ("skin", slice(34, 40), slice(20, 44)),  # The cheeks.
  ],
)
def test_a_factor_changes_its_own_part(factor, rows, columns):
  change = _change(factor)
  inside = change[rows, columns].mean()
  outside = (change.sum() - change[rows, columns].sum()) / (
    change.size - change[rows, columns].size
  )
  assert inside > 0.03
  assert inside > 1.4 * outside


def test_a_turn_moves_nose_and_outline():
  change = _change("pose")
  assert change[36:43, 26:38].mean() > 0.05  # The nose.
  assert change[20:44, 12:18].mean() > 0.1  # The outline at the left.
  assert change[:20, :6].mean() < 0.01  # A corner of the background.


def test_a_portrait_changes_smoothly():
  """A network can learn only what has no jumps: small steps in any factor are small changes."""
  start = sample_factors(1, seed=6)
  steps = np.concatenate([start, start + 0.01 * np.eye(len(NAMES), dtype=np.float32)])
  images = render(steps, 128)
  # A step of the steepest amount, glasses, is 0.035; half of that with edges that move.
  assert np.abs(images[1:] - images[:1]).max() < 0.15


def test_import_is_cheap():
  code = "import sys, privai_tf.demo.portrait; assert 'tensorflow' not in sys.modules"
  subprocess.run([sys.executable, "-c", code], check=True)
