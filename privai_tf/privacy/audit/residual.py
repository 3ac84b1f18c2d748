"""The fibre test: what the rest of a released code still tells of the coordinate that was hidden.

A guarantee on the coordinate *given the rest* is worth what the rest leaves open. Whoever wants to
know renders faces, inverts them by the same release path, and trains on what a release would publish
of their rest. So does this test, on public codes that the split was not fitted on, and prints the
accuracy beside the base rate.

The verdict looks at the linear and logistic probes: at most two percentage points above the upper
end of the base rate's 99% interval. Of a probe that knows nothing, n codes raise a false alarm with
probability below `Phi(-2.58 - 0.04 sqrt(n))`: 6e-5 for 1,000 codes, 7e-6 for 2,000. What nonlinear
probes read is told, and has no limit.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from privai_tf.errors import InputError
from privai_tf.shapes import Codes

CONFIDENCE = 0.99
MARGIN = 0.02
LINEAR, NONLINEAR = ("linear", "logistic"), ("boosting", "network")
PROBES = (*LINEAR, *NONLINEAR)
_FOLDS = 5
_FEWEST = 20  # codes on the rarer side
# Of the largest: smaller ones are float32 rounding.
_LEAST_VARIANCE = 1e-13
# Codes to a direction: fewer, and a linear probe knows its training codes by heart.
_CODES_A_DIRECTION = 4


@dataclasses.dataclass(frozen=True)
class Share:
  """A share of codes, and its 99% interval (Clopper-Pearson)."""

  value: float
  low: float
  high: float

  def __str__(self) -> str:
    return f"{self.value:.1%} [{100 * self.low:.1f}, {100 * self.high:.1f}]"


@dataclasses.dataclass(frozen=True)
class RestReading:
  """What probes read of one attribute from the rests of public codes.

  Attributes:
    attribute: its name.
    rest: "released", or "orthogonal" for the rest that is published no longer.
    codes: how many.
    directions: numbers in one rest, as far as the probes used them.
    base_rate: share of the commoner side.
    accuracies: of each probe on codes that it was not trained on, pooled over the folds.
  """

  attribute: str
  rest: str
  codes: int
  directions: int
  base_rate: Share
  accuracies: dict[str, Share]

  @property
  def best(self) -> Share:
    """Of the linear and the logistic probe, the one that reads more."""
    shares = [self.accuracies[name] for name in LINEAR if name in self.accuracies]
    return max(shares, key=lambda share: share.value)

  @property
  def limit(self) -> float:
    """What `best` must not exceed."""
    return self.base_rate.high + MARGIN

  @property
  def holds(self) -> bool:
    """Whether the linear and logistic probes stay below the limit."""
    return self.best.value <= self.limit

  @property
  def sentence(self) -> str:
    """For the owner and the statement; names what reads more than lines do, if that was tried."""
    words = (
      f"From the rest alone '{self.attribute}' is guessed right in {self.best} of generated faces by "
      f"linear attackers, base rate {self.base_rate.value:.1%}."
    )
    name, strongest = max(self.accuracies.items(), key=lambda item: item[1].value)
    if strongest.low > self.best.high:
      words += f" The strongest that was tried ({name}) is right in {strongest}."
    return words

  def summary(self) -> dict[str, Any]:
    """The reading as JSON values."""
    verdict = {"limit": self.limit, "holds": self.holds, "sentence": self.sentence}
    return {**dataclasses.asdict(self), **verdict}


def read_rest(
  rests: np.ndarray,
  sides: np.ndarray,
  attribute: str,
  *,
  rest: str = "released",
  probes: Sequence[str] = PROBES,
  seed: int = 0,
  progress: Callable[[int, int], None] | None = None,
) -> RestReading:
  """Trains probes on four fifths of the codes and tests them on the fifth, five times.

  Args:
    rests: float64 [n, p], what a release publishes besides its numbers.
    sides: bool [n], on which side of the boundary the hidden codes lie.
    attribute, rest: for the reading.
    probes: which; see `PROBES`.
    seed: of the folds and of the nonlinear probes.
    progress: called as `progress(done, total)`, in trained probes.

  Raises:
    InputError: if one side has fewer than 20 codes.
  """
  sides = np.asarray(sides, bool)
  rarer = int(min(sides.sum(), (~sides).sum()))
  if rarer < _FEWEST:
    raise InputError(
      f"{rarer} of {len(sides)} public codes lie on one side of '{attribute}', too few to learn from: "
      f"make more (at least {_FEWEST} are needed there)."
    )
  whitened = _whitened(np.asarray(rests, np.float64))
  folds = np.array_split(np.random.default_rng(seed).permutation(len(sides)), _FOLDS)
  right = dict.fromkeys(probes, 0)
  for number, tested in enumerate(folds):
    trained = np.setdiff1d(np.arange(len(sides)), tested)
    for index, name in enumerate(probes):
      guesses = _guesses(name, whitened[trained], sides[trained], whitened[tested], seed)
      right[name] += int((guesses == sides[tested]).sum())
      if progress:
        progress(number * len(probes) + index + 1, _FOLDS * len(probes))
  count = len(sides)
  return RestReading(
    attribute=attribute,
    rest=rest,
    codes=count,
    directions=whitened.shape[1],
    base_rate=share(count - rarer, count),
    accuracies={name: share(hits, count) for name, hits in right.items()},
  )


def share(hits: float, count: int, confidence: float = CONFIDENCE) -> Share:
  """`hits` of `count` with its Clopper-Pearson interval.

  Args:
    hits: in [0, count]; hits that are shared out may be broken.
    count: >= 1, independent trials.
    confidence: of the two-sided interval, in (0, 1).
  """
  from scipy import special

  error = (1 - confidence) / 2
  # The ends are quantiles of beta distributions (Clopper and Pearson 1934).
  low = float(special.betaincinv(hits, count - hits + 1, error)) if hits else 0.0
  high = float(special.betaincinv(hits + 1, count - hits, 1 - error)) if hits < count else 1.0
  return Share(hits / count, low, high)


def released_rests(prepared: Any, codes: Codes) -> np.ndarray:
  """Rests as an attacker has them: of the codes that are published, float64 [n, p].

  Args:
    prepared: a `PreparedRelease` of scope "attribute".
    codes: [n, ...], public, other than those that the split was fitted on.
  """
  released = prepared.release(prepared.encode(codes))
  _, rests = prepared.layout.parts(released.astype(np.float64))
  return rests


def orthogonal_rests(prepared: Any, codes: Codes) -> np.ndarray:
  """`(I - Q Q^T) w` of each layer: what must not be published, for comparison.

  Args:
    prepared: a `PreparedRelease` of scope "attribute".
    codes: [n, d] or [n, L, d], public; their own mean is taken off.

  Returns:
    float64 [n, d] or [n, L d].
  """
  basis = prepared.layout.basis
  centred = codes.astype(np.float64) - codes.mean(axis=0, dtype=np.float64)
  return (centred - centred @ basis @ basis.T).reshape(len(codes), -1)


def sides_of(boundary: Any, codes: Codes) -> np.ndarray:
  """On which side of a boundary codes lie.

  Args:
    boundary: a `Boundary` of the codes' space.
    codes: [n, d], or [n, L, d], of which the layers' mean counts.

  Returns:
    bool [n], True where the attribute is present.
  """
  coordinates = boundary.coordinate(codes)
  return coordinates.reshape(len(codes), -1).mean(axis=1) > 0


def _whitened(rests: np.ndarray) -> np.ndarray:
  """Uncorrelated numbers of unit variance, float64 [n, q]; knows no sides, so all codes may enter."""
  rests = rests - rests.mean(axis=0)
  few = len(rests) < rests.shape[1]
  variances, vectors = np.linalg.eigh((rests @ rests.T if few else rests.T @ rests) / len(rests))
  order = np.argsort(variances)[::-1][: max(1, len(rests) // _CODES_A_DIRECTION)]
  order = order[variances[order] > _LEAST_VARIANCE * variances.max()]
  if few:  # With X = U S V^T, the whitened rows X V S^-1 are U, up to sqrt(n).
    return vectors[:, order] * len(rests) ** 0.5
  return rests @ vectors[:, order] / np.sqrt(variances[order])


def _guesses(
  name: str, trained: np.ndarray, sides: np.ndarray, tested: np.ndarray, seed: int
) -> np.ndarray:
  """The sides that a probe guesses, bool [n]."""
  if name == "linear":
    ones = np.ones((len(trained), 1))
    weights, *_ = np.linalg.lstsq(np.hstack([trained, ones]), 2.0 * sides - 1, rcond=None)
    return tested @ weights[:-1] + weights[-1] > 0
  return fit_classifier(name, trained, sides, seed)(tested)


def fit_classifier(
  name: str, trained: np.ndarray, sides: np.ndarray, seed: int = 0
) -> Callable[[np.ndarray], np.ndarray]:
  """A trained probe.

  Args:
    name: "logistic", "boosting" or "network".
    trained: float64 [n, q], of about unit variance.
    sides: bool [n].
    seed: of the nonlinear ones.

  Returns:
    float64 [m, q] -> guessed sides, bool [m].
  """
  from threadpoolctl import threadpool_limits

  def alone(step: Callable, *arguments: np.ndarray) -> Any:
    with threadpool_limits(1):  # So little work that threads would mostly wait for one another.
      return step(*arguments)

  probe = alone(_classifier(name, seed).fit, trained, sides)
  return lambda tested: alone(probe.predict, tested)


def _classifier(name: str, seed: int) -> Any:
  if name == "logistic":
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=1000)
  if name == "boosting":
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
      max_iter=60, max_leaf_nodes=8, learning_rate=0.2, random_state=seed
    )
  if name == "network":
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier((64,), early_stopping=True, max_iter=200, random_state=seed)
  raise ValueError(f"unknown probe {name!r}")
