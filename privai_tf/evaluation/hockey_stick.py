"""An auditor that is not ours: the hockey-stick test of DP-Auditorium, rebuilt from its paper.

Kong, Munoz Medina, Ribero, Syed, "DP-Auditorium: a large scale library for auditing differential
privacy", IEEE S&P 2024 (no package of it is published). It sees outputs alone. A release is
(epsilon, delta)-DP exactly if, of examples that come from neighbour 0 with probability `1 / (1 +
e^epsilon)` and else from neighbour 1, no classifier tells which with an accuracy above `(e^epsilon +
delta) / (1 + e^epsilon)`. What a trained network reaches on fresh examples, less Hoeffding's margin,
bounds `delta(epsilon)`, the hockey-stick divergence, from below:

    accuracy (1 + e^epsilon) - e^epsilon = P_0(it says 0) - e^epsilon P_1(it says 0).

One network (three layers of 12, as theirs) is trained for all epsilons and its logit shifted by epsilon,
which is what training on the weighted examples estimates; epsilons of the grid share the error.
"""

import dataclasses
import math
import warnings
from collections.abc import Callable

import numpy as np

_LAYERS = (12, 12, 12)
_EPOCHS = 30
_GRID = 24


@dataclasses.dataclass(frozen=True)
class HockeyStick:
  """What the test found.

  Attributes:
    lower_bound: the largest epsilon of the grid that is refuted, at `confidence`; 0 if none is.
    claim_refuted: whether delta at the claimed epsilon is bounded above the claimed delta.
    divergence: the bound on delta at the claimed epsilon, may be negative.
    confidence: of both together.
    samples: examples of each neighbour that were tested.
  """

  lower_bound: float
  claim_refuted: bool
  divergence: float
  confidence: float
  samples: int


def hockey_stick_test(
  draws: tuple[np.ndarray, np.ndarray],
  epsilon: float,
  delta: float = 0.0,
  *,
  confidence: float = 0.95,
  seed: int = 0,
) -> HockeyStick:
  """Tests a claim on outputs of two neighbours.

  Args:
    draws: float [n, d] outputs of each neighbour, in random order; half trains, half tests.
    epsilon, delta: the claim.
    confidence: that a right claim is not refuted, and that the lower bound is one.
    seed: of the network.
  """
  halves = [np.array_split(np.asarray(side, np.float64), 2) for side in draws]
  logit = _logit([half[0] for half in halves], seed)
  ratios = [logit(half[1]) for half in halves]  # Of neighbour 0 against neighbour 1.
  size = min(map(len, ratios))
  grid = np.linspace(0, 1.5 * epsilon, _GRID, endpoint=False)
  error = (1 - confidence) / (
    2 * (_GRID + 1)
  )  # Both orders of the neighbours, and the claim itself.

  def bound(tested: float) -> float:
    return max(
      _divergence(ratios, tested, size, error), _divergence(_swapped(ratios), tested, size, error)
    )

  refuted = [float(one) for one in grid if bound(one) > delta]
  at_claim = bound(epsilon)
  return HockeyStick(max(refuted, default=0.0), at_claim > delta, at_claim, confidence, size)


def _divergence(ratios: list[np.ndarray], epsilon: float, size: int, error: float) -> float:
  """The bound on delta(epsilon), of 0 against 1."""
  says_0 = [float(np.mean(side > epsilon)) for side in ratios]
  weight = math.exp(epsilon)
  accuracy = (says_0[0] + weight * (1 - says_0[1])) / (1 + weight)
  accuracy -= math.sqrt(math.log(1 / error) / (2 * size))
  return accuracy * (1 + weight) - weight


def _swapped(ratios: list[np.ndarray]) -> list[np.ndarray]:
  return [-ratios[1], -ratios[0]]


def _logit(draws: list[np.ndarray], seed: int) -> Callable[[np.ndarray], np.ndarray]:
  """A network's log odds of neighbour 0."""
  from sklearn.exceptions import ConvergenceWarning
  from sklearn.neural_network import MLPClassifier
  from threadpoolctl import threadpool_limits

  outputs = np.concatenate(draws)
  labels = np.repeat([True, False], [len(side) for side in draws])
  center, scale = outputs.mean(axis=0), outputs.std(axis=0)
  scale = np.where(scale > 0, scale, 1.0)
  network = MLPClassifier(
    hidden_layer_sizes=_LAYERS, max_iter=_EPOCHS, learning_rate_init=1e-2, random_state=seed
  )
  with warnings.catch_warnings(), threadpool_limits(1):
    warnings.simplefilter("ignore", ConvergenceWarning)  # Epochs are few, as theirs.
    network.fit((outputs - center) / scale, labels)

  def log_odds(values: np.ndarray) -> np.ndarray:
    chances = np.clip(network.predict_proba((values - center) / scale)[:, 1], 1e-12, 1 - 1e-12)
    return np.log(chances) - np.log1p(-chances)

  return log_odds
