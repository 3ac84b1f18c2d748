"""The best guess from the mechanisms' own outputs: posterior odds by summation over public faces.

It is given the noisy numbers before they are decoded, which are never published, so nobody who has
no more than the released coordinate (or, in scope "image", the release) does better, up to how well
some thousand public faces stand for all.
"""

import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from privai_tf.evaluation.attackers.base import Attacker, Known, Observed
from privai_tf.privacy.grid import from_grid
from privai_tf.privacy.neighbours import Neighbours

_MOST_FACES = 1024  # Each is compared with all releases, or with all codewords.
_AT_ONCE = 1 << 22
_ROWS = 64
_GRID, _GRID_FACES = 4001, 1024
# Of a noise scale: beyond it less than 1e-13 of Laplace noise is left out.
_REACH = 30.0

Likelihood = Callable[[np.ndarray], np.ndarray]
# Of a release: the same for every attribute and fold.
_KEPT: "weakref.WeakKeyDictionary[Any, tuple]" = weakref.WeakKeyDictionary()


class Bayes(Attacker):
  """The ceiling of what the coordinate tells."""

  name = "bayes"
  sees = "noise"
  summary = "best possible from the released coordinate"

  def __init__(self, known: Known, seed: int = 0):
    super().__init__(known, seed)
    self._sides = known.sides[:_MOST_FACES]
    self._likelihoods = _likelihoods(known.prepared, known.numbers[:_MOST_FACES])

  def fit(self, originals: Observed, releases: Observed, labels: np.ndarray) -> None:
    """Has nothing to learn: it knows the mechanism."""

  def guess(self, releases: Observed) -> np.ndarray:
    count = releases.noisy.shape[1]
    # A likelihood may hold every number of every pair of release and public face.
    step = max(1, _AT_ONCE // (len(self._sides) * releases.noisy.shape[2]))
    parts = [
      self._odds(releases.noisy[:, start : start + step]) > 0 for start in range(0, count, step)
    ]
    return np.concatenate(parts)

  def _odds(self, noisy: np.ndarray) -> np.ndarray:
    """Log odds of True, both labels equally likely before; float64 [n]."""
    logs = sum(
      likelihood(one[:, positions]) for one in noisy for positions, likelihood in self._likelihoods
    )
    weights = np.exp(logs - logs.max(axis=1, keepdims=True))
    with np.errstate(divide="ignore"):
      return np.log(weights[:, self._sides].mean(axis=1)) - np.log(
        weights[:, ~self._sides].mean(axis=1)
      )


def _likelihoods(prepared: Any, numbers: np.ndarray) -> Sequence[tuple[list[int], Likelihood]]:
  """Of each block: its positions, and how likely its outputs are."""
  public, kept = _KEPT.get(prepared, (None, ()))
  if public is None or not np.array_equal(public, numbers):
    kept = tuple(
      (block.positions, _likelihood(block.mechanism, numbers[:, block.positions]))
      for block in prepared.blocks
    )
    _KEPT[prepared] = numbers, kept
  return kept


def _likelihood(mechanism, numbers: np.ndarray) -> Likelihood:
  """Outputs float64 [m, k] -> log probabilities for each public face, [m, n]."""
  if mechanism.has_codebook:
    return _codebook_likelihood(mechanism, numbers)
  if mechanism.outputs(mechanism.encode(numbers[:1])) is None:
    return mechanism.likelihood(numbers)
  values, _ = mechanism.outputs(mechanism.encode(numbers[:1]))
  encoded = mechanism.encode(numbers)
  shares = np.stack([mechanism.outputs(one[np.newaxis])[1] for one in encoded])
  with np.errstate(divide="ignore"):
    logs = np.log(shares.T)  # [outputs, n]
  middles = (from_grid(values)[1:] + from_grid(values)[:-1]) / 2
  return lambda noisy: logs[np.searchsorted(middles, noisy[:, 0])]


def _codebook_likelihood(mechanism, numbers: np.ndarray) -> Likelihood:
  """Of a codeword's index: e^epsilon times likelier for the faces that it resembles."""
  neighbours, size = mechanism.neighbours, mechanism.subset_size
  place = len(neighbours) - size
  least = np.concatenate(
    [
      np.partition(neighbours.cosines(numbers[start : start + _ROWS]), place, axis=1)[:, place]
      for start in range(0, len(numbers), _ROWS)
    ]
  )
  words = neighbours.units()

  def logs(noisy: np.ndarray) -> np.ndarray:
    chosen = Neighbours(words[np.rint(noisy[:, 0]).astype(np.int64)], neighbours.weights)
    return np.where(chosen.cosines(numbers) >= least[:, np.newaxis], mechanism.epsilon, 0.0).T

  return logs


def ceiling(mechanism, numbers: np.ndarray, sides: np.ndarray) -> float:
  """Exact accuracy of the best attacker who sees one noisy number of a balanced face.

  `(1 + TV) / 2` of the outputs' two mixtures, over the public faces of each side: by summation where
  the outputs are few, else by the trapezoid rule.

  Args:
    mechanism: of one number, k = 1.
    numbers: float64 [n, 1], public.
    sides: bool [n].
  """
  numbers = numbers[:_GRID_FACES]
  sides = sides[: len(numbers)]
  encoded = mechanism.encode(numbers)
  if mechanism.outputs(encoded[:1]) is not None:
    shares = np.stack([mechanism.outputs(one[np.newaxis])[1] for one in encoded])
    # TV is half the sum of the differences, so (1 + TV) / 2 has a quarter of it.
    apart = np.abs(shares[sides].mean(axis=0) - shares[~sides].mean(axis=0)).sum()
    return float(0.5 + apart / 4)
  ends = from_grid(encoded)
  reach = _REACH * mechanism.noise_scale
  places = np.linspace(ends.min() - reach, ends.max() + reach, _GRID)
  likelihood = mechanism.likelihood(numbers)
  mixtures = np.zeros((2, _GRID))
  step = max(1, _AT_ONCE // len(numbers))
  for start in range(0, _GRID, step):
    densities = np.exp(likelihood(places[start : start + step, np.newaxis]))
    for row, side in zip(mixtures, (sides, ~sides), strict=True):
      row[start : start + step] = densities[:, side].mean(axis=1)
  mixtures /= np.trapezoid(mixtures, places)[:, np.newaxis]
  return float(0.5 + np.trapezoid(np.abs(mixtures[0] - mixtures[1]), places) / 4)
