"""What tells the weights of one network from those of another. Imports nothing heavy."""

import hashlib
from collections.abc import Mapping

import numpy as np


def fingerprint(weights: Mapping[str, np.ndarray]) -> str:
  """SHA-256 (hex) over names, shapes and values; it does not depend on the file's layout.

  Args:
    weights: arrays of any shape by name; values count as float32, the order of names does not.

  Returns:
    64 hexadecimal digits.
  """
  digest = hashlib.sha256()
  for name in sorted(weights):
    value = np.ascontiguousarray(weights[name], "<f4")
    digest.update(f"{name} {value.shape}\n".encode())
    digest.update(value)
  return digest.hexdigest()
