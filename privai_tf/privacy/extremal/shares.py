"""One epsilon among several numbers: the shares whose summed expected error is least."""

import functools
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from privai_tf.privacy.extremal.cells import make_cells
from privai_tf.privacy.extremal.program import solve
from privai_tf.privacy.figures import double_down

_PARTS = 16
_CELLS = 21  # Enough to compare errors, and fast.


def best_shares(samples: Sequence[np.ndarray], epsilon: float, loss: str) -> tuple[float, ...]:
  """Shares in sixteenths (or finer, for more than eight numbers), none of them zero.

  The error of a number falls the faster the more it has already got, at first: a budget shared
  equally need not be shared well. So all divisions are looked at, one number after another.

  Args:
    samples: public numbers of each coordinate, float64 [n].
    epsilon: of all of them.
    loss: "l1" or "l2".

  Returns:
    Epsilons, whose exact sum is at most `epsilon`.
  """
  count = len(samples)
  parts = max(_PARTS, 2 * count)
  unit = Fraction(epsilon) / parts
  most = parts - count + 1  # What one can have if each other gets a part.
  epsilons = [double_down(unit * number) for number in range(1, most + 1)]
  errors = [_errors(samples[index], epsilons, loss) for index in range(count)]

  @functools.cache
  def best(index: int, left: int) -> tuple[float, tuple[int, ...]]:
    if index == count - 1:
      return (errors[index][left - 1], (left,))
    others = count - index - 1
    choices = []
    for number in range(1, left - others + 1):
      error, rest = best(index + 1, left - number)
      choices.append((errors[index][number - 1] + error, (number, *rest)))
    return min(choices)

  return tuple(epsilons[number - 1] for number in best(0, parts)[1])


def _errors(samples: np.ndarray, epsilons: Sequence[float], loss: str) -> list[float]:
  cells = make_cells(samples, _CELLS)
  return [solve(cells.points, cells.mass, value, loss).optimum for value in epsilons]
