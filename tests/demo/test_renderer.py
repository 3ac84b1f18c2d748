"""The renderer: same factors, same portrait; each factor changes its own part of the picture."""

import subprocess
import sys

import numpy as np
import pytest

from privai_tf.demo import renderer
from privai_tf.demo.factors import NAMES, labels, sample_factors
from privai_tf.demo.renderer import render


@pytest.fixture(scope="module")
def portraits():
  factors = sample_factors(40, seed=3)
  return factors, render(factors, 64)


def test_shape_range_and_type(portraits):
  _, images = portraits
  assert images.shape == (40, 64, 64, 3)
  assert images.dtype == np.float32
  assert images.min() >= -1
  assert images.max() <= 1
  assert images.std() > 0.3


def test_same_factors_same_portrait_whatever_the_batch(portraits):
  factors, images = portraits
  np.testing.assert_array_equal(render(factors[:8], 64), images[:8])
  np.testing.assert_allclose(render(factors[33:35], 64), images[33:35], atol=1e-5)
  np.testing.assert_array_equal(renderer.portraits(8, seed=3, resolution=64), images[:8])
  many = render(np.concatenate([factors] * 3), 64)  # Compiled.
  np.testing.assert_allclose(many[:40], images, atol=1e-4)
  assert len(render(factors[:0], 64)) == 0


def _change(factor, low=-2.0, high=2.0):
  """Mean absolute change over portraits, [64, 64]."""
  factors = sample_factors(6, seed=4)
  factors[:, NAMES.index("beard")] = -2
  two = []
  for value in (low, high):
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
  assert change[36:43, 26:38].mean() > 0.1  # The nose.
  assert change[20:44, 12:18].mean() > 0.1  # The outline at the left.
  assert change[:20, :6].mean() < 0.01  # A corner of the background.


def test_edges_are_smooth(portraits):
  """Rendering larger and averaging gives the same picture: nothing depends on the pixel grid."""
  factors, images = portraits
  large = render(factors[:8], 128).reshape(8, 64, 2, 64, 2, 3).mean((2, 4))
  assert np.abs(large - images[:8]).mean() < 0.01


def test_factors_are_normal_and_age_goes_with_eyeglasses():
  factors = sample_factors(20000, seed=5)
  # Standard errors are below 0.008; 5 of them make a false alarm rarer than 1 in 10^5.
  np.testing.assert_allclose(factors.mean(0), 0, atol=0.04)
  np.testing.assert_allclose(factors.std(0), 1, atol=0.04)
  correlation = np.corrcoef(factors.T)
  assert correlation[0, 1] == pytest.approx(0.3, abs=0.04)
  correlation[0, 1] = correlation[1, 0] = 0
  np.testing.assert_allclose(correlation, np.eye(len(NAMES)), atol=0.04)
  assert labels(factors).shape == (20000, 5)


def test_import_is_cheap():
  code = "import sys, privai_tf.demo.factors, privai_tf.demo.renderer; assert 'tensorflow' not in sys.modules"
  subprocess.run([sys.executable, "-c", code], check=True)
