"""How many candidates to draw at once, so that there is hardly ever a second round."""

import functools
import math

_RARITY = 64 * math.log(2)


@functools.lru_cache(maxsize=256)
def surplus(count: int, share: float) -> int:
  """So many candidates that fewer than `count` stand with probability below 2^-64 (Chernoff).

  The number depends on public figures only: a round costs the same whatever comes out of it.

  Args:
    count: how many are needed.
    share: a candidate's chance to stand, or less, in (0, 1).
  """
  if count == 0:
    return 0

  def enough(candidates: int) -> bool:
    # P(Bin(n, p) <= n q) <= exp(-n KL(q, p)) for q < p (Hoeffding 1963, theorem 1); n q = count - 1
    failures = (count - 1) / candidates
    if failures >= share:
      return False
    distance = (1 - failures) * math.log((1 - failures) / (1 - share))
    if failures > 0:
      distance += failures * math.log(failures / share)
    return candidates * distance >= _RARITY

  low, high = count, 2 * count
  while not enough(high):
    low, high = high, 2 * high
  while high - low > 1:
    middle = (low + high) // 2
    low, high = (low, middle) if enough(middle) else (middle, high)
  return high
