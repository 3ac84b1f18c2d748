"""The factors of portraits: normal scores, of which two go together."""

import numpy as np
import pytest

from privai_tf.demo.factors import NAMES, labels, sample_factors


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
