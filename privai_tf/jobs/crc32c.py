"""CRC-32C (Castagnoli, RFC 3720 B.4) of bytes, in NumPy: TFRecord files carry it.

The data is cut into lanes that are gone through side by side, byte by byte, by the usual table. A CRC
of two pieces follows from theirs: that of the first, as if zeros followed, plus that of the second.
"""

import functools

import numpy as np

_POLYNOMIAL = 0x82F63B78  # Reflected.
_LANES = 4096
_MASK = 0xA282EAD8


@functools.cache
def _table() -> np.ndarray:
  """uint32 [256]: the remainder of each byte."""
  values = np.arange(256, dtype=np.uint32)
  for _ in range(8):
    values = np.where(values & 1, (values >> 1) ^ np.uint32(_POLYNOMIAL), values >> 1)
  return values.astype(np.uint32)


def crc32c(data: bytes) -> int:
  """The checksum of some bytes, 0 to 2^32 - 1."""
  table = _table()
  length = len(data) // _LANES
  state = 0xFFFFFFFF
  if length:
    lanes = np.frombuffer(data, np.uint8, _LANES * length).reshape(_LANES, length)
    remainders = np.zeros(_LANES, np.uint32)
    # A remainder is linear in state and bytes: lanes that begin with 0 can be joined after.
    remainders[0] = state
    for column in np.ascontiguousarray(lanes.T):
      remainders = table[(remainders ^ column) & 0xFF] ^ (remainders >> 8)
    state = int(_joined(remainders, length))
  rest = data[_LANES * length :]
  numbers = table.tolist() if rest else ()
  for byte in rest:
    state = numbers[(state ^ byte) & 0xFF] ^ (state >> 8)
  return state ^ 0xFFFFFFFF


def masked(data: bytes) -> int:
  """The checksum as TFRecord files hold it: rotated by 15 bits, plus a constant."""
  value = crc32c(data)
  return ((value >> 15 | value << 17) + _MASK) & 0xFFFFFFFF


def _joined(remainders: np.ndarray, length: int) -> np.uint32:
  """The remainder of lanes of so many bytes, one after the other: neighbours first."""
  zeros = _zeros(length)
  while len(remainders) > 1:
    remainders = _after(zeros, remainders[::2]) ^ remainders[1::2]
    zeros = _after(zeros, zeros)
  return remainders[0]


def _zeros(length: int) -> np.ndarray:
  """uint32 [32]: what each bit of a remainder becomes when so many zero bytes follow."""
  table = _table()
  bits = np.uint32(1) << np.arange(32, dtype=np.uint32)
  one = table[bits & 0xFF] ^ (bits >> 8)
  total = bits
  while length:
    if length & 1:
      total = _after(one, total)
    one, length = _after(one, one), length >> 1
  return total


def _after(step: np.ndarray, values: np.ndarray) -> np.ndarray:
  """Applies a linear map, given by what it makes of each bit, to uint32 [n]."""
  result = np.zeros_like(values)
  for bit in range(32):
    result ^= np.where(values >> np.uint32(bit) & 1, step[bit], np.uint32(0))
  return result
