"""Utility figures on pictures whose figures are known."""

import numpy as np
import pytest

from privai_tf.errors import InputError
from privai_tf.evaluation.utility import faces_found, likeness
from privai_tf.evaluation.utility.figures import utility_figures
from privai_tf.evaluation.utility.kernel_distance import kernel_distance, kernel_distances
from privai_tf.faces.detection import CrowdError, Detection


@pytest.fixture(scope="module")
def pictures():
  random = np.random.default_rng(0)
  coarse = random.uniform(-0.5, 0.5, (3, 16, 16, 3)).astype(np.float32)
  return coarse.repeat(4, axis=1).repeat(4, axis=2)


def test_psnr_of_a_known_difference(pictures):
  np.testing.assert_allclose(likeness.psnr_db(pictures + 0.02, pictures), 40, atol=1e-3)
  np.testing.assert_allclose(likeness.psnr_db(pictures, pictures), 100)


def test_sharpness_of_a_checkerboard_and_of_a_plane():
  board = np.indices((8, 8)).sum(axis=0) % 2 * 2.0 - 1
  plane = np.linspace(-1, 1, 8) * np.ones((8, 1))
  images = np.repeat(np.stack([board, plane])[..., None], 3, axis=3)
  # Every middle point differs from its four neighbours by 2: Laplacian +-8, variance 64.
  np.testing.assert_allclose(likeness.sharpness(images), [64, 0], atol=1e-12)


def test_figures_of_equal_pictures(pictures):
  class Scorer:
    attributes = ("smile",)

    def scores(self, images):
      return images.mean(axis=(1, 2, 3))[:, None]

  found = utility_figures(pictures, pictures, scorer=Scorer())
  np.testing.assert_allclose(found["ms_ssim"], 1, atol=1e-5)
  np.testing.assert_allclose(found["sharpness_ratio"], 1)
  np.testing.assert_array_equal(found["agreement_smile"], 1)
  assert "lpips" not in found
  opposite = utility_figures(pictures, -pictures, scorer=Scorer())
  np.testing.assert_array_equal(opposite["agreement_smile"], 0)


def test_kernel_distance_is_unbiased_and_sees_a_shift():
  """False alarm of the first assertion below 1e-4: 4 standard errors over 200 subsets' spread."""
  random = np.random.default_rng(1)
  one, same, moved = random.standard_normal((3, 400, 8))
  equal = kernel_distances(one, same, size=100, count=50)
  assert abs(equal.mean()) < 0.05
  assert kernel_distance(one, moved + 1.0) > 1.0
  np.testing.assert_allclose(kernel_distance(one, moved), kernel_distance(moved, one))
  # By hand, one number: pairs (1, 1) within each set, (1, -1) across: 8 + 8 - 2 * 0.
  assert kernel_distance(np.ones((2, 1)), -np.ones((2, 1))) == pytest.approx(16)
  with pytest.raises(InputError, match="two pictures"):
    kernel_distance(one[:1], same)


def _face(x, scale=1.0):
  eyes = ((x, 10.0), (x + 10 * scale, 10.0))
  return Detection((0, 0, 20, 20), eyes, ((x, 20.0), (x + 10 * scale, 20.0)), 0.9)


def test_detector_figures(pictures):
  answers = [[_face(0.0)], [], [_face(0.0), _face(5.0)]]

  def detector(pixels):
    assert pixels.dtype == np.uint8
    return answers.pop(0)

  found = faces_found.detections(pictures, detector)
  np.testing.assert_array_equal(faces_found.exactly_one(found), [True, False, False])
  moved = faces_found.landmark_distance(found, [[_face(3.0)]] * 3)
  assert moved[0] == pytest.approx(0.3)
  assert np.isnan(moved[1:]).all()


def test_a_crowd_is_no_face(pictures):
  def detector(pixels):
    raise CrowdError

  assert not faces_found.exactly_one(faces_found.detections(pictures, detector)).any()
