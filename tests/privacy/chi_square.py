"""Chi-square tests of whole numbers against exact probabilities, and of two samplers.

They fail by chance with probability 1e-8 for each comparison.
"""

import numpy as np
from scipy import stats

FALSE_ALARM = 1e-8


def assert_distributed(values, probability, support):
  """Chi-square of `values` against `probability(support)`, all that is rarer in one more cell."""
  support = np.asarray(support)
  expected = len(values) * np.array([probability(int(value)) for value in support])
  common = expected >= 8
  support, expected = support[common], expected[common]
  counts = np.array([(values == value).sum() for value in support])
  rest = len(values) - expected.sum()
  statistic = ((counts - expected) ** 2 / expected).sum()
  cells = len(counts) - 1
  if rest >= 8:
    statistic += (len(values) - counts.sum() - rest) ** 2 / rest
    cells += 1
  assert cells >= 1
  assert stats.chi2.sf(statistic, cells) > FALSE_ALARM


def assert_same_distribution(first, second):
  """Two-sample chi-square of integers on 20 bins of equal mass."""
  edges = np.unique(np.quantile(np.concatenate([first, second]), np.linspace(0, 1, 21)))[1:-1]
  table = [
    np.bincount(np.searchsorted(edges, x, "right"), minlength=len(edges) + 1)
    for x in (first, second)
  ]
  table = np.array(table)[:, np.sum(table, axis=0) > 0]
  assert stats.chi2_contingency(table).pvalue > FALSE_ALARM
