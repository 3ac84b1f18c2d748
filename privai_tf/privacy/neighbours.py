"""Which codewords resemble a code most, in work that is the same for every code."""

import numpy as np

# Cosines in steps of 2^-13: codewords closer than that are ties, and go by index.
_LEVELS = 1 << 14
_PART = 1 << 14


class Neighbours:
  """Codewords by their numbers; resemblance is the weighted cosine.

  Any public rule would do: a release is private whatever the resemblance is.
  """

  def __init__(self, numbers: np.ndarray, weights: np.ndarray):
    """Keeps the table, no copy.

    Args:
      numbers: float32 or int8 [M, k], where the codewords lie, in any unit.
      weights: float64 [k], how much each number counts, at least 0, one above.
    """
    self._numbers = numbers
    self._weights = weights.astype(np.float32)
    self._inverse = np.empty(len(numbers), np.float32)
    for part in self._parts():
      squares = (numbers[part].astype(np.float32) ** 2) @ self._weights
      self._inverse[part] = 1 / np.sqrt(np.where(squares > 0, squares, 1))

  def __len__(self) -> int:
    return len(self._numbers)

  def _parts(self) -> list[slice]:
    return [slice(start, start + _PART) for start in range(0, len(self._numbers), _PART)]

  @property
  def weights(self) -> np.ndarray:
    """float32 [k]."""
    return self._weights

  def units(self) -> np.ndarray:
    """Codewords of length 1 in the weighted norm, float32 [M, k]."""
    return self._numbers.astype(np.float32) * self._inverse[:, np.newaxis]

  def cosines(self, numbers: np.ndarray) -> np.ndarray:
    """Resemblance of codes to all codewords.

    Args:
      numbers: float64 [n, k], of codes.

    Returns:
      float32 [n, M].
    """
    weighted = np.asarray(numbers, np.float64) * np.sqrt(self._weights)
    lengths = np.linalg.norm(weighted, axis=1, keepdims=True)
    units = weighted / np.where(lengths > 0, lengths, 1) * np.sqrt(self._weights)
    units = units.astype(np.float32)
    if self._numbers.dtype == np.float32:
      cosines = units @ self._numbers.T
    else:
      cosines = np.concatenate(
        [units @ self._numbers[part].astype(np.float32).T for part in self._parts()], axis=1
      )
    cosines *= self._inverse
    return cosines

  def order(self, cosines: np.ndarray, count: int) -> np.ndarray:
    """All codewords, those that resemble one code most first.

    Args:
      cosines: float32 [M], one row of `cosines`.
      count: K, how many come first.

    Returns:
      int64 [M], a permutation: its first K are the K with the largest cosines (in steps of 2^-13,
      ties by index), in the order of their indices; then the others.
    """
    # Counting, not sorting: a sort takes as long as its input is untidy.
    levels = ((np.clip(cosines, -1, 1) + 1) * ((_LEVELS - 1) / 2)).astype(np.int16)
    no_lower = np.cumsum(np.bincount(levels, minlength=_LEVELS)[::-1])[::-1]
    last = np.count_nonzero(no_lower >= count) - 1
    better, tied = levels > last, levels == last
    spare = count - np.count_nonzero(better)
    chosen = better | (tied & (np.cumsum(tied, dtype=np.int32) <= spare))
    return np.concatenate([np.flatnonzero(chosen), np.flatnonzero(~chosen)])
