"""A program's probabilities as integers over one denominator, and the proof of their privacy.

A solver's numbers are right to some digits, and a promise needs all of them. So probabilities become
integers whose sum is exactly 2^62 for every cell, and then, in integer arithmetic, every ratio of
two of them for one output is compared with a rational that is at most e^epsilon.
"""

from fractions import Fraction

import numpy as np

from privai_tf.privacy.sampling.digits import exp_bounds

# A power of two below 2^63: a uniform integer below it is one word, never rejected.
DENOMINATOR = 1 << 62
_DIGITS = 40


def integer_table(members: np.ndarray, weights: np.ndarray, ratio: float) -> np.ndarray:
  """Probabilities of outputs in units of 2^-62.

  Args:
    members: bool [m, N], which cells make an output likely.
    weights: float64 [m], P(output | such a cell).
    ratio: of the probability from the other cells.

  Returns:
    int64 [N, m], rows summing to 2^62 exactly. What rounding leaves goes to the row's largest
    number, of which it is the smallest share.
  """
  shares = np.where(members, 1.0, ratio) * weights[:, np.newaxis]
  table = np.floor(shares.T * float(DENOMINATOR)).astype(np.int64)
  left = [DENOMINATOR - sum(row) for row in table.tolist()]
  table[np.arange(len(table)), table.argmax(axis=1)] += np.array(left, np.int64)
  return table


def rational_below_exp(epsilon: float) -> Fraction:
  """A rational number that is at most e^epsilon, by less than one part in 10^30.

  Args:
    epsilon: >= 0; taken for exact.
  """
  _, high = exp_bounds(-Fraction(epsilon), _DIGITS)
  return 1 / high


def is_private(table: np.ndarray, denominator: int, epsilon: float) -> bool:
  """Whether a table of probabilities is epsilon-DP, exactly.

  Args:
    table: integers [N, m], the probabilities of m outputs given each of N cells, times the
      denominator.
    denominator: what every row must sum to.
    epsilon: asked for.

  Returns:
    Whether every row is a distribution, and no output is more than e^epsilon times likelier from
    one cell than from another.
  """
  rows = table.tolist()
  if any(sum(row) != denominator or min(row) < 0 for row in rows):
    return False
  bound = rational_below_exp(epsilon)
  columns = zip(*rows, strict=True)
  return all(max(c) * bound.denominator <= min(c) * bound.numerator for c in columns)


def total_variation(table: np.ndarray, denominator: int) -> Fraction:
  """The largest total variation distance of two cells' outputs, exact.

  Args:
    table: int64 [N, m], probabilities times the denominator; rows sum to it.
    denominator: at most 2^62.

  Returns:
    In [0, 1].
  """
  rows = np.asarray(table, np.int64)
  most = 0
  for row in rows:  # Positive parts: each is below 2^62, and so is their sum.
    most = max(most, int(np.maximum(row - rows, 0).sum(axis=1).max()))
  return Fraction(most, denominator)
