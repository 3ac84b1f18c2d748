"""How far a solved program is from the best of *all* mechanisms: a bound by duality.

Let prices lambda be given. A column (S, y) is worth its cost less `sum_x lambda_x level_x`; the best
set for a value y is `{x : mass_x loss(x, y) < lambda_x}`, which makes that

    f(y) = sum_x min(v_x, ratio v_x),    v_x = mass_x loss(x, y) - lambda_x.

Is f nowhere negative, then no mechanism whatever has an expected loss below `sum lambda`; is its
minimum -t, then none has one below `sum lambda - N t / (1 + ratio (N - 1))`. f is piecewise a parabola or
a line in y, so its minimum is found exactly. Prices that are good enough come from column
generation: the program over all sets with a finite list of outputs, to which those y are added
where f is negative.
"""

import numpy as np

from privai_tf.privacy.extremal.program import Program, losses

_ROUNDS = 20
_STARTS = 15
_NEGATIVE = -1e-11


def duality_gap(program: Program, wanted: float = 1e-7) -> float:
  """An upper bound of what any mechanism could do better, as a share of the optimum.

  Args:
    program: solved.
    wanted: where to stop.

  Returns:
    `(optimum - lower bound) / optimum`, >= 0 but for rounding.
  """
  outputs = _starts(program)
  prices, best = program.prices, -np.inf
  for _ in range(_ROUNDS):
    values, worth = _worth(program, prices)
    number = len(program.points)
    slack = max(0.0, -worth.min()) / (1 + program.ratio * (number - 1))
    best = max(best, prices.sum() - number * slack)
    if program.optimum - best <= wanted * program.optimum:
      break
    outputs = np.unique(np.concatenate([outputs, values[_valleys(worth)]]))
    prices = _prices(program, outputs)
  return float((program.optimum - best) / program.optimum)


def _starts(program: Program) -> np.ndarray:
  """The outputs to begin with: the program's own and some points."""
  number = len(program.points)
  some = program.points[np.linspace(0, number - 1, min(number, _STARTS)).astype(int)]
  return np.unique(np.concatenate([program.values, some]))


def _worth(program: Program, prices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  """Values y at which f can be least, ascending, and f there."""
  points, mass, ratio = program.points, program.mass, program.ratio
  reach = np.maximum(prices, 0) / mass
  reach = np.sqrt(reach) if program.loss == "l2" else reach
  ends = np.unique(np.concatenate([points - reach, points + reach, points]))
  ends = ends[(ends >= points[0]) & (ends <= points[-1])]
  values = ends
  if program.loss == "l2":  # Between two ends f is one parabola.
    middles = (ends[1:] + ends[:-1]) / 2
    inside = mass * losses(points, middles, "l2") < prices
    weights = np.where(inside, 1.0, ratio) * mass
    bottoms = np.clip(weights @ points / weights.sum(axis=1), ends[:-1], ends[1:])
    values = np.unique(np.concatenate([ends, bottoms]))
  worth = mass * losses(points, values, program.loss) - prices
  return values, np.minimum(worth, ratio * worth).sum(axis=1)


def _valleys(worth: np.ndarray) -> np.ndarray:
  """Where f is negative and no neighbour lower."""
  padded = np.concatenate([[np.inf], worth, [np.inf]])
  lowest = (worth <= padded[:-2]) & (worth <= padded[2:])
  return np.flatnonzero(lowest & (worth < _NEGATIVE))


def _prices(program: Program, outputs: np.ndarray) -> np.ndarray:
  """Dual prices of `sum_j P(j | x) = 1` over all mechanisms on a list of outputs.

  Variables are P(j | x), cell after cell for each output, and the outputs' upper levels h_j:
  `ratio h_j <= P(j | x) <= h_j`.
  """
  from scipy import sparse
  from scipy.optimize import linprog

  number, count = len(program.points), len(outputs)
  each = sparse.identity(number * count, format="csr")
  level = sparse.kron(sparse.identity(count), np.ones((number, 1)), format="csr")
  bounds = sparse.vstack(
    [sparse.hstack([each, -level]), sparse.hstack([-each, program.ratio * level])], format="csr"
  )
  sums = sparse.kron(np.ones((1, count)), sparse.identity(number))
  sums = sparse.hstack([sums, sparse.csr_matrix((number, count))], format="csr")
  costs = program.mass * losses(program.points, outputs, program.loss)
  solved = linprog(
    np.concatenate([costs.ravel(), np.zeros(count)]),
    A_ub=bounds,
    b_ub=np.zeros(bounds.shape[0]),
    A_eq=sums,
    b_eq=np.ones(number),
    # On these programs ten to a hundred times as fast as the simplex method.
    method="highs-ipm",
  )
  return solved.eqlin.marginals
