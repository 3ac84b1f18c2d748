"""Uniform integers, exact by rejection."""

import numpy as np

from privai_tf.privacy.sampling.source import SystemSource

_WORD = 1 << 64
# Up to here values and their comparisons fit int64; beyond, arrays hold Python integers.
LARGEST_FAST = 1 << 62


def uniform_below(bound: int, count: int, source: SystemSource) -> np.ndarray:
  """Independent uniform integers in {0, ..., bound - 1}.

  Args:
    bound: >= 1, of any size.
    count: how many.
    source: the random words.

  Returns:
    int64 [count]; for bounds above 2^62 an object array of Python integers.
  """
  if bound == 1:
    return np.zeros(count, np.int64)
  if bound > LARGEST_FAST:
    values = [_uniform_big(bound, source) for _ in range(count)]
    return np.fromiter(values, object, count)
  if bound & (bound - 1) == 0:
    # A power of two: the first bits of a word, none of which is rejected.
    shift = np.uint64(64 - (bound.bit_length() - 1))
    return (source.words(count) >> shift).astype(np.int64)
  # Words at or above the largest multiple of the bound would favour small remainders.
  limit = np.uint64(_WORD - _WORD % bound - 1)
  words = source.words(count)
  rejected = np.flatnonzero(words > limit)
  if rejected.size:
    words = words.copy()
    while rejected.size:
      words[rejected] = source.words(rejected.size)
      rejected = rejected[words[rejected] > limit]
  return (words % np.uint64(bound)).astype(np.int64)


def fair_bits(count: int, source: SystemSource) -> np.ndarray:
  """Independent fair coins.

  Args:
    count: how many, >= 0.
    source: the random words.

  Returns:
    bool [count].
  """
  packed = source.words(-(-count // 64))
  return np.unpackbits(packed.view(np.uint8))[:count].astype(bool)


def _uniform_big(bound: int, source: SystemSource) -> int:
  bits = (bound - 1).bit_length()
  words = -(-bits // 64)
  while True:
    value = 0
    for word in source.words(words):
      value = (value << 64) | int(word)
    value >>= 64 * words - bits
    if value < bound:
      return value
