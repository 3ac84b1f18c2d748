"""From counts to a confidence bound on epsilon.

#### References
Clopper and Pearson, Biometrika 1934; Jagielski, Ullman and Oprea, "Auditing Differentially Private
Machine Learning", NeurIPS 2020 (delta is subtracted from the likelier side).
"""

import math


def epsilon_lower_bound(
  hits: float,
  other_hits: float,
  samples: int,
  delta: float = 0.0,
  confidence: float = 0.95,
) -> float:
  """Lower bound on the epsilon of any (epsilon, delta) guarantee that holds.

  (epsilon, delta)-DP says `P(S) <= e^epsilon P'(S) + delta`, so
  `epsilon >= ln((P(S) - delta) / P'(S))` for every event S. P is bounded from below and P' from
  above, each by Clopper-Pearson with half of the error.

  Args:
    hits: how often the event happened on the side where it is likelier; may be fractional, for
      expected counts.
    other_hits: how often on the other side.
    samples: draws on each side; the event was fixed without looking at them.
    delta: the claim's delta.
    confidence: of the bound.

  Returns:
    The bound, at least 0.
  """
  from scipy import special

  error = (1 - confidence) / 2
  if hits <= 0:
    return 0.0
  low = float(special.betaincinv(hits, samples - hits + 1, error))
  high = 1.0
  if other_hits < samples:
    high = float(special.betaincinv(other_hits + 1, samples - other_hits, 1 - error))
  return max(0.0, math.log((low - delta) / high)) if low > delta else 0.0
