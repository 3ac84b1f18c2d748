"""Public choices of `subset_selection`: K, and how directions are split; made on generated faces.

The expected cosine of a face and its stand-in, over public samples that are no codewords, decides.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np

from privai_tf.privacy.figures import double_down
from privai_tf.privacy.mechanisms import Mechanism, make_mechanism
from privai_tf.privacy.mechanisms.subset_selection import subset_weights
from privai_tf.privacy.neighbours import Neighbours

SAMPLES = 64
_MOST_GROUPS = 4
# One group with a larger K has codewords enough: a split has less epsilon for each and no gain.
_FEW = 32
_DRAWS = 32
_AT_ONCE = 16
_SEED = 0


class Candidates:
  """A codebook's numbers beside those of public samples; what is computed of them is kept.

  Attributes:
    numbers: float32 or int8 [M, k], of the codewords.
    samples: float64 [s, k], of codes that are none.
    weights: float64 [k].
  """

  def __init__(self, numbers: np.ndarray, samples: np.ndarray, weights: np.ndarray):
    self.numbers, self.samples, self.weights = numbers, samples, weights
    self._neighbours: dict[tuple[int, ...], Neighbours] = {}
    self._profiles: dict[tuple[int, ...], np.ndarray] = {}

  def neighbours(self, group: Sequence[int]) -> Neighbours:
    """The codewords by some of their numbers."""
    key = tuple(group)
    if key not in self._neighbours:
      # A view: groups are runs of neighbouring positions.
      columns = slice(group[0], group[-1] + 1)
      self._neighbours[key] = Neighbours(self.numbers[:, columns], self.weights[columns])
    return self._neighbours[key]

  def best_size(self, group: Sequence[int], epsilon: float) -> tuple[int, float]:
    """K with the largest expected cosine, and that cosine."""
    count = len(self.numbers)
    inside, outside = subset_weights(epsilon)
    sizes = np.arange(1, count)
    sums = self._profile(group)
    nearest, everyone = sums[:-1], sums[-1]
    # In the share of B, so that large weights stay within a float.
    ratio = inside / outside
    expected = (ratio * nearest + (everyone - nearest)) / (ratio * sizes + (count - sizes))
    best = int(expected.argmax())
    return best + 1, float(expected[best])

  def _profile(self, group: Sequence[int]) -> np.ndarray:
    """Sum of the K largest cosines, its mean over the samples: float64 [M], K = 1 ... M."""
    key = tuple(group)
    if key not in self._profiles:
      sums = np.zeros(len(self.numbers))
      for start in range(0, len(self.samples), _AT_ONCE):
        rows = self.samples[start : start + _AT_ONCE, group]
        for cosines in self.neighbours(group).cosines(rows):
          cosines.sort()
          sums += np.cumsum(cosines[::-1], dtype=np.float64)
      self._profiles[key] = sums / len(self.samples)
    return self._profiles[key]


@dataclasses.dataclass(frozen=True, eq=False)
class Choice:
  """A way to choose stand-ins.

  Attributes:
    groups: positions of the numbers that are chosen for together.
    mechanisms: one for each.
    resemblance: expected cosine over public samples.
  """

  groups: tuple[list[int], ...]
  mechanisms: tuple[Mechanism, ...]
  resemblance: float


def best_choice(candidates: Candidates, epsilon: float, subset_size: int | None = None) -> Choice:
  """The way with the largest expected resemblance.

  Args:
    candidates: codewords and samples.
    epsilon: of the whole release.
    subset_size: K, for whole faces; None: the best of all K and splits.
  """
  width = candidates.samples.shape[1]
  whole = list(range(width))
  best, expected = candidates.best_size(whole, epsilon)
  size = best if subset_size is None else subset_size
  choice = Choice((whole,), (_mechanism(candidates, whole, epsilon, size),), expected)
  if subset_size is not None or best > _FEW:
    return choice
  splits = [
    split
    for count in range(2, min(_MOST_GROUPS, width) + 1)
    for split in _splits(candidates, epsilon, count)
  ]
  split = max(splits, key=lambda split: split.resemblance, default=choice)
  if split.resemblance > expected:
    split = dataclasses.replace(split, resemblance=_rehearsed(candidates, split))
  return split if split.resemblance > expected else choice


def _splits(candidates: Candidates, epsilon: float, count: int) -> Iterator[Choice]:
  """So many groups of as many numbers each; their expected cosines averaged by their weights."""
  parts = np.array_split(np.arange(candidates.samples.shape[1]), count)
  groups = tuple([int(i) for i in part] for part in parts)
  weights = np.array([candidates.weights[group].sum() for group in groups])
  if not weights.all():
    return
  for shares in _shares(weights):
    epsilons = [double_down(Fraction(epsilon) * share) for share in shares]
    pairs = list(zip(groups, epsilons, strict=True))
    sizes = [candidates.best_size(*pair) for pair in pairs]
    mechanisms = [
      _mechanism(candidates, *pair, size) for pair, (size, _) in zip(pairs, sizes, strict=True)
    ]
    expected = np.average([cosine for _, cosine in sizes], weights=weights)
    yield Choice(groups, tuple(mechanisms), float(expected))


def _shares(weights: np.ndarray) -> list[list[Fraction]]:
  """Equal shares of epsilon, and shares in proportion to the groups' weights."""
  exact = [Fraction(float(weight)) for weight in weights]
  equal = [Fraction(1, len(exact))] * len(exact)
  weighted = [weight / sum(exact) for weight in exact]
  return [equal] if weighted == equal else [equal, weighted]


def _mechanism(candidates: Candidates, group, epsilon: float, size: int) -> Mechanism:
  return make_mechanism(
    "subset_selection",
    epsilon=epsilon,
    dimensions=len(group),
    neighbours=candidates.neighbours(group),
    subset_size=size,
  )


def _rehearsed(candidates: Candidates, choice: Choice) -> float:
  """Mean cosine over releases of the samples, from a public seed."""
  random = np.random.Generator(np.random.PCG64(_SEED))
  released = np.empty((len(candidates.samples), _DRAWS, candidates.samples.shape[1]))
  for group, mechanism in zip(choice.groups, choice.mechanisms, strict=True):
    for row, sample in enumerate(candidates.samples):
      integers = random.integers(mechanism.total, size=_DRAWS)
      chosen = mechanism.choose(sample[np.newaxis, group], integers)
      released[row][:, group] = candidates.numbers[chosen][:, group]
  weights = candidates.weights
  products = (released * weights * candidates.samples[:, np.newaxis]).sum(axis=-1)
  lengths = np.sqrt((weights * released**2).sum(axis=-1))
  own = np.sqrt((weights * candidates.samples**2).sum(axis=-1))
  return float((products / (lengths * own[:, np.newaxis])).mean())
