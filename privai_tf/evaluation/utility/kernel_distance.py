"""KID: how far a set of pictures is from another one, on whatever features are at hand.

Binkowski, Sutherland, Arbel, Gretton, "Demystifying MMD GANs", ICLR 2018: the squared maximum mean
discrepancy under the cubic kernel `(x.y / d + 1)^3`, estimated without bias (so that it is 0 on average
for two sets of one distribution, and may be a little negative). On the Inception network's features this
is the published number; on others it has another scale, and the features must be named with it.
"""

import numpy as np

from privai_tf.errors import InputError


def kernel_distance(one: np.ndarray, other: np.ndarray) -> float:
  """Squared discrepancy of two sets.

  Args:
    one, other: [n, d] and [m, d] features, n and m at least 2.

  Raises:
    InputError: for fewer.
  """
  one, other = (np.asarray(values, np.float64) for values in (one, other))
  if min(len(one), len(other)) < 2:
    raise InputError("A kernel distance needs two pictures or more in each set.")
  within = [_off_diagonal(_kernel(values, values)) for values in (one, other)]
  return float(sum(within) - 2 * _kernel(one, other).mean())


def kernel_distances(
  one: np.ndarray, other: np.ndarray, size: int = 100, count: int = 50, seed: int = 0
) -> np.ndarray:
  """The distance on random subsets, as KID is reported: its mean and spread over them.

  Args:
    one, other: features; of one scale.
    size: of a subset (at most what there is).
    count: subsets.
    seed: of their choice.

  Returns:
    float64 [count].
  """
  random = np.random.default_rng(seed)
  size = min(size, len(one), len(other))
  pick = lambda values: values[random.choice(len(values), size, replace=False)]  # noqa: E731
  return np.array([kernel_distance(pick(one), pick(other)) for _ in range(count)])


def _kernel(one: np.ndarray, other: np.ndarray) -> np.ndarray:
  return (one @ other.T / one.shape[1] + 1) ** 3


def _off_diagonal(kernel: np.ndarray) -> float:
  n = len(kernel)
  return float((kernel.sum() - np.trace(kernel)) / (n * (n - 1)))
