"""Batches of one fixed shape: the last one is padded and masked.

A compiled function is traced once for every shape it sees; a shorter last batch would trace (and
with XLA compile) everything again.
"""

import dataclasses
from collections.abc import Callable, Iterator

import numpy as np

from privai_tf.errors import ConfigurationError


@dataclasses.dataclass(frozen=True)
class Batch:
  """One batch of fixed size.

  Attributes:
    values: [B, ...], rows past `count` repeat the last true row (so that they are valid inputs).
    mask: float32 [B], 1 for true rows, 0 for padding.
    start: index of the first row in the whole.
    count: number of true rows, 1 to B.
  """

  values: np.ndarray
  mask: np.ndarray
  start: int
  count: int


def bucket_size(count: int, batch_size: int) -> int:
  """The batch size to use for `count` rows: `batch_size`, or the next power of two if that is less.

  One row in a batch of eight would waste seven eighths of the work; powers of two bound both that
  waste (to less than half) and the number of shapes ever traced.

  Args:
    count: number of rows in all, at least 1.
    batch_size: the largest batch allowed, at least 1.

  Raises:
    ConfigurationError: `batch_size` is below 1.
  """
  if batch_size < 1:
    raise ConfigurationError(f"batch_size is {batch_size}; it must be at least 1.")
  # The least power of two that `count` rows fit into.
  return min(batch_size, 1 << max(count - 1, 0).bit_length())


def filled(values: np.ndarray, size: int) -> np.ndarray:
  """Repeats the last row of `values` [n, ...] until there are `size` rows; n from 1 to `size`.

  Args:
    values: of any type.
    size: rows wanted.

  Returns:
    [size, ...]; `values` itself where nothing is missing.
  """
  missing = size - len(values)
  return np.concatenate([values, np.repeat(values[-1:], missing, axis=0)]) if missing else values


def fixed_batches(values: np.ndarray, batch_size: int) -> Iterator[Batch]:
  """Cuts `values` along the first axis into batches of exactly `batch_size` rows.

  Args:
    values: [N, ...]; N may be 0, which gives no batch.
    batch_size: rows in every batch, at least 1.

  Yields:
    The batches in order.

  Raises:
    ConfigurationError: `batch_size` is below 1.
  """
  if batch_size < 1:
    raise ConfigurationError(f"batch_size is {batch_size}; it must be at least 1.")
  for start in range(0, len(values), batch_size):
    rows = values[start : start + batch_size]
    mask = (np.arange(batch_size) < len(rows)).astype(np.float32)
    yield Batch(filled(rows, batch_size), mask, start, len(rows))


def map_batches(
  function: Callable[[np.ndarray], np.ndarray], values: np.ndarray, batch_size: int
) -> np.ndarray:
  """Applies a function of fixed batch size to any number of rows and drops the padding's results.

  Args:
    function: maps [B, ...] to [B, ...] row by row.
    values: [N, ...], N at least 1.
    batch_size: B.

  Returns:
    [N, ...], the results of the N true rows.
  """
  results = [
    np.asarray(function(batch.values))[: batch.count] for batch in fixed_batches(values, batch_size)
  ]
  return np.concatenate(results)
