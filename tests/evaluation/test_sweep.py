"""A sweep as a picture, and images in rows."""

import types

import numpy as np
import pytest

from privai_tf.attributes.boundary import Boundary
from privai_tf.errors import ConfigurationError
from privai_tf.evaluation.sheets import sheet
from privai_tf.evaluation.sweep import plot_sweep
from privai_tf.privacy.accounting.attackers import attacker_bound

_BOUNDARY = Boundary(np.array([1.0, 0.0, 0.0]), latent_space="W", name="smile")


def _release(latents, epsilon):
  guarantee = types.SimpleNamespace(epsilon=epsilon, delta=0.0)
  return types.SimpleNamespace(latents=latents, guarantee=guarantee)


@pytest.mark.parametrize("shape", [(2, 3), (2, 5, 3)])
def test_every_coordinate_is_where_it_lies(shape):
  latents = np.random.default_rng(0).normal(size=shape)
  releases = [_release(latents + epsilon, epsilon) for epsilon in (4.0, 1.0)]
  left, right = plot_sweep(latents, releases, _BOUNDARY).axes
  before = latents.reshape(2, -1, 3)[..., 0].mean(axis=1)
  curves = [line.get_ydata() for line in left.lines if len(line.get_xdata()) == 2][::2]
  for face in range(2):
    np.testing.assert_allclose(curves[face], before[face] + np.array([1.0, 4.0]))
  np.testing.assert_allclose(
    right.lines[0].get_ydata(), [100 * attacker_bound(epsilon, 0.0) for epsilon in (1.0, 4.0)]
  )
  assert [label.get_text() for label in left.get_xticklabels()] == ["1", "4"]
  assert all(axes.get_xlabel() and axes.get_ylabel() for axes in (left, right))


def test_releases_of_other_latents_are_refused():
  latents = np.zeros((2, 3))
  for releases in ([], [_release(np.zeros((3, 3)), 1.0)]):
    with pytest.raises(ConfigurationError, match="plot_sweep needs"):
      plot_sweep(latents, releases, _BOUNDARY)


def test_rows_of_images():
  rows = [np.full((3, 8, 8, 3), value, np.float32) for value in (-1, 1)]
  made = sheet(rows)
  assert made.size == (3 * 10 - 2, 2 * 10 - 2)
  assert made.getpixel((0, 0)) == (0, 0, 0)
  assert made.getpixel((0, 10)) == (255, 255, 255)
  assert sheet([row[..., :1] for row in rows]).size == made.size
  with pytest.raises(ConfigurationError, match="one shape"):
    sheet([rows[0], rows[1][:2]])
