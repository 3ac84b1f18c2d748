"""Weights far larger than those of networks of their kind: said, since the pictures alone do not show it.

Finite is not sound: a file of another unit, or one that was tampered with, may make every code the same
clipped one. Whether it may be used is for its owner to say.
"""

import logging
from collections.abc import Mapping

import numpy as np

from privai_tf.runtime.files import shown

MULTIPLE = 1000.0
_log = logging.getLogger(__name__)


def warn_of_scale(
  weights: Mapping[str, np.ndarray], source: str, usual: Mapping[str, float] | None = None
) -> None:
  """Logs a warning for weights whose root mean square is more than `MULTIPLE` times the usual.

  Args:
    weights: by name, finite.
    source: what they come from.
    usual: standard deviation that a new network's have, by name; at least 1, and 1 where it is not said
      (networks with run-time scale keep theirs at 1, or 1 / lrmul).
  """
  for name, values in weights.items():
    scale = max(1.0, (usual or {}).get(name, 1.0))
    # In float64: the squares of what is to be found would overflow.
    found = float(np.sqrt(np.mean(np.square(values, dtype=np.float64)))) if np.size(values) else 0.0
    if found > MULTIPLE * scale:
      _log.warning(
        "%s: %s is %.3g in the mean, more than %g times what such networks have (%g); compare the file "
        "with its source.",
        shown(source),
        name,
        found,
        MULTIPLE,
        scale,
      )
      return
