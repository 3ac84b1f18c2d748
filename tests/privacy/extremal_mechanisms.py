"""Extremal mechanisms calibrated on the quantiles of a normal distribution."""

import numpy as np
from scipy import stats

from privai_tf.privacy.mechanisms import make_mechanism


def normal(number):
  return stats.norm.ppf((np.arange(number) + 0.5) / number)


def extremal(epsilon=1.0, samples=61, loss="l2"):
  samples = normal(samples) if isinstance(samples, int) else samples
  return make_mechanism("extremal", epsilon=epsilon, samples=samples, loss=loss)
