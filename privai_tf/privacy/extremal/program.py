"""The linear program: which sets of cells, with which probabilities, give the least expected error.

A column is a set S of cells, likelier by the factor e^epsilon to be named from inside than from
outside, and its best public value y. Sets that are intervals suffice for squared and absolute error
(`certificate` proves it for one program).
"""

import dataclasses

import numpy as np

from privai_tf.errors import ConfigurationError

LOSSES = ("l1", "l2")
_TINY = 1e-9


@dataclasses.dataclass(frozen=True, eq=False)
class Program:
  """A solved program.

  Attributes:
    points: float64 [N], ascending; mass: float64 [N], their probabilities, sum 1.
    ratio: exp(-epsilon), of the two levels.
    loss: "l1" or "l2".
    members: bool [m, N], the sets; values: float64 [m], their outputs, ascending.
    weights: float64 [m], P(output j | a cell of its set); outside it is `ratio` times that.
    optimum: the expected loss between points and outputs.
    prices: float64 [N], the dual solution.
  """

  points: np.ndarray
  mass: np.ndarray
  ratio: float
  loss: str
  members: np.ndarray
  values: np.ndarray
  weights: np.ndarray
  optimum: float
  prices: np.ndarray


def solve(points: np.ndarray, mass: np.ndarray, epsilon: float, loss: str) -> Program:
  """Solves the program over all intervals.

  Args:
    points: float64 [N], ascending.
    mass: float64 [N], positive, sum 1.
    epsilon: > 0.
    loss: "l1" (absolute error, outputs are medians) or "l2" (squared error, means).

  Raises:
    ConfigurationError: for another loss, or if the solver gives up.
  """
  from scipy.optimize import linprog

  if loss not in LOSSES:
    raise ConfigurationError(f"Unknown loss {loss!r}: use one of {', '.join(LOSSES)}.")
  number, ratio = len(points), float(np.exp(-epsilon))
  first, last = np.triu_indices(number)
  places = np.arange(number)
  members = (places >= first[:, np.newaxis]) & (places <= last[:, np.newaxis])
  levels = np.where(members, 1.0, ratio)
  values, costs = best_values(levels, points, mass, loss)
  exact = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
  solved = linprog(costs, A_eq=levels.T, b_eq=np.ones(number), method="highs", options=exact)
  if not solved.success:
    raise ConfigurationError(
      f"No extremal mechanism at epsilon = {epsilon:g} ({solved.message}); use laplace."
    )
  used = np.flatnonzero(solved.x > _TINY)
  used = used[np.argsort(values[used], kind="stable")]
  # The solver's row sums are 1 to ten digits; once more without what it does not use.
  weights = np.linalg.lstsq(levels[used].T, np.ones(number), rcond=None)[0]
  if weights.min() < 0 or abs(weights @ levels[used] - 1).max() > _TINY:
    weights = solved.x[used]
  return Program(
    points=points,
    mass=mass,
    ratio=ratio,
    loss=loss,
    members=members[used],
    values=values[used],
    weights=weights,
    optimum=float(weights @ costs[used]),
    prices=solved.eqlin.marginals,
  )


def best_values(
  levels: np.ndarray, points: np.ndarray, mass: np.ndarray, loss: str
) -> tuple[np.ndarray, np.ndarray]:
  """Posterior means (or medians) of columns, and what they cost.

  Args:
    levels: float64 [m, N], of P(output | cell).
    points, mass, loss: of the program.

  Returns:
    float64 [m] values, and float64 [m] costs `sum_x mass level loss(x, value)`.
  """
  weights = levels * mass
  # Means have the least squared error, medians the least absolute one.
  if loss == "l2":
    values = weights @ points / weights.sum(axis=1)
  else:
    sums = np.cumsum(weights, axis=1)
    values = points[(sums >= sums[:, -1:] / 2).argmax(axis=1)]
  return values, (weights * losses(points, values, loss)).sum(axis=1)


def losses(points: np.ndarray, values: np.ndarray, loss: str) -> np.ndarray:
  """What each value is off by at each point.

  Args:
    points: float64 [N].
    values: float64 [m], in the same unit.
    loss: "l1" (absolute error) or "l2" (squared).

  Returns:
    float64 [m, N].
  """
  distance = np.abs(points - values[:, np.newaxis])
  return distance if loss == "l1" else distance * distance
